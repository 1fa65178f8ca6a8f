# SPDX-License-Identifier: MIT
# make bench: measures targets in QEMU and on simulated lines; prints a table and writes $(BUILD)/bench.json.


BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/host/%.o,$(wildcard tests/bench/*.c))

.PHONY: bench
bench: all $(BUILD)/tests/bench/measure $(BUILD)/tests/pace/pace $(BUILD)/tests/sim/sim
	$(Q)tests/bench/bench $(BUILD)

$(BUILD)/tests/bench/measure: $(BENCH_OBJECTS) $(BUILD)/libkdio.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) $(HOST_LIBS)
