# SPDX-License-Identifier: MIT
#
# rules.mk: tests of the kdio command.
#
# check-cmd-unit  what reads numbers, scripts and deny lists, and writes text, under ASan and UBSan (a second)
# check-cmd       the command as a process: against a fake library, against lines where no stub answers, and against the
#                 boot target in QEMU (a minute; one OVMF boot)

CMD_TEST_BUILD := $(BUILD)/tests/cmd
CMD_TEST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CMD_TEST_OBJECTS := $(patsubst %.c,$(CMD_TEST_BUILD)/%.o,\
    $(filter-out $(addprefix host/cmd/,main.c ext.c gdbserver.c),$(wildcard host/cmd/*.c)) \
    proto/cursor.c proto/policy.c proto/program.c host/lib/capture.c host/lib/finding.c tests/cmd/fake_target.c \
    tests/cmd/fake_own.c)
CMD_UNIT_TESTS := $(addprefix $(CMD_TEST_BUILD)/,test_number test_script test_policy test_terminal test_interpret)

.PHONY: check-cmd-unit check-cmd

$(CMD_TEST_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) $(CMD_TEST_SANITIZE) -c -o $@ $<

$(CMD_UNIT_TESTS): $(CMD_TEST_BUILD)/test_%: $(CMD_TEST_BUILD)/tests/cmd/test_%.o $(CMD_TEST_OBJECTS)
	$(Q)$(CC) $(CMD_TEST_SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka -lcjson

# The command itself, with no line behind it.
$(CMD_TEST_BUILD)/kdio-fake: $(CMD_TEST_BUILD)/host/cmd/main.o $(CMD_TEST_OBJECTS)
	$(Q)$(CC) $(CMD_TEST_SANITIZE) -o $@ $^ $(LDFLAGS) -lcjson

check-cmd-unit: $(CMD_UNIT_TESTS)
	$(Q)for test in $^; do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; tail -n 1 $$test.log; done

check-cmd: $(CMD_TEST_BUILD)/kdio-fake $(BUILD)/kdio boot
	$(Q)KDIO=$(BUILD)/kdio KDIO_FAKE=$< KDIO_IMAGE_DIR=$(abspath $(BUILD)) python3 tests/cmd/test_cmd.py
	$(Q)KDIO=$(BUILD)/kdio KDIO_FAKE=$< KDIO_IMAGE_DIR=$(abspath $(BUILD)) python3 tests/cmd/test_spaces.py
