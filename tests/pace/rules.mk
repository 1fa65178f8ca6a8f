# SPDX-License-Identifier: MIT
#
# rules.mk: the pacing proxy, a line with a baud rate, latency and a FIFO for QEMU's UART.
#
#   check-pace  its order, its rate and its overruns, against the clock; the real image behind it

PACE := $(BUILD)/tests/pace/pace

.PHONY: check-pace
check-pace: all $(PACE) $(BUILD)/tests/system/poke
	$(Q)tests/pace/test_pace $(PACE)
	$(Q)BUILD=$(BUILD) tests/pace/test_image $(PACE)

$(PACE): tests/pace/pace.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< $(LDFLAGS)
