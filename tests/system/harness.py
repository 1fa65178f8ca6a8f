# SPDX-License-Identifier: MIT
"""harness.py: machines in QEMU, what QEMU saw of them, and clients of the boot target.

Nothing here sleeps: each wait is for a frame, a line, a reply or an exit, and has a time limit. Whatever a test starts
is gone when the test is over, however it ends: machines die with the process that started them, directories go with the
object that made them, or at last with the runner's.
"""
import contextlib
import json
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
LAUNCH = os.path.join(ROOT, "qemu", "launch")
COMMAND = os.path.join(BUILD, "kdio")
POKE = os.path.join(BUILD, "tests", "system", "poke")

START_S = 10  # QEMU itself, until its monitor speaks.
BOOT_S = 20   # A kernel that is started directly; less than a second on an idle machine.
FIRMWARE_BOOT_S = 60  # With firmware before it; three to six seconds.
REPLY_S = 15  # An answer of a target that runs.
END_S = 10    # A process that was told to end.
TAIL_LINES = 25


class Failed(AssertionError):
    """A wait that ended without what it was for."""


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds, what):
        self.end = time.monotonic() + seconds
        self.seconds, self.what = seconds, what

    def left(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Failed(f"{self.what}: not within {self.seconds} s")
        return left


def wait_readable(files, deadline):
    """The files among `files` that can be read; Failed when the deadline passes first."""
    return select.select(files, [], [], deadline.left())[0] or wait_readable(files, deadline)


def tail(text, lines=TAIL_LINES):
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def read_text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("latin-1")
    except FileNotFoundError:
        return ""


def end_process(process):
    """Ends a process that need not be told gently, and takes its status."""
    if process.poll() is None:
        process.kill()
    return process.wait(END_S)


class Monitor:
    """QEMU's monitor, through its machine protocol; QEMU connects to it, so that its connection is QEMU's readiness."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        self.connection = None
        self.buffer = b""

    def accept(self, process):
        deadline = Deadline(START_S, "QEMU's monitor")
        exit_file = os.pidfd_open(process.pid)
        try:
            if self.listener not in wait_readable([self.listener, exit_file], deadline):
                raise Failed("QEMU ended before its monitor spoke")
        finally:
            os.close(exit_file)
        self.connection = self.listener.accept()[0]
        self.message(deadline)
        self.execute("qmp_capabilities")

    def message(self, deadline):
        while b"\n" not in self.buffer:
            wait_readable([self.connection], deadline)
            data = self.connection.recv(65536)
            if not data:
                raise Failed("QEMU closed its monitor")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def execute(self, command, **arguments):
        deadline = Deadline(REPLY_S, f"QEMU's monitor, {command}")
        self.connection.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.message(deadline)
            if "error" in message:
                raise Failed(f"QEMU's monitor, {command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]

    def human(self, line):
        """The answer of the monitor for people."""
        return self.execute("human-monitor-command", **{"command-line": line})

    def close(self):
        for end in (self.connection, self.listener):
            if end:
                end.close()


# Regions in which accesses are judged. The link's own UART, timers and interrupt controllers are left out.
WITNESSES = ("io", "ioport80", "pc-testdev-ioport", "pc-testdev-ioport-byte", "pci-conf-idx", "pci-conf-data", "rtc",
             "rtc-index", "isa-debugcon", "lpc-reset-control", "serial", "edu-mmio", "pc-testdev-iomem")
ACCESS = re.compile(rb"^memory_region_ops_(read|write) cpu \d+ mr \w+ addr 0x(\w+) value 0x(\w+) size (\d) name '(" +
                    "|".join(WITNESSES).encode() + rb")'$", re.M)


class Access:
    """One access that reached a device, as QEMU's trace has it; `(kind, port, width, value)` without the region."""

    def __init__(self, match):
        self.kind = match[1].decode()
        self.port, self.value, self.width = int(match[2], 16), int(match[3], 16), int(match[4])
        self.region = match[5].decode()
        if self.kind == "read":
            self.value &= (1 << 8 * self.width) - 1  # Nobody answers with 64 ones, whatever the width.

    def key(self):
        return self.kind, self.port, self.width, self.value


class Trace:
    """QEMU's trace of the accesses that reach devices, as a file that grows."""

    def __init__(self, path, monitor):
        self.path, self.monitor = path, monitor

    def mark(self):
        """A position in the trace: what is asked for later begins here."""
        self.monitor.execute("query-status")  # What the processor did before this answer is in the file.
        return os.path.getsize(self.path)

    def accesses(self, mark, *regions):
        """The accesses since `mark` to the named regions, in order."""
        end = self.mark()
        with open(self.path, "rb") as file:
            file.seek(mark)
            text = file.read(end - mark)
        found = [Access(match) for match in ACCESS.finditer(text)]
        return [access for access in found if access.region in regions]

    @contextlib.contextmanager
    def reads(self):
        """Reads are traced inside only: a guest that polls makes very many."""
        self.monitor.human("trace-event memory_region_ops_read on")
        try:
            yield
        finally:
            self.monitor.human("trace-event memory_region_ops_read off")


class Machine:
    """A QEMU made by qemu/launch: its serial lines are sockets and logs, its monitor and its trace the witnesses.

    `options` are launch's, `qemu` further arguments of QEMU; in both @ is the machine's directory, in which `prepare`
    may make files first. Without `testdev` there is neither pc-testdev nor a debug console. The line of the stub is the
    one named by `link`: "com1", or the chardev of that name among the arguments (see `chardev`).
    """

    def __init__(self, *options, qemu=(), link="com1", images=None, prepare=None, testdev=True):
        self.directory = tempfile.mkdtemp(prefix="kdio-")
        self.link = link
        self.process = self.monitor = None
        self.boot_s = FIRMWARE_BOOT_S if {"--image", "--usb", "--efi"} & set(options) else BOOT_S
        self.clients = []
        try:
            self.monitor = Monitor(self.path("qmp"))
            self.trace = Trace(self.path("trace"), self.monitor)
            if prepare:
                prepare(self.directory)
            self.start(self.placed(options), (self.test_devices() if testdev else []) + self.placed(qemu), images)
        except Exception as error:
            report = self.report()
            self.close()
            raise Failed(f"the machine does not start: {error}\n{report}") from error

    def path(self, name):
        return os.path.join(self.directory, name)

    def placed(self, arguments):
        return [argument.replace("@", self.directory) for argument in arguments]

    def test_devices(self):
        """The debug console comes after pc-testdev, whose ports e8 to eb it covers in part: the later device wins."""
        return ["-device", "pc-testdev", "-chardev", f"file,id=console,path={self.path('debugcon')}",
                "-device", "isa-debugcon,iobase=0xe9,chardev=console"]

    @staticmethod
    def chardev(name, directory="@"):
        """The chardev `name` as QEMU's option has it: a socket, whose output is also in NAME.log."""
        return f"socket,id={name},path={directory}/{name},server=on,wait=off,logfile={directory}/{name}.log"

    def start(self, options, qemu, images):
        serial = self.chardev("com1", self.directory).replace("id=com1,", "")
        arguments = [LAUNCH, "--parent", str(os.getpid()), "--serial", serial, "--trace", self.trace.path,
                     *options, "--", "-chardev", f"socket,id=qmp,path={self.path('qmp')}",
                     "-mon", "chardev=qmp,mode=control", *qemu]
        environment = dict(os.environ, KDIO_IMAGE_DIR=images or BUILD)
        with open(self.path("stderr"), "wb") as errors:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            env=environment)
        self.monitor.accept(self.process)

    @property
    def target(self):
        return f"unix,{self.path(self.link)}"

    def line(self, name=None):
        """All that the machine has sent on a serial line, frames included."""
        return read_text(self.path(f"{name or self.link}.log"))

    def poke(self, *arguments, **options):
        """A client; what it heard is part of the report."""
        options.setdefault("wait_s", self.boot_s)
        self.clients[:] = [Poke(options.pop("target", self.target), *arguments, **options)]
        return self.clients[0]

    def wait_exit(self, seconds=END_S):
        """QEMU's exit status, when it has ended by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"QEMU does not end within {seconds} s") from None

    def report(self):
        """What a person needs to find out why a test failed."""
        parts = [("launch and QEMU say", read_text(self.path("stderr"))),
                 (f"the line {self.link} says", repr(self.line()[-3000:])),
                 ("the trace ends", self.trace_end())]
        parts += [("a client says", client.said()) for client in self.clients]
        return "\n".join(f"  {title}:\n{tail(text)}" for title, text in parts if text)

    def trace_end(self):
        """The last of the trace, but for the interrupt controller's lines."""
        lines = read_text(self.path("trace"))[-100000:].splitlines()
        return "\n".join([line for line in lines if "apic" not in line][-TAIL_LINES:])

    def close(self):
        for client in self.clients:
            client.close()
        if self.process:
            end_process(self.process)
        if self.monitor:
            self.monitor.close()
        shutil.rmtree(self.directory, ignore_errors=True)  # Gone already when this is the second time.


class Poke:
    """The driver `poke`: one command a line, one reply a line, console text of the target in between.

    The console is what came so far; each reply has its length at that moment as `console_size`.
    """

    def __init__(self, target, *arguments, wait_s=BOOT_S, open_it=True):
        self.buffer, self.console, self.errors = b"", "", tempfile.TemporaryFile()
        self.process = subprocess.Popen([POKE, "--wait", str(wait_s * 1000), *arguments, target], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        self.opened = None
        if open_it:
            self.open(wait_s + REPLY_S)

    def open(self, seconds=BOOT_S):
        """The reply to the opening of the target, which must be good."""
        self.opened = self.reply(seconds)
        if self.opened["status"] != "DONE":
            self.close()
            raise Failed(f"the target does not open: {self.opened}")

    def said(self):
        self.errors.seek(0)
        return self.console + self.errors.read().decode("latin-1")

    def send(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()

    def object(self, deadline):
        while b"\n" not in self.buffer:
            wait_readable([self.process.stdout], deadline)
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failed(f"poke ended with {self.process.wait(END_S)}: {self.said()}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def reply(self, seconds=REPLY_S):
        deadline = Deadline(seconds, "poke's reply")
        while "console" in (message := self.object(deadline)):
            self.console += message["console"]
        message["console_size"] = len(self.console)
        return message

    def call(self, line, seconds=REPLY_S):
        self.send(line)
        return self.reply(seconds)

    def done(self, line, seconds=REPLY_S):
        """The reply to a command that must be done."""
        reply = self.call(line, seconds)
        if reply["status"] != "DONE":
            raise Failed(f"{line}: {reply}")
        return reply

    def all_done(self, lines):
        """The replies to many commands, a hundred under way at a time; the first failure ends it."""
        replies = []
        for first in range(0, len(lines), 100):
            self.send(*lines[first:first + 100])
            for line in lines[first:first + 100]:
                replies.append(self.reply())
                if replies[-1]["status"] != "DONE":
                    raise Failed(f"{line}, command {len(replies)} of {len(lines)}: {replies[-1]}")
        return replies

    def program(self, lines, kind="plain", seconds=REPLY_S):
        self.send("begin", *lines, f"end {kind}")
        return self.reply(seconds)

    def wait_console(self, pattern, start=0, seconds=REPLY_S):
        """The match of `pattern` in the console text from `start` on, once it is there."""
        deadline = Deadline(seconds, f"console text like {pattern!r}")
        while not (match := re.compile(pattern, re.M).search(self.console, start)):
            deadline.left()
            self.done("service 50")
        return match

    def close(self):
        end_process(self.process)
        for file in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                file.close()
        if not self.errors.closed:
            self.final = self.said()
            self.errors.close()
            self.said = lambda: self.final


def receive(end):
    """What a socket has to say; nothing when it has ended, whether in order or not."""
    try:
        return end.recv(4096)
    except ConnectionResetError:
        return b""


class Line:
    """A serial line in front of a machine's socket: it can be cut, and it can damage what it carries.

    `damage(bytes, to_target)` returns the bytes to pass on. `cut_after` is the number of bytes to the target after
    which the connection ends; once `deaf` is set, it hears nothing after the next answer of the target.
    """

    def __init__(self, path, target_path, damage=None):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.path, self.target_path = path, target_path
        self.damage = damage or (lambda data, to_target: data)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(4)
        self.wake_end, self.wake = socket.socketpair()
        self.plugged, self.connections = True, 0
        self.carried = 0
        self.cut_after = None
        self.deaf = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def target(self):
        return f"unix,{self.path}"

    def serve(self):
        while self.plugged:
            ready, _, _ = select.select([self.listener, self.wake_end], [], [])
            if self.wake_end in ready:
                return
            client = self.listener.accept()[0]
            self.connections += 1
            with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as target:
                target.connect(self.target_path)
                self.carry(client, target)

    def carry(self, client, target):
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # A client that was killed.
            self.carry_on(client, target)

    def carry_on(self, client, target):
        other = {client: target, target: client}
        while True:
            ready, _, _ = select.select([client, target, self.wake_end], [], [])
            if self.wake_end in ready:
                return
            for end in ready:
                data = receive(end)
                if not data:
                    return
                if end is client and self.cuts(len(data)):
                    target.sendall(data[:self.cut_after - self.carried])
                    self.cut_after = None
                    return
                if end is client:
                    self.carried += len(data)
                elif self.deaf:
                    self.deaf = False
                    client.shutdown(socket.SHUT_RD)
                other[end].sendall(self.damage(data, end is client))

    def cuts(self, size):
        return self.cut_after is not None and self.carried + size >= self.cut_after

    def close(self):
        self.plugged = False
        if self.thread.is_alive():
            self.wake.sendall(b"x")
            self.thread.join(END_S)
        for end in (self.listener, self.wake, self.wake_end):
            end.close()


class Hub(Line):
    """A serial server that lets several clients in at once. The target hears all of them; what it says goes to all, or,
    as with a switch, to the client that spoke last.
    """

    def __init__(self, path, target_path, switch=False):
        self.switch, self.last = switch, None
        super().__init__(path, target_path)

    def serve(self):
        clients = []
        with contextlib.ExitStack() as ends, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as target:
            target.connect(self.target_path)
            while True:
                ready, _, _ = select.select([self.listener, self.wake_end, target, *clients], [], [])
                if self.wake_end in ready:
                    return
                if self.listener in ready:
                    clients.append(ends.enter_context(self.listener.accept()[0]))
                self.share(target, clients, [end for end in ready if end in (target, *clients)])

    def share(self, target, clients, ready):
        for end in ready:
            data = receive(end)
            if end is not target:
                self.last = end
                if not data:
                    clients.remove(end)
            hearers = [client for client in clients if client is self.last or not self.switch]
            for other in (hearers if end is target else [target]):
                with contextlib.suppress(BrokenPipeError):  # It has ended, which is seen next.
                    other.sendall(data)


class Result:
    """What a run of the command left."""

    def __init__(self, process, output, errors, seconds):
        self.status, self.output, self.errors, self.seconds = process.returncode, output, errors, seconds

    @property
    def objects(self):
        return [json.loads(line) for line in self.output.splitlines()]

    def __repr__(self):
        return f"exit {self.status} after {self.seconds:.1f} s, output {self.output!r}, errors {self.errors!r}"


class Command:
    """A run of build/kdio that goes on while the test does something else."""

    def __init__(self, target, *arguments, text=None):
        self.start = time.monotonic()
        self.process = subprocess.Popen([COMMAND, "--target", target, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.text = text
        if text is not None:
            self.process.stdin.write(text.encode())
            self.process.stdin.close()
            self.process.stdin = None

    def result(self, seconds=REPLY_S):
        try:
            output, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            end_process(self.process)
            raise Failed(f"kdio does not end within {seconds} s") from None
        return Result(self.process, output.decode(), errors.decode(), time.monotonic() - self.start)

    def close(self):
        end_process(self.process)
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            if file:
                file.close()


def kdio(target, *arguments, text=None, seconds=REPLY_S):
    return Command(target, *arguments, text=text).result(seconds)


class SystemTest(unittest.TestCase):
    """A test that can tell what its machine saw (the runner asks for `report` when it fails)."""

    maxDiff = 4000
    machine = None

    def use(self, thing):
        """Closes `thing` when the test is over."""
        self.addCleanup(thing.close)
        return thing

    @classmethod
    def use_for_class(cls, thing):
        cls.addClassCleanup(thing.close)
        return thing

    def boot(self, *options, **more):
        self.machine = self.use(Machine(*options, **more))
        return self.machine

    def poke(self, *arguments, **options):
        """A client of the test's machine, for this test."""
        return self.use(self.machine.poke(*arguments, **options))

    def report(self):
        return self.machine.report() if self.machine else ""

    def command(self, *arguments, status=0, **options):
        """The result of a run of the command, which must end with `status`."""
        result = kdio(self.machine.target, *arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    def assert_accesses(self, accesses, expected, why=""):
        """The trace has exactly these accesses, in this order."""
        found = [access.key() for access in accesses]
        for index, (one, other) in enumerate(zip(found, expected)):
            self.assertEqual(one, other, f"access {index} of {len(expected)} {why}")
        self.assertEqual(len(found), len(expected), f"number of accesses {why}")
