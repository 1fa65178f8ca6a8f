# SPDX-License-Identifier: MIT
#
# rules.mk: the kernel under a debugger: run control by the command, and real gdb through `kdio gdbserver`.
#
# check-gdb  everything, in two lanes. A part: tests/gdb/run WORD...

.PHONY: check-gdb

check-gdb: all $(BUILD)/tests/system/poke
	$(Q)BUILD=$(BUILD) tests/gdb/run
