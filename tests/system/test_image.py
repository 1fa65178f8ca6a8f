# SPDX-License-Identifier: MIT
"""test_image.py: the disk image, booted by firmware (OVMF) as a PC boots it: four slow boots."""
import os
import subprocess

from accesses import CAPABILITIES, Accesses, BootedTest
from harness import BUILD, ROOT, Machine, SystemTest

IMAGE = os.path.join(BUILD, "kdio.img")
APPLICATION = os.path.join(BUILD, "BOOTX64.EFI")
COM2 = 0x2f8


def spcr(path, *arguments):
    subprocess.run([os.path.join(ROOT, "qemu", "spcr"), *arguments, path], check=True)


def mkimg(path, words):
    subprocess.run([os.path.join(ROOT, "qemu", "mkimg"), path, APPLICATION, words], check=True)


class Disk(Accesses, BootedTest):
    """The main job: build/kdio.img on q35."""

    options = ("--image", IMAGE)

    def test_banner(self):
        banner = self.machine.line()
        for text in "kdio boot target ", "(EFI)", "UARTs found: COM1 at port 0x3f8", "UART chosen: port 0x3f8":
            self.assertIn(text, banner)

    def test_info(self):
        info = self.script("info")[0]
        self.assertEqual(info["stub"]["capabilities"], CAPABILITIES)
        self.assertEqual(info["counters"]["uart_base"], 0x3f8)
        self.assertGreater(info["counters"]["interrupts"], 0)


class FirmwareBoots(SystemTest):
    """Other ways to boot, and to choose the UART."""

    def check_write(self):
        """One write by the command is one access; the machine's end is seen as it should be."""
        mark = self.machine.trace.mark()
        self.command("ow", "d02", "1234")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd02, 2, 0x1234)])

    def check_end(self):
        self.command("--expect-reset", "od", "f4", "2a")
        self.assertEqual(self.machine.wait_exit(), 2 * 0x2a + 1)

    def check_com2(self, why):
        """The stub is on COM2, says why, refuses that UART, and COM1 is free."""
        client = self.poke()
        info, stats = client.done("info"), client.done("stats")
        self.assertEqual((info["link_port"], stats["uart_base"]), (COM2, COM2))
        self.assertGreater(stats["interrupts"], 0)
        chosen = client.wait_console("^UART chosen: (.*)\r\n")
        self.assertIn("port 0x2f8", chosen[1])
        self.assertIn(why, chosen[1])
        client.close()
        self.command("ob", "2ff", "5a", status=1)
        self.command("ob", "3ff", "5a")
        self.assertNotIn("kernel: ", self.machine.line("com1"))
        self.check_write()

    def test_usb_stick(self):
        self.boot("--usb", IMAGE)
        self.poke().close()
        self.assertIn("(EFI)", self.machine.line())
        self.check_write()
        self.check_end()

    def test_kdio_cfg_chooses_com2(self):
        self.boot_two_lines("--image", "@/two.img", prepare=lambda d: mkimg(f"{d}/two.img", "uart=0x2f8"))
        self.check_com2("the settings name it")

    def test_spcr_chooses_com2(self):
        self.boot_two_lines("--image", IMAGE, prepare=lambda d: spcr(f"{d}/spcr", "--port", "0x2f8", "--irq", "3"),
                            more=("-acpitable", "sig=SPCR,rev=2,data=@/spcr"))
        self.check_com2("SPCR")
        self.check_end()

    def boot_two_lines(self, *options, prepare, more=()):
        return self.boot(*options, prepare=prepare, link="com2",
                         qemu=("-chardev", Machine.chardev("com2"), "-serial", "chardev:com2", *more))
