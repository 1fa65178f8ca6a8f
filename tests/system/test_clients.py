# SPDX-License-Identifier: MIT
"""test_clients.py: programs written against the Windows headers alone (tests/win), on a real target."""
import os
import subprocess

from harness import BUILD, REPLY_S, SystemTest

LINK_PORT = "3f8"


class WindowsClients(SystemTest):
    def run_client(self, name):
        """The client finds every HRESULT, count and value as it should be; the trace finds what it wrote."""
        self.boot()
        self.poke().close()
        mark = self.machine.trace.mark()
        path = os.path.join(BUILD, "tests", "win", name)
        options = f"com:pipe,port={self.machine.path('com1')}"
        result = subprocess.run([path, options, LINK_PORT], capture_output=True, text=True, timeout=REPLY_S,
                                check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout, [access.key() for access in self.machine.trace.accesses(mark, "io", "ioport80")]

    def test_c(self):
        """WriteIo in each width, then the forms of WriteIoSpace."""
        _, accesses = self.run_client("client_c")
        self.assertEqual(accesses, [
            ("write", 0xd00, 1, 0xa1), ("write", 0xd02, 2, 0xb2a1), ("write", 0xd04, 4, 0xd4c3b2a1),
            ("write", 0x80, 1, 0x42), ("write", 0xd10, 1, 0x11), ("write", 0xd12, 2, 0x2211),
            ("write", 0xd14, 4, 0x44332211), ("write", 0xd18, 1, 0x55), ("write", 0xd1c, 4, 0x88776655)])

    def test_cpp(self):
        _, accesses = self.run_client("client_cpp")
        self.assertEqual(accesses, [
            ("write", 0xd20, 1, 0xa1), ("write", 0xd22, 2, 0xb2a1), ("write", 0xd24, 4, 0xd4c3b2a1),
            ("write", 0x80, 1, 0x43), ("write", 0xd30, 4, 0x44332211)])
