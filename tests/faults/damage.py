# SPDX-License-Identifier: MIT
"""damage.py: what a bad line does to bytes, from a seed: it loses, flips and repeats them, one in so many."""
import random

KINDS = ("lose", "flip", "repeat")


class Damage:
    """A `damage` for harness.Line. `one_in` bytes, either way, meets with a fault; 0 switches faults off."""

    def __init__(self, seed, one_in):
        self.draw = random.Random(seed)
        self.one_in = one_in
        self.counts = dict.fromkeys(KINDS, 0)

    def __call__(self, data, to_target):
        if not self.one_in:
            return data
        out = bytearray()
        for byte in data:
            if self.draw.randrange(self.one_in):
                out.append(byte)
            else:
                out += self.fault(byte)
        return bytes(out)

    def fault(self, byte):
        kind = self.draw.choice(KINDS)
        self.counts[kind] += 1
        if kind == "lose":
            return b""
        if kind == "flip":
            return bytes([byte ^ 1 << self.draw.randrange(8)])
        return bytes([byte, byte])
