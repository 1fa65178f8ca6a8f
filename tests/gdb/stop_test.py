# SPDX-License-Identifier: MIT
"""stop_test.py: what the tests of a stopped kernel share: symbols, the kernel's trials, gdb in batch mode."""
import os
import re
import subprocess

from harness import BUILD, COMMAND, Failed, SystemTest

KERNEL = os.path.join(BUILD, "kdio-kernel.debug")
EFI = os.path.join(BUILD, "BOOTX64.debug")
SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "host", "gdb",
                      "kdio.py")
GDB_S = 120
ASK_S = 120  # A thousand steps; two seconds on an idle machine.


def symbols(path=KERNEL):
    """The kernel's symbols, by name."""
    text = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
    return {fields[2]: int(fields[0], 16) for fields in map(str.split, text.splitlines()) if len(fields) == 3}


class StopTest(SystemTest):
    """A machine whose kernel is stopped and looked at."""

    def type_line(self, line):
        """Types to the kernel, which may stop at once."""
        client = self.poke()
        client.done(f"type {line}")
        client.close()

    def trial(self, name):
        """The kernel stands behind the int3 of a trial."""
        self.type_line(f"trial-{name}")
        self.assertEqual(self.wait_stop()["reason"], "breakpoint")

    def ask(self, *commands, status=0):
        return self.command("--json", "-c", "; ".join(commands), status=status, seconds=ASK_S).objects

    def stop(self):
        """Where the kernel stands, once it does."""
        return self.ask(".break")[0]

    def wait_stop(self):
        """The stop that a breakpoint makes by itself; a kernel that was halted before it goes on to it."""
        for _ in range(100):
            found = self.ask(".break")[0]
            if found["reason"] != "break":
                return found
            found = self.ask("g 1s")[0]
            if found["reason"] != "running":
                return found
        self.fail("no breakpoint is hit")
        return None

    def registers(self):
        return self.ask("r")[0]

    def breakpoints(self):
        return self.ask("bl")[0]["breakpoints"]

    def step(self, count=1):
        return self.ask(f"t {count:x}")

    def ticks(self):
        client = self.poke()
        client.done("type ticks")
        ticks = int(client.wait_console(r"^kernel: (\d+) ticks")[1])
        client.close()
        return ticks

    def assert_runs(self):
        """The kernel's tick counter rises."""
        before = self.ticks()
        self.command("-c", "delay 50ms")
        self.assertGreater(self.ticks(), before)

    def gdb(self, *lines, file=KERNEL, remote=None, status=0):
        """What gdb says to lines typed at its prompt, connected to the target."""
        if remote is None:
            remote = f"| {COMMAND} --target {self.machine.target} --wait=30 gdbserver --stdio"
        arguments = ["gdb", "-batch", "-nx", "-iex", "set confirm off", "-iex", "set pagination off", "-iex",
                     "set style enabled off", "-iex", "set debuginfod enabled off"]
        for line in ([f"target remote {remote}"] if remote else []) + list(lines):
            arguments += ["-ex", line]
        if file:
            arguments.append(file)
        try:
            process = subprocess.run(arguments, capture_output=True, text=True, timeout=GDB_S, check=False,
                                     stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"gdb does not end: {error.stdout}\n{error.stderr}") from None
        if process.returncode != status:
            raise Failed(f"gdb ends with {process.returncode}:\n{process.stdout}\n{process.stderr}")
        return process.stdout + process.stderr

    def values(self, text):
        """The numbers of gdb's `$N = 0x...` lines."""
        return [int(value, 0) for value in re.findall(r"^\$\d+ = (0x[0-9a-f]+|-?\d+)", text, re.M)]
