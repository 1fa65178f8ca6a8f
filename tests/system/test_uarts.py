# SPDX-License-Identifier: MIT
"""test_uarts.py: the UART that the stub lives on, chosen and used on machines that start the kernel directly.

QEMU 7.2's PCs have no 16550 in memory (pci-serial's BAR is a range of ports): such a UART is modelled in tests/sim.
"""
import os
import re
import subprocess

from harness import ROOT, Machine, SystemTest

COM2_LINE = ("-chardev", Machine.chardev("com2"), "-serial", "chardev:com2")


class Uarts(SystemTest):
    def check(self, base, irq=True, link_ports=8):
        """The stub is at `base` (None: at the serial port of the PCI bus) and works there; its banner is returned."""
        client = self.poke()
        info, stats = client.done("info"), client.done("stats")
        base = base or self.pci_serial_base()
        self.assertEqual((info["link_port"], info["link_ports"], stats["uart_base"]), (base, link_ports, base))
        mark = self.machine.trace.mark()
        for number in range(50):
            client.done(f"out 0xd00 1 {number}")
        client.done(f"in {base + 8} 1")
        self.assertEqual(client.call(f"in {base + 7} 1")["status"], "LINK_UART")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 1, n) for n in range(50)])
        interrupts = client.done("stats")["interrupts"]
        self.assertEqual(interrupts > 0, irq, f"{interrupts} UART interrupts")
        client.wait_console("^kernel: TSC .*\r\n")
        client.close()
        return client.console

    def spcr(self, directory, *arguments):
        subprocess.run([os.path.join(ROOT, "qemu", "spcr"), *arguments, os.path.join(directory, "spcr")], check=True)

    def pci_serial_base(self):
        """Where the monitor says that the serial port of the PCI bus is."""
        text = self.machine.monitor.human("info pci")
        return int(re.search(r"Serial port.*?BAR0: I/O at (0x\w+)", text, re.S)[1], 16)

    def test_com2_by_setting(self):
        self.boot("--append", "uart=0x2f8", link="com2", qemu=COM2_LINE)
        banner = self.check(0x2f8)
        self.assertIn("COM1 at port 0x3f8, COM2 at port 0x2f8", banner)
        self.assertIn("(the settings name it)", banner)
        self.assertEqual(self.machine.line("com1"), "")

    def test_com2_by_spcr(self):
        self.boot(link="com2", prepare=lambda d: self.spcr(d, "--port", "0x2f8", "--irq", "3"),
                  qemu=(*COM2_LINE, "-acpitable", "sig=SPCR,rev=2,data=@/spcr"))
        self.assertIn("SPCR table names it", self.check(0x2f8))

    def test_a_setting_wins_over_spcr(self):
        self.boot("--append", "uart=0x3f8", prepare=lambda d: self.spcr(d, "--port", "0x2f8", "--irq", "3"),
                  qemu=(*COM2_LINE, "-acpitable", "sig=SPCR,rev=2,data=@/spcr"))
        self.assertIn("(the settings name it)", self.check(0x3f8))

    def test_a_wrong_setting_leaves_a_machine_that_can_be_reached(self):
        self.boot("--append", "uart=0x2e8")
        banner = self.check(0x3f8)
        self.assertIn("UART passed over: port 0x2e8 does not answer (the settings name it)", banner)

    def test_an_spcr_without_a_uart_behind_it(self):
        self.boot(prepare=lambda d: self.spcr(d, "--mmio", "0xfe036000"),
                  qemu=("-acpitable", "sig=SPCR,rev=2,data=@/spcr"))
        self.assertIn("UART passed over: memory 0xfe036000", self.check(0x3f8))

    def test_pci_serial_by_setting(self):
        self.boot("--append", "uart=pci", link="pci",
                  qemu=("-chardev", Machine.chardev("pci"), "-device", "pci-serial,chardev=pci"))
        self.check(None)

    def test_pci_serial_when_there_is_no_other(self):
        machine = self.boot("--serial", "none", link="pci",
                            qemu=("-chardev", Machine.chardev("pci"), "-device", "pci-serial,chardev=pci"))
        self.assertIn("nothing better answers", self.check(None))
        self.assertIsNone(machine.process.poll())

    def test_polled(self):
        self.boot("--append", "poll=1")
        self.assertIn("no UART interrupt", self.check(0x3f8, irq=False))

    def test_an_interrupt_that_goes_elsewhere(self):
        """The kernel finds out that the interrupt it was told does not come, and polls."""
        self.boot("--append", "irq=5")
        self.assertIn("no UART interrupt", self.check(0x3f8, irq=False))
        self.assertIn("polled", self.command("info").output)

    def test_spinning_needs_no_interrupt_and_is_not_limited(self):
        self.boot("--append", "mode=spin")
        self.check(0x3f8, irq=False)
        self.assertEqual(self.command("--json", "info").objects[0]["stub"]["burst"], 0)

    def test_rate_left_alone(self):
        self.boot("--append", "baud=0")
        self.assertIn("rate as the firmware set it", self.check(0x3f8))
