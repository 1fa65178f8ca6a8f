# SPDX-License-Identifier: MIT
#
# rules.mk: builds the second embedding of the stub, and checks the stub's library as a kernel's linker sees it.
#
# The flags are the kernel's own and complete: it is built as its author would build it, with nothing from the outside
# but the compiler and the stub's public header.

EMBED_SOURCES := clock.c debugger.c entry.S interrupts.c line.c main.c memory.c paging.c serial.c vectors.S
EMBED_BUILD = $(BUILD)/tests/embed
EMBED_OBJECTS = $(addprefix $(EMBED_BUILD)/,$(addsuffix .o,$(basename $(EMBED_SOURCES))))

EMBED_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# -mno-red-zone: interrupt handlers run on the stack that they interrupt.
EMBED_CFLAGS := -std=c11 -O2 -g $(EMBED_WARNINGS) -ffreestanding -fno-builtin -fno-pic -mcmodel=kernel -mno-red-zone \
    -mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
    -I. -Istub/include -MMD -MP
# The page size keeps the file small: the linker's default aligns segments to 2 MiB on some systems.
EMBED_LDFLAGS := -nostdlib -static -Wl,-T,tests/embed/kernel.ld -Wl,-z,max-page-size=0x1000 \
    -Wl,--build-id=none -Wl,--fatal-warnings

.PHONY: check-stub-lib check-stub-stack

$(EMBED_BUILD)/kernel.elf: $(EMBED_OBJECTS) $(BUILD)/libkdiostub.a tests/embed/kernel.ld
	$(Q)$(CC) $(EMBED_LDFLAGS) -o $@ $(EMBED_OBJECTS) $(BUILD)/libkdiostub.a

$(EMBED_BUILD)/%.o: tests/embed/%.c tests/embed/rules.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(EMBED_CFLAGS) -c -o $@ $<

$(EMBED_BUILD)/%.o: tests/embed/%.S tests/embed/rules.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(EMBED_CFLAGS) -c -o $@ $<

# Each check is shown to fail first, on libraries that break its rules.
check-stub-lib: $(STUB_LIBRARIES) check-stub-stack
	$(Q)tests/embed/test_link_checks
	$(Q)tests/embed/link_checks $(BUILD)/libkdiostub.a
	$(Q)tests/embed/link_checks $(BUILD)/libkdiostub-access.a
	$(Q)tests/embed/link_checks $(BUILD)/libkdiostub-ports.a

# The stack of each public entry, from objects compiled with the library's own flags. gcc whatever $(CC) is: no other
# compiler writes call graphs.
EMBED_STACK_CI = $(STUB_SOURCES:%.c=$(EMBED_BUILD)/stack/%.ci)

check-stub-stack: $(EMBED_STACK_CI)
	$(Q)tests/embed/test_stack_usage
	$(Q)tests/embed/stack_usage $(EMBED_BUILD)/stack

$(EMBED_BUILD)/stack/%.ci: %.c
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(STUB_CFLAGS) -fcallgraph-info=su -MT $@ -c -o $(@:.ci=.o) $<
