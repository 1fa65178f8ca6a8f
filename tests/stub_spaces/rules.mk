# SPDX-License-Identifier: MIT
#
# rules.mk: unit tests of the stub's operations on processor, memory, translation and PCI, and of run control, on a
# machine in memory; and of the accesses that may fault, on the processor that runs the tests.

.PHONY: check-stub-spaces

SPACES_BUILD = $(BUILD)/tests/stub_spaces
SPACES_TESTS := memory search processor translate pci stop
SPACES_SHARED_OBJECTS = $(STUB_TEST_OBJECTS) $(SPACES_BUILD)/tests/stub_spaces/world.o \
    $(SPACES_BUILD)/tests/stub_spaces/kernel.o
SPACES_PROGRAMS = $(SPACES_TESTS:%=$(SPACES_BUILD)/test_%) $(SPACES_BUILD)/test_access

$(SPACES_BUILD)/%.o: %.c tests/rules.mk tests/stub_spaces/rules.mk
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_CFLAGS) -c -o $@ $<

$(SPACES_TESTS:%=$(SPACES_BUILD)/test_%): $(SPACES_BUILD)/%: $(SPACES_BUILD)/tests/stub_spaces/%.o \
    $(SPACES_SHARED_OBJECTS)
	$(Q)gcc $(UNIT_CFLAGS) -o $@ $^ -lcmocka

# With the assembly, and joined as the library is, so that the stub knows its own code. No sanitizers: what faults here
# is to be the access itself.
SPACES_ACCESS_CFLAGS = $(filter-out -fsanitize% -fno-sanitize%,$(UNIT_CFLAGS)) -DKDIO_STUB_ASSEMBLY=1
SPACES_ACCESS_SOURCES := $(wildcard proto/*.c) $(filter-out stub/memory.c,$(wildcard stub/*.c))
SPACES_ACCESS_OBJECTS = $(SPACES_ACCESS_SOURCES:%.c=$(SPACES_BUILD)/access/%.o) $(SPACES_BUILD)/access/stub/access.o

$(SPACES_BUILD)/access/%.o: %.c tests/rules.mk tests/stub_spaces/rules.mk
	@mkdir -p $(@D)
	$(Q)gcc $(SPACES_ACCESS_CFLAGS) -c -o $@ $<

$(SPACES_BUILD)/access/%.o: %.S
	@mkdir -p $(@D)
	$(Q)gcc -I. -c -o $@ $<

$(SPACES_BUILD)/access/joined.o: $(SPACES_ACCESS_OBJECTS) stub/library.lds
	$(Q)ld -r -T stub/library.lds -o $@ $(SPACES_ACCESS_OBJECTS)

$(SPACES_BUILD)/test_access: $(SPACES_BUILD)/access/tests/stub_spaces/test_access.o \
    $(SPACES_BUILD)/access/tests/stub/target.o $(SPACES_BUILD)/access/joined.o
	$(Q)gcc -o $@ $^ -lcmocka

check-stub-spaces: $(SPACES_PROGRAMS)
	$(Q)for test in $(SPACES_PROGRAMS); do $$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; \
	    tail -n 1 $$test.log; done
