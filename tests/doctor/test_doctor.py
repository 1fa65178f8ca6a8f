# SPDX-License-Identifier: MIT
"""`kdio doctor` against live lines: each finding, its exit status, and that unknown software gets nothing but OPEN.

$KDIO is the command, $KDIO_LINE a peer that is the real stub, and $KDIO_IMAGE_DIR has the boot target's kernel. As doctor spends its time waiting for bytes, the tests
run in several lanes. No test sleeps: each waits for a line, a byte or an exit, with a time limit.
"""

import concurrent.futures
import fcntl
import io
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

KDIO = os.path.abspath(os.environ["KDIO"])
LINE = os.path.abspath(os.environ["KDIO_LINE"])
TRANSCRIPTS = pathlib.Path(__file__).parent / "transcripts"

WELL, OF_TARGET, USAGE, OF_LINE = range(4)
LIMIT_S = 60  # No test waits longer for anything.
LANES = 6
OPEN_SIZE = 15
OPEN_FLOOR = 0xA0
NOBODY = 65534
MIDST = 1500  # Bytes to the target: the values are tried by then, and the measurement goes on.


class Result:
    """What a run of the command said."""

    def __init__(self, process, seconds):
        self.status, self.out, self.err, self.seconds = process.returncode, process.stdout, process.stderr, seconds

    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*words, program=KDIO, **more):
    start = time.monotonic()
    process = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=LIMIT_S, check=False, **more)
    return Result(process, time.monotonic() - start)


def examine(target, **more):
    return run("doctor", "--json", "--target", target, **more)


def transcript(name):
    """The finding and the bytes of a transcript."""
    data = b""
    finding = ""
    for line in (TRANSCRIPTS / name).read_text(encoding="ascii").splitlines():
        if line.startswith('"'):
            data += line[1:-1].encode("ascii").decode("unicode_escape").encode("latin-1")
        elif line.startswith("finding "):
            finding = line.split()[1]
    return finding, data


class Server:
    """A listening UNIX socket with one behaviour for whoever connects; keeps what they said, and when."""

    def __init__(self, test, name, behave):
        self.path = test.directory / name
        self.target = f"unix,{self.path}"
        self.behave = behave
        self.received = []
        self.accepted = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.socket.listen(8)
        test.addCleanup(self.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted.set()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                self.behave(self, connection)
            except OSError:
                pass

    def listen(self, connection):
        while data := connection.recv(4096):
            self.received.append((time.monotonic(), data))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def say(data):
    def behave(server, connection):
        connection.sendall(data)
        server.listen(connection)
    return behave


def echo(_, connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def hang_up(_, connection):
    connection.recv(4096)
    connection.sendall(b"Port already in use\r\n")


def forward(source, sink, change):
    try:
        while data := source.recv(4096):
            sink.sendall(change(data))
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def line_to(path, outward, inward):
    """A line to the peer at `path` that changes the bytes each way."""
    def behave(_, connection):
        with socket.socket(socket.AF_UNIX) as far:
            far.connect(path)
            back = threading.Thread(target=forward, args=(far, connection, inward), daemon=True)
            back.start()
            forward(connection, far, outward)
            back.join(LIMIT_S)
    return behave


def all_but(*values):
    return lambda data: bytes(byte for byte in data if byte not in values)


class Doctor(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kdio-doctor-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def peer(self, *words):
        """A peer of tests/lib as a process of its own; its gensio string."""
        process = subprocess.Popen([LINE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process = process
        target = process.stdout.readline().strip()

        def end():
            process.stdin.close()
            process.wait(LIMIT_S)
            process.stdout.close()
        self.addCleanup(end)
        return target

    def peer_path(self, *avoid):
        """The socket of a peer whose boot identifier has none of these bytes: each ANSWER carries it."""
        for _ in range(8):
            target = self.peer("stub")
            boot = json.loads(run("info", "--json", "--target", target).out)["stub"]["boot_id"]
            if not set(avoid) & set(boot.to_bytes(4, "little")):
                return target.split(",", 1)[1]
        self.fail("no such boot identifier")

    def assert_found(self, result, finding, status):
        """One object with the finding; where something is wrong an error too, and one line on standard error."""
        found = result.objects()
        self.assertEqual(found[0]["finding"], finding, result.err)
        self.assertEqual(result.status, status)
        self.assertEqual(len(found), 1 if status == WELL else 2)
        self.assertEqual(result.err.count("\n"), 0 if status == WELL else 1, result.err)
        self.assertEqual(bool(found[0]["advice"]), status != WELL)
        if status != WELL:
            self.assertTrue(result.err.startswith("kdio: "))
            self.assertIn(found[0]["text"], result.err)
            self.assertIn("nothing was done on the target", result.err)
        return found[0]

    # ---- No connection ----

    def test_no_such_device(self):
        for target in (f"unix,{self.directory}/none", f"serialdev,{self.directory}/none,115200n81"):
            self.assert_found(examine(target), "NO_DEVICE", OF_LINE)

    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            target = f"tcp,127.0.0.1,{unused.getsockname()[1]}"
            self.assert_found(examine(target), "NOBODY_LISTENS", OF_LINE)

    def test_what_is_no_serial_device(self):
        self.assert_found(examine(f"serialdev,{__file__},115200n81"), "NO_CONNECTION", OF_LINE)

    def test_what_gensio_does_not_understand(self):
        self.assert_found(examine("frob,nothing"), "BAD_TARGET", OF_LINE)

    def as_somebody_else(self, target):
        """Neither permissions nor exclusive use bind the superuser."""
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        self.directory.chmod(0o755)
        return examine(target, program=shutil.copy(KDIO, self.directory / "kdio"), **user)

    def pseudo_terminal(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        return slave, os.ttyname(slave)

    def test_permission(self):
        _, name = self.pseudo_terminal()
        os.chmod(name, 0)
        self.assert_found(self.as_somebody_else(f"serialdev,{name},115200n81"), "NO_PERMISSION", OF_LINE)

    def test_held_by_another_process(self):
        slave, name = self.pseudo_terminal()
        if os.getuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        fcntl.ioctl(slave, termios.TIOCEXCL)
        self.assert_found(self.as_somebody_else(f"serialdev,{name},115200n81"), "HELD", OF_LINE)

    def test_a_server_that_hangs_up(self):
        found = self.assert_found(examine(Server(self, "socket", hang_up).target), "CLOSED", OF_LINE)
        self.assertEqual(found["last_line"], "Port already in use")

    # ---- No stub ----

    PLAYED = ("silence", "loop-terminal", "text-kernel", "rate-text-115200-at-9600", "rate-hello-9600-at-115200",
              "kd-state-change", "kd-control", "gdb-console", "shell-uefi", "telnet-text", "seven-bits",
              "hello-one-way")
    OF_TARGETS = ("TEXT", "SHELL", "LOGIN", "GDB", "KD")

    def test_recordings_played_on_a_line(self):
        rows = [transcript(name) for name in self.PLAYED]
        servers = [Server(self, name, say(data)) for name, (_, data) in zip(self.PLAYED, rows)]
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
            results = list(pool.map(examine, [server.target for server in servers]))
        for name, (finding, data), result in zip(self.PLAYED, rows, results):
            with self.subTest(recording=name):
                status = OF_TARGET if finding in self.OF_TARGETS else OF_LINE
                found = self.assert_found(result, finding, status)
                self.assertEqual(found["received"], len(data))

    def test_unknown_software_gets_open_and_nothing_else(self):
        """L13: no control character but the delimiter and 0c, no letter, no digit; at most two a second."""
        names = ("login-agetty", "gdb-qemu", "kd-print", "shell-bash")
        servers = [Server(self, name, say(transcript(name)[1])) for name in names]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            results = list(pool.map(examine, [server.target for server in servers]))
        for name, server, result in zip(names, servers, results):
            with self.subTest(recording=name):
                self.assert_found(result, transcript(name)[0], OF_TARGET)
                self.assert_opens_alone(server.received)

    def assert_opens_alone(self, received):
        said = b"".join(data for _, data in received)
        frames = [said[at:at + OPEN_SIZE] for at in range(0, len(said), OPEN_SIZE)]
        self.assertGreater(len(frames), 2)
        for frame in frames:
            self.assertEqual((frame[:4], frame[-1:]), (b"\x00\xf5\x0c\xf0", b"\x00"))
            self.assertGreaterEqual(min(frame[3:-1]), OPEN_FLOOR)
        seconds = received[-1][0] - received[0][0]
        self.assertLessEqual(len(frames) - 1, seconds * 2 + 0.5)

    def test_a_loop(self):
        found = self.assert_found(examine(Server(self, "socket", echo).target), "LOOP", OF_LINE)
        self.assertGreater(found["received"], OPEN_SIZE)

    def test_a_getty_on_a_pseudo_terminal(self):
        getty = shutil.which("agetty", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
        self.assertIsNotNone(getty, "agetty is missing")
        found = self.assert_found(examine(f"pty,{getty} -L - vt100"), "LOGIN", OF_TARGET)
        self.assertRegex(found["last_line"], "login: $")

    def test_the_gdb_stub_of_qemu(self):
        path = self.directory / "gdb"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            process = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-display", "none", "-chardev",
                 f"socket,id=gdb,fd={listener.fileno()},server=on,wait=off", "-gdb", "chardev:gdb"],
                pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait, LIMIT_S)
        self.addCleanup(process.kill)
        found = self.assert_found(examine(f"unix,{path}"), "GDB", OF_TARGET)
        self.assertRegex(found["last_line"], r"^\$T02")

    # ---- A stub ----

    def test_another_version(self):
        result = examine(self.peer("version"))
        self.assert_found(result, "VERSION", OF_TARGET)
        self.assertIn("the stub 7 to 9, this host 1", result.err)

    def test_all_well(self):
        found = self.assert_found(examine(self.peer("stub")), "WELL", WELL)
        link = found["link"]
        self.assertEqual((link["eaten_to_target"], link["eaten_from_target"]), ([], []))
        self.assertEqual((link["frames"], link["damaged_to_target"], link["damaged_from_target"]), (128, 0, 0))
        self.assertGreater(link["bytes_per_second"], 10000)
        self.assertTrue(0 < link["rtt_us_min"] <= link["rtt_us_mean"] <= link["rtt_us_max"])

    def test_all_well_in_words(self):
        result = run("doctor", "--target", self.peer("stub"))
        self.assertEqual((result.status, result.err), (WELL, ""))
        for part in ("all is well", "all 256 values", "round trip", "bytes a second", "protocol version 1"):
            self.assertIn(part, result.out)

    EATING = (((0x11, 0x13), (), [0x11, 0x13], []), ((0x11, 0x13), (0x11, 0x13), [0x11, 0x13], []),
              ((), (0xFF,), [], [0xFF]), ((0x7F,), (0x1A,), [0x7F], [0x1A]))

    def test_lines_that_eat_bytes(self):
        """What the target never gets cannot be tried on the way back."""
        targets = []
        for number, (outward, inward, _, _) in enumerate(self.EATING):
            path = self.peer_path(*inward)
            targets.append(Server(self, f"socket{number}", line_to(path, all_but(*outward), all_but(*inward))).target)
        with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
            results = list(pool.map(examine, targets))
        for result, (outward, inward, eaten_out, eaten_in) in zip(results, self.EATING):
            with self.subTest(outward=outward, inward=inward):
                link = self.assert_found(result, "EATEN", OF_LINE)["link"]
                self.assertEqual((link["eaten_to_target"], link["eaten_from_target"]), (eaten_out, eaten_in))
                self.assertIn(f"{(eaten_out + eaten_in)[0]:02x}", result.err)

    def test_a_line_that_eats_what_every_answer_has(self):
        server = Server(self, "socket", line_to(self.peer_path(), all_but(), all_but(0x01)))
        self.assert_found(examine(server.target), "DAMAGED", OF_LINE)

    def test_a_line_that_doubles_bytes(self):
        """As a telnet server does with ff."""
        def change(data):
            return data.replace(b"\xff", b"\xff\xff")

        server = Server(self, "socket", line_to(self.peer_path(), change, all_but()))
        link = self.assert_found(examine(server.target), "EATEN", OF_LINE)["link"]
        self.assertEqual(link["eaten_to_target"], [0xFF])

    def test_heavy_loss(self):
        result = examine(self.peer("stub", "100"))
        link = self.assert_found(result, "LOSSY", OF_LINE)["link"]
        self.assertEqual(link["frames"], 128)
        self.assertGreater(link["sent_again"], 10)
        self.assertGreater(link["damaged_to_target"], 10)
        self.assertEqual(link["damaged_from_target"], 0)
        self.assertIn("frames were sent again", result.err)

    def test_a_little_loss_is_told_and_no_trouble(self):
        link = self.assert_found(examine(self.peer("stub", "1500")), "WELL", WELL)["link"]
        self.assertGreater(link["sent_again"] + link["damaged_to_target"], 0)

    def test_late_replies_are_no_loss(self):
        """Of each tenth request the reply is held back until the request has come again."""
        path = self.peer_path()
        lock = threading.Lock()
        count, requests, holds, held = 0, 0, False, b""

        def outward(data):
            nonlocal count, requests, holds
            with lock:
                count, requests = count + len(data), requests + 1
                holds = not holds and count > MIDST and requests % 10 == 0
            return data

        def inward(data):
            nonlocal held
            with lock:
                held += data
                whole = b"" if holds else held
                held = held[len(whole):]
            return whole
        link = self.assert_found(examine(Server(self, "socket", line_to(path, outward, inward)).target), "WELL",
                                 WELL)["link"]
        self.assertGreater(link["late"], 5)
        self.assertEqual(link["sent_again"], 0)

    def meanwhile(self, act):
        """A line on which something happens once, in the midst of the measurement; what doctor finds then."""
        path = self.peer_path()
        count = 0

        def outward(data):
            nonlocal count
            before, count = count, count + len(data)
            if before < MIDST <= count:
                act(f"unix,{path}")
            return data
        return examine(Server(self, "socket", line_to(path, outward, all_but())).target)

    def test_a_reset_meanwhile(self):
        self.assert_found(self.meanwhile(lambda _: self.process.stdin.write("reset\n")), "RESET", OF_TARGET)

    def test_another_host_meanwhile(self):
        def take(target):
            self.assertEqual(run("info", "--target", target).status, WELL)
        self.assert_found(self.meanwhile(take), "TAKEN", OF_LINE)

    def test_a_kernel_that_is_stopped(self):
        path = self.directory / "com1"
        launch = pathlib.Path(__file__).parents[2] / "qemu" / "launch"
        process = subprocess.Popen([launch, "--serial", f"unix:{path}", "--parent", str(os.getpid())],
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait, LIMIT_S)
        self.addCleanup(process.kill)
        target = f"unix,{path}"
        stop = run("--target", target, "--wait=30", "--json", ".break").objects()[0]
        place = "%08x`%08x" % divmod(stop["rip"], 1 << 32)
        result = examine(target)
        self.assertEqual(self.assert_found(result, "STOPPED", OF_TARGET)["kernel"], "break")
        self.assertIn(place, result.err)
        words = run("doctor", "--target", target).out
        self.assertRegex(words, rf"(?m)^kernel +break at {place}$")
        self.assertIn("`kdio g` lets it run", words)
        self.assertEqual(run("--target", target, "g").status, WELL)
        self.assertEqual(self.assert_found(examine(target), "WELL", WELL)["kernel"], "running")

    # ---- The command ----

    def test_usage(self):
        for words in (("doctor", "x"), ("-c", "doctor"), ("--from", "1", "doctor")):
            result = run(*words, "--target", f"unix,{self.directory}/none")
            self.assertEqual(result.status, USAGE, words)

    def test_words_and_advice(self):
        result = run("doctor", "--target", f"unix,{self.directory}/none")
        self.assertEqual(result.status, OF_LINE)
        self.assertRegex(result.out, r"(?m)^finding +there is no such device")
        self.assertEqual(result.out.count("\ntry "), 2)

    def test_an_interruption(self):
        server = Server(self, "socket", say(b""))
        process = subprocess.Popen([KDIO, "doctor", "--target", server.target], stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        self.assertTrue(server.accepted.wait(LIMIT_S))
        process.send_signal(signal.SIGINT)
        self.assertTrue(select.select([process.stderr], [], [], LIMIT_S)[0])
        self.assertRegex(process.stderr.readline(), "^kdio: .*interrupted")
        self.assertEqual(process.wait(LIMIT_S), -signal.SIGINT)


def run_lane(tests):
    stream = io.StringIO()
    passed = unittest.TextTestRunner(stream=stream).run(unittest.TestSuite(tests)).wasSuccessful()
    return passed, stream.getvalue()


def main():
    tests = list(unittest.defaultTestLoader.loadTestsFromTestCase(Doctor))
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        lanes = list(pool.map(run_lane, [tests[lane::LANES] for lane in range(LANES)]))
    print("\n".join(text for _, text in lanes))
    return 0 if tests and all(passed for passed, _ in lanes) else 1


if __name__ == "__main__":
    sys.exit(main())
