#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_target.py: the Windows surface on the real image in QEMU: a client, and extensions of both kinds.

The witnesses are QEMU's monitor and trace. Run by `make check-win-target`.
"""
import os
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from accesses import pci_devices  # noqa: E402
from harness import BUILD, COMMAND, REPLY_S, SystemTest  # noqa: E402

SCRATCH = 0x2000000  # Physical memory that the boot target's kernel does not use.
PORTS = ("io", "ioport80")


def built(name):
    return os.path.join(BUILD, "tests", "win", name)


class Target(SystemTest):
    def setUp(self):
        self.boot()
        self.poke().close()
        self.mark = self.machine.trace.mark()

    def human(self, line):
        return self.machine.monitor.human(line).replace("\r", "")

    def register(self, name):
        """A register in the monitor's words, hexadecimal."""
        return int(re.search(rf"\b{name}\s*=\s*(?:[0-9a-f]{{4}} )?([0-9a-f]+)", self.human("info registers")).group(1),
                   16)

    def functions(self):
        """{(bus, device, function): "VENDOR:DEVICE"} by the monitor."""
        devices = pci_devices(self.human("info pci"))
        return {address: f"{vendor:04x}:{device:04x}" for address, vendor, device in devices}

    def writes(self):
        return [access.key()[1:] for access in self.machine.trace.accesses(self.mark, *PORTS)
                if access.key()[0] == "write"]

    def extension(self, name, *words, status=0, options=()):
        return self.command(*options, "ext", built(f"ext_{name}.so"), *words, status=status)


class Client(Target):
    def test_inventory(self):
        """What a Windows client finds is what the monitor says; what it writes is in memory and in the trace."""
        options = f"com:pipe,port={self.machine.path('com1')}"
        result = subprocess.run([built("inventory"), options, f"{SCRATCH:x}"], capture_output=True, text=True,
                                timeout=REPLY_S, check=False)
        text = result.stdout
        self.assertEqual(result.returncode, 0, text + result.stderr)
        self.assertIn(f"msr c0000080 {self.register('EFER'):x}\n", text)
        for name in ("CR0", "CR3", "CR4"):
            self.assertIn(f"register {name.lower()} {self.register(name):x}\n", text)
        for name in ("gdt", "idt"):
            self.assertIn(f"register {name}r {self.register(name.upper()):x}\n", text)
        self.assertIn(f"control 216 cr3 {self.register('CR3'):x}\n", text)
        found = {tuple(int(part) for part in row[:3]): row[3]
                 for row in re.findall(r"^pci (\d+) (\d+) (\d+) (\S+)$", text, re.M)}
        self.assertEqual(found, self.functions())
        self.assertIn("physical 20 'the quick brown fox'\n", text)
        self.assertIn("output msr[c0000080] = ", text)
        self.assertIn("0x74 0x68 0x65 0x20", self.human(f"xp /4xb {SCRATCH + 0x123:#x}"))
        self.assertIn("0xefbeadde", self.human(f"xp /1xw {SCRATCH + 0xffc:#x}"))
        self.assertEqual(self.writes(), [(0xd40, 1, 0x4d), (0xd42, 2, 0x4b52), (0xd44, 4, 0x214b524d),
                                         (0xd48, 1, 0x7e)])


class Extensions(Target):
    def test_c_walks_pci(self):
        """Through WriteIoSpace64 and ReadIoSpace64; the address register is put back."""
        result = self.extension("pci", "!pcilist", "0")
        found = {(0, int(row[1], 16), int(row[2])): row[3]
                 for row in re.findall(r"^(\w\w):(\w\w)\.(\d) (\S+) class", result.output, re.M)}
        self.assertEqual(found, self.functions())

    def test_cpp_reads_msrs_and_physical_memory(self):
        result = self.extension("spaces", "msrs")
        self.assertIn(f"msr[c0000080] = 00000000`{self.register('EFER'):08x}\n", result.output)
        self.assertIn("msr[1b] = 00000000`fee00900\n", result.output)
        self.extension("spaces", "run", "!eb", f"{SCRATCH:x}", "12", "34")
        result = self.extension("spaces", "phys", f"{SCRATCH:x}")
        self.assertRegex(result.output, rf"^{SCRATCH:x}: 12 34 ")
        self.assertIn("0x12 0x34", self.human(f"xp /2xb {SCRATCH:#x}"))

    def test_failures(self):
        """Each is told, nothing else happens, and the target goes on."""
        for words, said in (
                (("pci", "nosuch"), "has no command 'nosuch'"), (("pci", "printf"), "has no command 'printf'"),
                (("none", "command"), "no WinDbg extension"), (("text", "x"), "invalid ELF header"),
                (("no_version", "command"), "no ExtensionApiVersion"),
                (("init", "command"), "returned 0x80070005"), (("symbol", "command"), "missing_from_everywhere"),
                (("spaces", "decline"), "another extension"), (("spaces", "phys", "nt!x"), "returned 0x80004005"),
                (("pci", "leave"), "ended the process, with status 3"),
                (("spaces", "quit"), "crashed in 'quit': Aborted")):
            result = self.extension(*words, status=1)
            self.assertIn(said, result.errors, words)
        self.assertIn("No such file", self.extension("absent", "x", status=5).errors)
        self.assertEqual(self.writes(), [])
        self.command("ob", "80", "1")

    def test_a_crash(self):
        """What was done before is done, once; the next command finds the target as it should be."""
        result = self.extension("pci", "!crash", status=1)
        self.assertIn("crashed in '!crash': Segmentation fault", result.errors)
        self.command("ob", "80", "22")
        self.assertEqual(self.writes(), [(0x80, 1, 0x77), (0x80, 1, 0x22)])

    def test_json(self):
        result = self.extension("pci", "show", "0n10", options=("--json",))
        self.assertIn('"text":"000000000000000a: ', result.output)

    def test_interrupt(self):
        """^C reaches CheckControlC; kdio ends as one that was interrupted."""
        process = subprocess.Popen([COMMAND, "--target", self.machine.target, "ext", built("ext_pci.so"), "spin"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "spinning\n")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=REPLY_S)
        self.assertEqual(output, "stopped\n", errors)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.command("ob", "80", "1")


if __name__ == "__main__":
    unittest.main()
