# SPDX-License-Identifier: MIT
"""What gdb gets through kdio, and through QEMU's own stub, of the same kernel: steps, and memory.

Run by gdb itself, as `source debugger.py`, on a target that it is connected to: prints lines "name number".
"""
import time

STEPS = 300
STEP_BLOCKS = 5
READ_ADDRESS, READ_SIZE = 0x200000, 1 << 18
READS = 4


def steps():
    import gdb
    for _ in range(STEP_BLOCKS):
        start = time.perf_counter()
        gdb.execute(f"stepi {STEPS}", to_string=True)
        print("step_us", (time.perf_counter() - start) * 1e6 / STEPS)


def memory():
    import gdb
    for _ in range(READS):
        gdb.execute("maintenance flush dcache", to_string=True)
        start = time.perf_counter()
        gdb.selected_inferior().read_memory(READ_ADDRESS, READ_SIZE)
        print("memory_mb_per_s", READ_SIZE / (time.perf_counter() - start) / 1e6)


if __name__ == "__main__":
    steps()
    memory()
