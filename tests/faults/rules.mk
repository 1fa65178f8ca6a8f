# SPDX-License-Identifier: MIT
#
# rules.mk: the real image behind a line that damages bytes; `make soak` has the long form.

.PHONY: check-faults soak-faults

check-faults: all $(BUILD)/tests/system/poke
	$(Q)BUILD=$(BUILD) tests/faults/run

soak-faults: all $(BUILD)/tests/system/poke
	$(Q)BUILD=$(BUILD) SOAK=1 tests/faults/run
