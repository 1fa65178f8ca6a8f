# SPDX-License-Identifier: MIT
#
# rules.mk: unit tests of the stub's runner and operations, on a machine in memory with a clock of its own, under ASan
# and UBSan (which bring the memory functions).

.PHONY: check-stub

STUB_TEST_BUILD = $(BUILD)/tests/stub
STUB_TESTS := operations runner
STUB_TEST_SHARED := $(wildcard proto/*.c) $(filter-out stub/memory.c,$(wildcard stub/*.c)) tests/stub/target.c
STUB_TEST_OBJECTS = $(STUB_TEST_SHARED:%.c=$(STUB_TEST_BUILD)/%.o)
STUB_TEST_PROGRAMS = $(STUB_TESTS:%=$(STUB_TEST_BUILD)/test_%)

$(STUB_TEST_BUILD)/%.o: %.c tests/rules.mk tests/stub/rules.mk
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_CFLAGS) -c -o $@ $<

$(STUB_TEST_PROGRAMS): $(STUB_TEST_BUILD)/%: $(STUB_TEST_BUILD)/tests/stub/%.o $(STUB_TEST_OBJECTS)
	$(Q)gcc $(UNIT_CFLAGS) -o $@ $^ -lcmocka

check-stub: $(STUB_TEST_PROGRAMS)
	$(Q)for test in $(STUB_TEST_PROGRAMS); do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; \
	    tail -n 1 $$test.log; done
