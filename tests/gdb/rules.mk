# SPDX-License-Identifier: MIT
#
# rules.mk: the kernel under a debugger: run control by the command, and real gdb through `kdio gdbserver`.
#
# check-gdb-unit  gdb's packets and their server, on a target that is none, under ASan and UBSan (a second)
# check-gdb       everything, in two lanes. A part: tests/gdb/run WORD...

GDB_TEST_BUILD := $(BUILD)/tests/gdb
GDB_TEST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
GDB_TEST_OBJECTS := $(patsubst %.c,$(GDB_TEST_BUILD)/%.o,$(wildcard host/gdb/*.c) tests/gdb/fake_stop.c proto/words.c)
GDB_UNIT_TESTS := $(addprefix $(GDB_TEST_BUILD)/,test_packet test_server)

.PHONY: check-gdb check-gdb-unit

$(GDB_TEST_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) $(GDB_TEST_SANITIZE) -c -o $@ $<

$(GDB_UNIT_TESTS): $(GDB_TEST_BUILD)/test_%: $(GDB_TEST_BUILD)/tests/gdb/test_%.o $(GDB_TEST_OBJECTS)
	$(Q)$(CC) $(GDB_TEST_SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka

check-gdb-unit: $(GDB_UNIT_TESTS)
	$(Q)for test in $^; do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; tail -n 1 $$test.log; done

check-gdb: all $(BUILD)/tests/system/poke check-gdb-unit
	$(Q)BUILD=$(BUILD) tests/gdb/run
