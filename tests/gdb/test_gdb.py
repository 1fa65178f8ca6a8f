# SPDX-License-Identifier: MIT
"""test_gdb.py: real gdb, in batch mode, through `kdio gdbserver`."""
import re
import signal
import socket
import subprocess

from harness import COMMAND, Command, Deadline, wait_readable
from stop_test import EFI, GDB_S, KERNEL, SCRIPT, StopTest, symbols

KILLS = 20
FLOOD = 10000  # Of a hundred packets: far more than any socket holds.


class Firmware(StopTest):
    """The boot target as UEFI starts it: symbols where the firmware has put the image."""

    def test_a_session(self):
        self.boot("--efi")
        self.poke().close()
        text = self.gdb(f"source {SCRIPT}", f"kdio symbols {EFI}", "break clock_tick", "continue", "backtrace 3",
                        "next", "step", "delete", "set var shell.quiet = 1", "print shell.quiet", "x/2i $pc", "detach",
                        file=None)
        self.assertRegex(text, r"Breakpoint 1, clock_tick \(\)")
        self.assertRegex(text, r"#1 .*kernel_timer_interrupt")
        self.assertIn("$1 = true", text)
        self.assertRegex(text, r"=> 0x[0-9a-f]+ <\w+")
        self.assert_runs()


class Kernel(StopTest):
    def setUp(self):
        self.boot()

    def test_attach_look_and_detach(self):
        text = self.gdb("backtrace", "info registers rip cr0 cr3 efer", "print/x $cs", "detach")
        self.assertRegex(text, r"kernel_main")
        self.assertRegex(text, r"cr0 +0x80010033|cr0 +0x8")
        self.assert_runs()

    def test_break_step_finish_and_watch(self):
        text = self.gdb("break clock_tick", "continue", "backtrace 2", "next", "finish", "delete", "watch clock.ticks",
                        "continue", "continue", "delete", "tbreak shell_step", "continue", "detach")
        self.assertRegex(text, r"Breakpoint 1, clock_tick")
        self.assertRegex(text, r"#1 .*kernel_timer_interrupt")
        self.assertGreaterEqual(text.count("Old value"), 1)
        self.assertRegex(text, r"Temporary breakpoint \d+, shell_step")
        self.assert_runs()

    def test_a_variable_that_is_changed_changes_what_the_kernel_says(self):
        self.gdb("set var shell.numbered = 100000", "detach")
        client = self.poke()
        client.done("type ticks")
        start = len(client.console)
        client.wait_console(r"^kernel: \d+ ticks", 0)
        self.assertNotIn("kernel: line", client.console[start:])
        client.close()

    def test_a_step_costs_few_requests(self):
        """The step and its registers, which this stub's replies do not hold together, and a line or two of the stack;
        little for the breakpoints, which gdb takes out and sets anew each time."""
        steps = 30
        text = self.gdb(*[f"break *{symbols()['trial_mixed'] + n:#x}" for n in range(3)], "monitor info", "monitor info",
                        *["stepi"] * steps, "monitor info", "detach")
        first, second, third = (int(count) for count in re.findall(r"good frames +(\d+)", text))
        self.assertLess(third - second - (second - first), 4 * steps)
        self.assert_runs()

    def test_registers_that_gdb_sets(self):
        self.trial("registers")
        names = ("rax", "r15", "rbp", "fctrl", "mxcsr")
        text = self.gdb(*[f"set ${name} = {value:#x}" for name, value in zip(names, (0x1234, 5, 0x6789, 0x27f, 0x1f00))],
                        "maintenance flush register-cache", *[f"print/x ${name}" for name in names], "set $cr0 = 1",
                        "detach")
        self.assertEqual(self.values(text), [0x1234, 5, 0x6789, 0x27f, 0x1f00])
        self.assertIn("this register is only shown", text)

    def test_what_the_kernel_says_while_gdb_is_at_its_prompt(self):
        """It runs there for two of its numbered lines; gdb shows them, once, when it takes text again."""
        path = self.machine.path("said")
        remote = f"| {COMMAND} --target {self.machine.target} --wait=30 --console {path} gdbserver --stdio"
        text = self.gdb("monitor g", "monitor delay 2100ms", "monitor .break", "echo at-the-prompt\\n", "stepi",
                        "detach", remote=remote)
        before, after = text.split("at-the-prompt")
        self.assertNotIn("kernel: line", before)
        numbers = re.findall(r"^kernel: line (\d+), \d+ ticks", after, re.M)
        self.assertGreaterEqual(len(numbers), 2)
        self.assertEqual(len(numbers), len(set(numbers)))
        with open(path, encoding="utf-8") as file:
            self.assertLessEqual(set(numbers), set(re.findall(r"^kernel: line (\d+),", file.read(), re.M)))
        self.assert_runs()

    def test_memory_both_ways(self):
        address = symbols()["shell"]
        text = self.gdb(f"set var *(unsigned long *){address:#x} = 0x1122334455667788", f"x/1gx {address:#x}",
                        f"x/8bx {address:#x}", "x/1gx 0x8000000000000000", "detach")
        self.assertIn("0x1122334455667788", text)
        self.assertIn("0x88\t0x77\t0x66\t0x55", text)
        self.assertIn("Cannot access memory", text)
        self.assert_runs()

    def test_monitor_is_the_commands_own(self):
        text = self.gdb("monitor ob 80 55", "monitor id cfc", "monitor rdmsr c0000080", "monitor !pci", "monitor help",
                        "monitor ba i 1 80", "monitor bl", "monitor bc *", "monitor nonsense", "monitor t", "monitor r; p",
                        "monitor g", "monitor .break", "detach")
        self.assertRegex(text, r"00000cfc: [0-9a-f]{8}")
        self.assertRegex(text, r"msr\[c0000080\] = 00000000`00000[0-9a-f]{3}")
        self.assertIn("I/O 1 00000000`00000080", text)
        self.assertRegex(text, r"(?m)^  ports +ob ow od")
        self.assertNotIn("gdbserver", text)
        self.assertIn("kdio: unknown command 'nonsense'", text)
        self.assertIn("use its stepi", text)
        self.assertIn("use its nexti", text)
        self.assertIn("the kernel runs, which the debugger does not know", text)
        self.assert_runs()

    def test_breakpoints_that_gdb_has_not_set_stop_it_too(self):
        address = symbols()["clock_tick"]
        for line in (f"monitor bp {address:x}", f"monitor ba e 1 {address:x}"):
            text = self.gdb(line, "continue", "print/x $rip", "monitor help bp", "monitor bc *", "detach")
            self.assertRegex(text, r"SIGTRAP")
            self.assertEqual(self.values(text), [address])
            self.assertIn("usage: kdio [OPTION...] bp", text)
        self.assert_runs()

    def test_commands_and_functions_of_the_script(self):
        self.poke().close()
        mark = self.machine.trace.mark()
        text = self.gdb(f"source {SCRIPT}", "ob d00 12", "print/x $outw(0xd00, 0x3456)", "od d00 789abcde",
                        "print $ind(0xd00) == 0xffffffff", "rdmsr c0000080", "print/x $rdmsr(0xc0000080) & 0x400",
                        "ib nonsense", "detach")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"),
                             [("write", 0xd00, 1, 0x12), ("write", 0xd00, 2, 0x3456), ("write", 0xd00, 4, 0x789abcde)])
        self.assertEqual(self.values(text)[1:], [1, 0x400])
        self.assertIn("not a number", text)

    def test_a_refusal_is_no_value_whatever_gdb_puts_before_it(self):
        self.poke().close()
        mark = self.machine.trace.mark()
        text = self.gdb(f"source {SCRIPT}", "set trace-commands on", "print/x $inb(0x3f8)", "print $inw(0x71)",
                        "print $outb(0xd00, 0x155)", "print/x $rdmsr(0x1b) & 0x800", "detach")
        self.assertEqual(self.values(text), [0x800])
        self.assertEqual(text.count("\nkdio: "), 3)
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [])

    def test_a_condition_with_a_port(self):
        text = self.gdb(f"source {SCRIPT}", "break clock_tick if $ib_is_nothing == 1", "delete",
                        "break clock_tick if $ind(0xd00) == 0", "tbreak clock_tick if $ind(0xd00) == 0xffffffff",
                        "continue", "detach")
        self.assertRegex(text, r"Temporary breakpoint 3, clock_tick")
        self.assert_runs()

    def test_an_io_breakpoint_on_the_clocks_ports(self):
        self.type_line("pairs")
        text = self.gdb("monitor ba i 1 71", "continue", "backtrace 3", "monitor bc *", "detach")
        self.assertRegex(text, r"SIGTRAP")
        self.assertRegex(text, r"cmos_right|exercise")
        self.type_line("pairs")
        self.assert_runs()

    def test_control_c_beside_a_condition_that_never_holds(self):
        """The kernel stops a hundred times a second, and gdb lets it go on each time."""
        command = f"| {COMMAND} --target {self.machine.target} --wait=30 gdbserver --stdio"
        process = subprocess.Popen(["gdb", "-nx", "-q", "-iex", "set confirm off", "-iex", "set debuginfod enabled off",
                                    "-ex", f"target remote {command}", "-ex", f"source {SCRIPT}", "-ex",
                                    "break clock_tick if $ind(0xd00) == 0", "-ex", "python import os, signal, threading",
                                    "-ex", "python threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()",
                                    "-ex", "continue", "-ex", "print 6 * 7", "-ex", "detach", "-ex", "quit", KERNEL],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        text = process.communicate(timeout=GDB_S)[0]
        self.assertIn("$1 = 42", text)
        self.assert_runs()

    def test_fpu_and_vector_registers_have_their_places(self):
        text = self.gdb("info registers fctrl mxcsr", "print $xmm0.uint128", "print $st0", "detach")
        self.assertRegex(text, r"fctrl +0x37f")


class Lines(StopTest):
    """The socket, bad packets, and a gdb that dies."""

    def setUp(self):
        self.boot()
        self.poke().close()

    def serve(self):
        server = self.use(Command(self.machine.target, "gdbserver", "--port", "0"))
        line = b""
        deadline = Deadline(20, "what gdbserver says")
        while b"\n" not in line:
            wait_readable([server.process.stdout], deadline)
            line += server.process.stdout.read1(100)
        return server, int(re.search(rb"localhost:(\d+)", line)[1])

    def connect(self, port):
        return self.use(socket.create_connection(("127.0.0.1", port), 10))

    def converse(self, connection, data, until=b"#"):
        connection.sendall(data)
        text = b""
        deadline = Deadline(10, f"an answer to {data[:30]!r}")
        behind = 3 if until == b"#" else 1
        while until not in text or len(text) < text.rfind(until) + behind:
            wait_readable([connection], deadline)
            more = connection.recv(65536)
            if not more:
                break
            text += more
        return text

    @staticmethod
    def packet(text):
        return b"$" + text + b"#%02x" % (sum(text) & 0xff)

    def test_gdb_over_tcp_one_after_the_other(self):
        _, port = self.serve()
        for _ in range(2):
            text = self.gdb("print/x $cs", "detach", remote=f"localhost:{port}")
            self.assertEqual(self.values(text), [0x8])

    def test_an_interruption_leaves_a_kernel_that_runs(self):
        server, port = self.serve()
        connection = self.connect(port)
        self.assertIn(b"OK", self.converse(connection, self.packet(b"Z1,1000,1")))
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        self.assertEqual(self.command("-c", "bl").output, "")
        self.assert_runs()

    def test_a_gdb_that_does_not_read_is_given_up_at_a_signal(self):
        server, port = self.serve()
        connection = self.connect(port)
        self.assertIn(b"OK", self.converse(connection, self.packet(b"Z1,1000,1")))
        connection.settimeout(1)
        with self.assertRaises(TimeoutError):
            for _ in range(FLOOD):
                connection.sendall(self.packet(b"qRcmd," + b"help".hex().encode()) * 100)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        self.assertEqual(self.command("-c", "bl").output, "")
        self.assert_runs()

    def test_standard_files_that_are_at_their_end(self):
        full = self.use(open("/dev/full", "wb"))
        for files in ({"stdin": subprocess.DEVNULL}, {"stdout": full, "input": self.packet(b"?")}):
            ended = subprocess.run([COMMAND, "--target", self.machine.target, "gdbserver", "--stdio"], timeout=20,
                                   check=False, stderr=subprocess.PIPE, **files)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assert_runs()

    def test_a_target_that_is_reset_ends_the_connection(self):
        for state in (b"", b"c"):
            server, port = self.serve()
            connection = self.connect(port)
            self.assertIn(b"$T", self.converse(connection, self.packet(b"?")))
            if state:
                connection.sendall(self.packet(state))
            self.machine.monitor.execute("system_reset")
            self.assertNotIn(b"$T", self.converse(connection, b"", b"never"))
            self.assertEqual(server.process.wait(30), 3)

    def test_bad_packets_do_no_harm(self):
        server, port = self.serve()
        connection = self.connect(port)
        self.assertIn(b"PacketSize", self.converse(connection, self.packet(b"qSupported:xmlRegisters=i386")))
        self.assertEqual(self.converse(connection, b"$g#00", b"-")[:1], b"-")
        for text in (b"m", b"mzz,1", b"m0", b"M0,2:11", b"P", b"Pff=00", b"Z9,0,1", b"Z0", b"vCont;x",
                     b"qXfer:features:read", b"p999", b"G00", b"X0,5:ab"):
            self.assertRegex(self.converse(connection, self.packet(text)), rb"\$(E|l|#|m)", text)
        self.assertEqual(self.converse(connection, b"$" + b"m" * 100000 + b"#00", b"-")[:1], b"-")
        self.assertIn(b"$l<", self.converse(connection, self.packet(b"qXfer:memory-map:read::0,fff")))
        self.assertRegex(self.converse(connection, self.packet(b"m0,ffffffff")), rb"\$[0-9a-f]+#")
        self.assertIn(b"OK", self.converse(connection, self.packet(b"D")))
        server.process.send_signal(signal.SIGINT)
        server.process.wait(10)
        self.assert_runs()

    def test_a_gdb_that_is_killed(self):
        _, port = self.serve()
        for n in range(KILLS):
            process = subprocess.Popen(["gdb", "-nx", "-q", "-ex", "set confirm off", "-ex",
                                        f"target remote localhost:{port}", "-ex", "hbreak *0x1000", "-ex",
                                        "stepi" if n % 2 else "continue"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            deadline, said = Deadline(20, "gdb's connection"), b""
            while b"Remote debugging using" not in said:
                wait_readable([process.stdout], deadline)
                said += process.stdout.read1(1000)
            process.kill()
            process.communicate()
        text = self.gdb("monitor bl", "print/x $cs", "detach", remote=f"localhost:{port}")
        self.assertEqual(self.values(text), [0x8])
        self.assertNotIn("execute", text)
