# SPDX-License-Identifier: MIT
# The boot target: one set of position-independent objects, linked twice, with the EFI and with the PVH entry.

BOOT_DIR     := stub/boot
BOOT_BUILD   := $(BUILD)/stub-boot
BOOT_SOURCES := $(filter-out $(BOOT_DIR)/efi.c $(BOOT_DIR)/pvh.c,$(wildcard $(BOOT_DIR)/*.c))
BOOT_OBJECTS := $(BOOT_SOURCES:$(BOOT_DIR)/%.c=$(BOOT_BUILD)/%.o) $(BOOT_BUILD)/vectors.o $(BOOT_BUILD)/trials.o
BOOT_EFI     := $(BOOT_BUILD)/efi.o
BOOT_PVH     := $(BOOT_BUILD)/pvh-entry.o $(BOOT_BUILD)/pvh.o

# Interrupts save no SSE state, and use the stack below the pointer. Symbols are hidden, so that no access goes
# through a GOT.
BOOT_FLAGS := -O2 -g -ffreestanding -fpie -fvisibility=hidden -mgeneral-regs-only -mno-red-zone \
    -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables
BOOT_CFLAGS := -std=gnu11 $(BOOT_FLAGS) -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wvla -I. -Istub/include -DKDIO_VERSION='"$(VERSION)"'

# The firmware's calls are Microsoft's; its strings have 16-bit characters. The headers are GNU-EFI's and not held to
# our warnings.
GNU_EFI_INCLUDE ?= /usr/include/efi
GNU_EFI_LIB     ?= /usr/lib
BOOT_EFI_CFLAGS := -isystem $(GNU_EFI_INCLUDE) -isystem $(GNU_EFI_INCLUDE)/x86_64 -fshort-wchar -DGNU_EFI_USE_MS_ABI

# The kernel's own marks bound what is executable; the linker's view of it does not matter.
BOOT_LDFLAGS := -nostdlib -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --gc-sections

.PHONY: boot
boot: $(BUILD)/BOOTX64.EFI $(BUILD)/kdio-kernel.elf $(BUILD)/kdio.img

$(BOOT_BUILD)/%.o: $(BOOT_DIR)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_CFLAGS) -MMD -MP -c -o $@ $<

$(BOOT_EFI): $(BOOT_DIR)/efi.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_CFLAGS) $(BOOT_EFI_CFLAGS) -MMD -MP -c -o $@ $<

$(BOOT_BUILD)/vectors.o $(BOOT_BUILD)/trials.o: $(BOOT_BUILD)/%.o: $(BOOT_DIR)/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_FLAGS) -I. -MMD -MP -c -o $@ $<

$(BOOT_BUILD)/pvh-entry.o: $(BOOT_DIR)/pvh.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_FLAGS) -I. -MMD -MP -c -o $@ $<

# An EFI application relocates itself: linked as position-independent executable, then turned into a PE image.
$(BUILD)/BOOTX64.debug: $(BOOT_EFI) $(BOOT_OBJECTS) $(BUILD)/libkdiostub.a $(BOOT_DIR)/efi.lds
	@echo "  LD      $@"
	$(Q)ld $(BOOT_LDFLAGS) -pie --no-dynamic-linker -Bsymbolic -z text -T $(BOOT_DIR)/efi.lds -o $@ \
	    $(GNU_EFI_LIB)/crt0-efi-x86_64.o $(BOOT_EFI) $(BOOT_OBJECTS) $(BUILD)/libkdiostub.a $(GNU_EFI_LIB)/libgnuefi.a

$(BUILD)/BOOTX64.EFI: $(BUILD)/BOOTX64.debug
	$(Q)objcopy -j .text -j .reloc -j .dynamic -j .rela -j .rodata -j .data --target efi-app-x86_64 --subsystem=10 $< $@

$(BUILD)/kdio-kernel.debug: $(BOOT_PVH) $(BOOT_OBJECTS) $(BUILD)/libkdiostub.a $(BOOT_DIR)/pvh.lds
	@echo "  LD      $@"
	$(Q)ld $(BOOT_LDFLAGS) -static -T $(BOOT_DIR)/pvh.lds -o $@ $(BOOT_PVH) $(BOOT_OBJECTS) $(BUILD)/libkdiostub.a

$(BUILD)/kdio-kernel.elf: $(BUILD)/kdio-kernel.debug
	$(Q)objcopy --strip-all $< $@

$(BUILD)/kdio.img: $(BUILD)/BOOTX64.EFI $(BOOT_DIR)/kdio.cfg qemu/mkimg
	@echo "  IMG     $@"
	$(Q)qemu/mkimg --cfg-file $(BOOT_DIR)/kdio.cfg $@ $<
