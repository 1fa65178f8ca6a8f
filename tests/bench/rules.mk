# SPDX-License-Identifier: MIT
# make bench: measures a target in QEMU; prints a table and writes $(BUILD)/bench.json.

include tests/pace/rules.mk

.PHONY: bench
bench: all $(BUILD)/tests/bench/measure
	$(Q)tests/bench/bench $(BUILD)

$(BUILD)/tests/bench/measure: $(BUILD)/host/tests/bench/measure.o $(BUILD)/libkdio.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) $(HOST_LIBS)
