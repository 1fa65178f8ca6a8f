# SPDX-License-Identifier: MIT
#
# rules.mk: captures of the real stub's sessions, read back by tshark with proto/kdio.lua.

CAPTURE_TEST_BUILD := $(BUILD)/tests/capture
CAPTURE_TEST_SOURCES := tests/capture/line.c tests/lib/peer.c $(wildcard proto/*.c) \
    $(filter-out stub/memory.c,$(wildcard stub/*.c))
CAPTURE_TEST_OBJECTS := $(CAPTURE_TEST_SOURCES:%.c=$(CAPTURE_TEST_BUILD)/%.o)

.PHONY: check-capture

$(CAPTURE_TEST_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) -Istub/include -c -o $@ $<

$(CAPTURE_TEST_BUILD)/line: $(CAPTURE_TEST_OBJECTS)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS)

check-capture: $(CAPTURE_TEST_BUILD)/line $(BUILD)/kdio $(BUILD)/libkdio.so
	$(Q)KDIO=$(BUILD)/kdio KDIO_LIBRARY=$(BUILD)/libkdio.so KDIO_LINE=$< PYTHONDONTWRITEBYTECODE=1 \
	    python3 tests/capture/test_capture.py
