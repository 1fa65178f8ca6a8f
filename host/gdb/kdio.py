# SPDX-License-Identifier: MIT
"""kdio.py: the hardware of a kdio target at gdb's prompt.

    (gdb) source kdio.py
    (gdb) target remote | kdio gdbserver --stdio
    (gdb) ob 80 55
    (gdb) p/x $inb(0x71)
    (gdb) break handler if $inb(0x64) & 1
    (gdb) kdio symbols

Commands take numbers as kdio does, hexadecimal; functions take gdb's expressions. Both are `monitor` commands of kdio's
gdb server, so each access happens exactly once, or fails with its reason.
"""
import os
import re
import struct

import gdb

PORTS = {"ob": "PORT VALUE: write 8 bits to an I/O port", "ow": "PORT VALUE: write 16 bits to an I/O port",
         "od": "PORT VALUE: write 32 bits to an I/O port", "ib": "PORT: read 8 bits from an I/O port",
         "iw": "PORT: read 16 bits from an I/O port", "id": "PORT: read 32 bits from an I/O port"}
MSRS = {"rdmsr": "MSR: read a model-specific register", "wrmsr": "MSR VALUE: write a model-specific register"}
# Ports and registers worth a completion.
NAMES = {"ob": ["20", "21", "43", "70", "80", "a0", "a1", "cf8"], "ib": ["40", "60", "61", "64", "71", "cfc"],
         "rdmsr": ["10", "1b", "174", "175", "176", "277", "c0000080", "c0000081", "c0000082", "c0000100", "c0000101",
                   "c0000102"]}
SEARCH_BYTES = 16 << 20  # How far in front of RIP an image is looked for.
PAGE = 4096


def monitor(line):
    """What kdio prints for a line; gdb's error when it fails. gdb may put its own words before it."""
    text = gdb.execute(f"monitor {line}", to_string=True)
    refusal = re.search(r"^kdio: .*", text, re.MULTILINE)
    if refusal:
        raise gdb.GdbError(refusal[0])
    return text


def value_of(text):
    """The value in the one line `00000080: 55` or `msr[1b] = 00000000`fee00900`."""
    values = re.findall(r"^(?:[0-9a-f]+: |msr\[[0-9a-f]+\] = )([0-9a-f`]+)$", text, re.MULTILINE)
    if len(values) != 1:
        raise gdb.GdbError(f"kdio answered {text.strip()!r}")
    return int(values[0].replace("`", ""), 16)


class MonitorCommand(gdb.Command):
    """A command that kdio executes."""

    def __init__(self, name, summary):
        self.__doc__ = f"{name} {summary}\nNumbers are hexadecimal."
        self.name = name
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()  # An access to hardware is not repeated by an empty line.
        gdb.write(monitor(f"{self.name} {argument}"))

    def complete(self, text, word):
        return [name for name in NAMES.get(self.name, []) if name.startswith(word)]


class PortFunction(gdb.Function):
    """$inb(PORT), $inw(PORT), $ind(PORT): the value read from an I/O port, by one instruction."""

    def __init__(self, name, command):
        self.command = command
        super().__init__(name)

    def invoke(self, port):
        return value_of(monitor(f"{self.command} {int(port):x}"))


class PortWrite(gdb.Function):
    """$outb(PORT, VALUE), $outw, $outd: writes to an I/O port, and gives the value."""

    def __init__(self, name, command):
        self.command = command
        super().__init__(name)

    def invoke(self, port, value):
        monitor(f"{self.command} {int(port):x} {int(value):x}")
        return value


class MsrFunction(gdb.Function):
    """$rdmsr(MSR): the value of a model-specific register."""

    def __init__(self):
        super().__init__("rdmsr")

    def invoke(self, msr):
        return value_of(monitor(f"rdmsr {int(msr):x}"))


def quoted(path):
    """A path as one word of a line of gdb's."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def text_offset(base):
    """The offset of .text in a PE image at `base` (Microsoft's PE format), or None when there is no image."""
    if read(base, 2) != b"MZ":
        return None
    header, = struct.unpack("<I", read(base + 0x3c, 4))
    if header >= PAGE or read(base + header, 4) != b"PE\0\0":
        return None
    count, = struct.unpack("<H", read(base + header + 6, 2))
    optional, = struct.unpack("<H", read(base + header + 20, 2))
    for index in range(count):
        section = read(base + header + 24 + optional + 40 * index, 40)
        if section.startswith(b".text\0"):
            return struct.unpack("<I", section[12:16])[0]
    return None


def find_image(address):
    """(base, offset of .text) of the image in which `address` lies."""
    page = address & -PAGE
    for base in range(page, max(page - SEARCH_BYTES, 0), -PAGE):
        try:
            offset = text_offset(base)
        except gdb.MemoryError:
            return None
        if offset is not None:
            return base, offset
    return None


class Kdio(gdb.Command):
    """kdio SUBCOMMAND: what kdio adds to gdb."""

    def __init__(self):
        super().__init__("kdio", gdb.COMMAND_DATA, prefix=True)


class Symbols(gdb.Command):
    """kdio symbols FILE: loads the symbols of an EFI image, from its ELF file, where the firmware has put it.

The image is found by its header, in front of the instruction at which the kernel has stopped. For kdio's own boot
target FILE is build/BOOTX64.debug; the kernel that QEMU starts directly needs no more than
`symbol-file build/kdio-kernel.debug`."""

    def __init__(self):
        super().__init__("kdio symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        words = gdb.string_to_argv(argument)
        if len(words) != 1:
            raise gdb.GdbError("usage: kdio symbols FILE")
        path = os.path.expanduser(words[0])
        if not os.path.exists(path):
            raise gdb.GdbError(f"{path}: no such file")
        found = find_image(gdb.newest_frame().pc())
        if not found:
            raise gdb.GdbError("no image in front of $rip: stop the kernel in its own code")
        base, offset = found
        gdb.execute(f"add-symbol-file {quoted(path)} -o {base:#x}")
        gdb.write(f"image at {base:#x}, .text at {base + offset:#x}\n")


for _name, _summary in {**PORTS, **MSRS}.items():
    MonitorCommand(_name, _summary)
for _width in "bwd":
    PortFunction(f"in{_width}", f"i{_width}")
    PortWrite(f"out{_width}", f"o{_width}")
MsrFunction()
Kdio()
Symbols()
