# SPDX-License-Identifier: MIT
#
# rules.mk: the system tests: the real images in QEMU, with QEMU's trace and monitor as witnesses.
#
# check-system  everything, in two lanes (a minute and a half; five boots by OVMF). A part: tests/system/run WORD...

SYSTEM_BUILD := $(BUILD)/tests/system

.PHONY: check-system

# A client of the library that also looks behind its header, to ask what the library would refuse.
$(SYSTEM_BUILD)/poke: tests/system/poke.c $(BUILD)/libkdio.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) -o $@ $< $(BUILD)/libkdio.a $(LDFLAGS) $(HOST_LIBS) -lcjson

check-system: all $(SYSTEM_BUILD)/poke $(EMBED_BUILD)/kernel.elf win-clients
	$(Q)BUILD=$(BUILD) tests/system/run
