# SPDX-License-Identifier: MIT
"""The kdio command as a process: what it prints, its exit status, and what it leaves behind.

Three groups. FakeLibrary: the command linked with fake_target.c, whose log shows what would have been sent. DeadLine:
the command on lines where no stub answers. Qemu: the boot target in a private QEMU. $KDIO and $KDIO_FAKE name the
programs.
No test sleeps: each waits for a line, a byte or an exit, with a time limit.
"""

import concurrent.futures
import fcntl
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
import unittest

KDIO = os.path.abspath(os.environ.get("KDIO", "build/kdio"))
FAKE = os.path.abspath(os.environ.get("KDIO_FAKE", "build/tests/cmd/kdio-fake"))
LAUNCH = os.path.abspath("qemu/launch")

DONE, REFUSED, USAGE, LINK, PROTOCOL, SYSTEM = range(6)
LIMIT_S = 60  # No test waits longer for anything.
DEAD_LINE_S = 5.0  # The longest time on a line where no stub answers.
NOBODY = 65534


def clean_environment(**variables):
    """The environment, but for what the command itself looks at."""
    own = ("KDIO_TARGET", "KDIO_LAUNCH", "KDIO_QEMU_BOOT", "KDIO_FAKE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, **{name: str(value) for name, value in variables.items()}}


def read_to_end(terminal):
    """All that a terminal shows whose other end is closed."""
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            return shown


class Result:
    def __init__(self, process, seconds):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr
        self.seconds = seconds


def run(program, *words, text="", **variables):
    start = time.monotonic()
    process = subprocess.run([program, *words], input=text, capture_output=True, text=True, timeout=LIMIT_S,
                             env=clean_environment(**variables), check=False, encoding="latin-1")
    return Result(process, time.monotonic() - start)


class CommandTest(unittest.TestCase):
    """Rules that hold for every run of the command."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kdio-cmd-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def assert_done(self, result, out=""):
        self.assertEqual((result.status, result.out, result.err), (DONE, out, ""))

    def assert_failed(self, result, status, *parts):
        """One line on standard error, which starts with kdio: and says each of the parts."""
        self.assertEqual(result.status, status, result.err)
        self.assertEqual(result.err.count("\n"), 1, result.err)
        self.assertTrue(result.err.startswith("kdio: ") and result.err.endswith("\n"), result.err)
        for part in parts:
            self.assertIn(part, result.err)

    def file(self, text):
        path = self.directory / "script"
        path.write_text(text, encoding="latin-1")
        return str(path)


class FakeTest(CommandTest):
    """The command with fake_target.c."""

    def setUp(self):
        super().setUp()
        self.log = self.directory / "log"

    def fake(self, *words, text="", **variables):
        self.log.unlink(missing_ok=True)
        if "--target" not in words:
            variables.setdefault("KDIO_TARGET", "fake,line")
        return run(FAKE, *words, text=text, KDIO_FAKE_LOG=self.log, **variables)

    def sent(self):
        """What reached the target, without opening and closing; None when it was not even opened."""
        if not self.log.exists():
            return None
        lines = self.log.read_text(encoding="latin-1").splitlines()
        self.assertEqual(lines[-1], "close")
        return [line for line in lines[1:-1] if not line.startswith("run ")]

    def assert_refused_unsent(self, words, status, *parts, **variables):
        with self.subTest(words=words):
            self.assert_failed(self.fake(*words, **variables), status, "nothing was sent", *parts)
            self.assertIsNone(self.sent())

    def on_a_terminal(self, *words, typed=b"", **variables):
        """What a terminal shows on which the command reads and writes all, and the exit status."""
        terminal, slave = os.openpty()
        self.addCleanup(os.close, terminal)
        os.write(terminal, typed)
        environment = clean_environment(KDIO_TARGET="fake,line", KDIO_FAKE_LOG=self.log, **variables)
        process = subprocess.run([FAKE, *words], stdin=slave, stdout=slave, stderr=slave, timeout=LIMIT_S,
                                 env=environment, check=False)
        os.close(slave)
        return process.returncode, read_to_end(terminal)

    def start(self, *words, until=b"blocked\n", **variables):
        """A process that has come as far as that line of its log: that its operation waits."""
        self.log.unlink(missing_ok=True)
        os.mkfifo(self.log)
        process = subprocess.Popen([FAKE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env=clean_environment(KDIO_FAKE_LOG=self.log, KDIO_TARGET="fake,line", **variables))
        self.addCleanup(process.kill)
        keeper = os.open(self.log, os.O_RDWR)  # So that the log has no end while nobody writes.
        self.addCleanup(os.close, keeper)
        read_until(keeper, until)
        return process


class FakeLibrary(FakeTest):
    # ---- Bad input: nothing is sent ----

    def test_usage_errors_send_nothing(self):
        for words in (["xx"], ["ob"], ["ob", "80"], ["ob", "80", "1", "2"], ["ib"], ["ib", "80", "1"],
                      ["ob", "80", "5g"], ["ob", "0x", "1"], ["ob", "", "1"], ["ob", "80", "-1"], ["ib", "80 "],
                      ["ib", "1" + 16 * "0"],
                      ["info", "1"], ["run"], ["run", "a", "b"], ["console", "x"], [], ["--frob", "ib", "80"],
                      ["-x", "ib", "80"], ["ib", "80", "--json=1"], ["ib", "80", "--target"], ["--wait=x", "ib", "80"],
                      ["--wait=4294968", "ib", "80"], ["--from", "0", "run", "-"], ["--from", "1", "ib", "80"],
                      ["--deny", "x", "ib", "80"], ["--deny", "81-80", "ib", "80"], ["-c", "ib 80", "ib", "80"],
                      ["-c", "ib 80; xx"], ["-c", "{ ib 80"], ["-c", "ib 80", "-c", "ib 80"], ["help", "xx"],
                      ["xx", "--help"], ["a\nb"], ["\x1b[2J"]):
            self.assert_refused_unsent(words, USAGE)

    def test_usage_errors_say_what_was_probably_meant(self):
        for word, meant in (("in", "ib, iw or id"), ("inb", "ib"), ("INW", "iw"), ("inl", "id"), ("outb", "ob"),
                            ("out", "ob, ow or od"), ("outw", "ow"), ("outl", "od"), ("version", "--version")):
            self.assert_refused_unsent([word, "80"], USAGE, f"unknown command '{word}' (did you mean {meant}?)")
        for words, said in ((["ob 80 55"], "use -c"), (["{ ib 70; ib 71 }"], "use -c"), (["ib 80; ib 81"], "use -c"),
                            (["-c", "outb 80 1"], "-c:1: unknown command 'outb' (did you mean ob?)"),
                            (["-c", ""], "-c: no command"), (["-c", " ; # x"], "-c: no command"),
                            (["--wait", "5", "info"], "unknown command '5' (`kdio help` lists them) "
                                                       "(did you mean --wait=5, with =?)"),
                            (["info", "--wait", "5"], "--wait=5, with ="),
                            (["-c", "ib 80", "--wait", "5"], "--wait=5, with =")):
            self.assert_refused_unsent(words, USAGE, said)
        for words in (["frob", "80"], ["frob 80"], ["--wait", "frob"]):
            self.assert_refused_unsent(words, USAGE, f"{words[-1] if words[0][0] == '-' else words[0]}' (`kdio help`")
        self.assert_done(self.fake("ib", "--wait", "80"), "00000080: 80\n")

    def test_refusals_send_nothing(self):
        for words, part in ((["ob", "80", "100"], "wider"), (["ow", "80", "10000"], "wider"),
                            (["od", "80", "100000000"], "wider"), (["od", "cf8", "ffffffff`80000000"], "wider"),
                            (["ob", "10000", "1"], "0xffff"), (["ib", "ffffffffffffffff"], "0xffff"),
                            (["iw", "ffff"], "port"), (["id", "fffe"], "port"), (["iw", "81"], "multiple"),
                            (["id", "82"], "multiple"), (["od", "81", "1"], "multiple"),
                            (["--deny", "80", "ob", "80", "1"], "deny"), (["ib", "80", "--deny=70-8f"], "deny"),
                            (["--deny", "safe", "ob", "cf9", "6"], "deny"), (["--deny", "1,83", "id", "80"], "deny"),
                            (["--read-only", "ob", "80", "1"], "read-only"),
                            (["-c", "ib 80; ob 80 1", "--read-only"], "-c:2:")):
            self.assert_refused_unsent(words, REFUSED, part)

    def test_a_number_that_was_meant_as_decimal_gets_a_hint(self):
        for words, said in ((["ob", "80", "255"], "kdio: ob 80 255: value is wider than the access "
                                                   "(numbers are hexadecimal; 0n255 is decimal); nothing was sent"),
                            (["ow", "80", "65535"], "0n65535 is decimal"), (["ib", "65535"], "0n65535 is decimal"),
                            (["od", "80", "4294967295"], "0n4294967295 is decimal"),
                            (["-c", "ib 80; ob 80 128"], "0n128 is decimal")):
            self.assert_refused_unsent(words, REFUSED, said)
        for words, said in ((["ob", "80", "256"], "ob 80 256: "), (["ob", "80", "1f0"], "ob 80 1f0: "),
                            (["ob", "80", "0x255"], "ob 80 0x255: "), (["ob", "0n128", "0n256"], "ob 0n128 0n256: "),
                            (["iw", "99"], "iw 99: ")):
            self.assert_refused_unsent(words, REFUSED, f"kdio: {said}")
            self.assertNotIn("decimal", self.fake(*words).err)

    def test_a_script_is_checked_whole_before_anything_is_sent(self):
        for text, status, place in (("ib 80\nob 80 155\n", REFUSED, ":2: ob 80 155"), ("ib 80\n\nxx\n", USAGE, ":3: "),
                                    ("ob 80 155\nxx\n", USAGE, ":2: "), ("ib 80\n{\nib 80\n", USAGE, ":2: "),
                                    ("ib 80\nrun x\n", USAGE, ":2: "), ("ib 80\n}\n", USAGE, ":2: "),
                                    ("ib 80\0\n", USAGE, ":1: ")):
            self.assert_refused_unsent(["run", self.file(text)], status, place)
            self.assert_refused_unsent(["--json", "run", self.file(text)], status, place)

    def test_the_links_own_uart_is_found_before_anything_is_done(self):
        for words, place in ((["ob", "3f8", "1"], "ob 3f8 1: "), (["id", "3fc"], "id 3fc: "),
                             (["ib", "3ff"], "ib 3ff: "), (["-c", "ob 80 1; ib 3fd"], "-c:2: ib 3fd: ")):
            self.assert_failed(self.fake(*words), REFUSED, f"kdio: {place}", "link's own UART; nothing was done\n")
            self.assertEqual(self.sent(), [])
        self.assert_done(self.fake("-c", "ob 3f7 1; ob 400 1"))

    def test_a_script_that_cannot_be_read(self):
        self.assert_refused_unsent(["run", str(self.directory / "none")], SYSTEM, "No such file")
        self.assert_refused_unsent(["run", str(self.directory)], SYSTEM, "directory")

    def test_a_bad_boot_choice_or_launcher_of_the_private_qemu(self):
        missing = str(self.directory / "none")
        for variables, status in (({"KDIO_LAUNCH": missing}, SYSTEM),
                                  ({"KDIO_LAUNCH": "/bin/true", "KDIO_QEMU_BOOT": "x"}, USAGE)):
            result = self.fake("--target", "qemu", "ib", "80", **variables)
            self.assert_failed(result, status, "qemu", "nothing was sent")
            self.assertFalse(self.log.exists())

    # ---- Results ----

    def test_reads_print_a_line_in_the_width_of_the_access(self):
        self.assert_done(self.fake("ib", "80"), "00000080: 80\n")
        self.assert_done(self.fake("IW", "0x80"), "00000080: 8080\n")
        self.assert_done(self.fake("-c", "ib 1; iw 2; id 4; ib ffff"),
                         "00000001: 01\n00000002: 0202\n00000004: 04040404\n0000ffff: ff\n")
        self.assert_done(self.fake("-c", "ib 0; iw 0; id 0"), "00000000: 00\n00000000: 0000\n00000000: 00000000\n")
        self.assert_done(self.fake("id", "0n128"), "00000080: 80808080\n")
        self.assertEqual(self.sent(), ["in32 80 80808080"])

    def test_writes_print_nothing(self):
        for words, line in ((["ob", "80", "55"], "out8 80 55"), (["ow", "cf8", "0n65535"], "out16 cf8 ffff"),
                            (["Od", "cf8", "80000000"], "out32 cf8 80000000"), (["OB", "80h", "0y101"], "out8 80 5")):
            self.assert_done(self.fake(*words))
            self.assertEqual(self.sent(), [line])

    def test_json_is_one_object_a_result(self):
        result = self.fake("--json", "-c", "ob 80 55; ib 71; info")
        write, read, info = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual(write, {"line": 1, "command": "ob", "port": 0x80, "width": 1, "value": 0x55})
        self.assertEqual(read, {"line": 2, "command": "ib", "port": 0x71, "width": 1, "value": 0x71})
        self.assertEqual(info["stub"]["capabilities"], ["port", "polled"])
        self.assertEqual(info["counters"]["uart_base"], 0x3f8)
        self.assertEqual(info["link"]["operations"], 2)
        self.assertEqual([info["link"][f"rtt_us_{which}"] for which in ("min", "mean", "max")], [857, 1117, 1377])
        self.assertEqual((info["stub"]["burst"], info["stub"]["previous_session"]), (0, 0))

    def test_json_of_errors(self):
        for words, exit_status, class_ in ((["ob", "80", "155"], REFUSED, "refused"), (["--frob"], USAGE, "usage"),
                                           (["run", "/none"], SYSTEM, "system")):
            result = self.fake("--json", *words)
            self.assert_failed(result, exit_status)
            error = json.loads(result.out)["error"]
            self.assertEqual((error["exit"], error["class"], error["outcome"]), (exit_status, class_, "not done"))
            self.assertIn(error["text"], result.err)

    def test_info_names_what_the_stub_told(self):
        result = self.fake("info")
        for part in ("kdio fake", "UART at            3f8", "polled: no interrupt", "previous session   none\n",
                     "burst limit        none\n", "round trip         857/1117/1377 us, least/mean/most\n",
                     "requests in the previous session 0\n", "boot               00000000\n"):
            self.assertIn(part, result.out)
        self.assertEqual(result.out.count("round trip"), 1)
        result = self.fake("info", KDIO_FAKE_BURST=16, KDIO_FAKE_PREVIOUS=171)
        for part in ("previous session   000000ab\n", "burst limit        16 bytes\n"):
            self.assertIn(part, result.out)

    def test_results_that_cannot_be_written_are_an_error(self):
        for words, sent in ((["ib", "80"], ["in8 80 80"]), (["-c", "ib 80; info; ib 81"], ["in8 80 80"]),
                            (["info"], []), (["--help"], None)):
            self.log.unlink(missing_ok=True)
            with open("/dev/full", "w", encoding="ascii") as full:
                process = subprocess.run([FAKE, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                         timeout=LIMIT_S,
                                         env=clean_environment(KDIO_TARGET="fake,line", KDIO_FAKE_LOG=self.log))
            self.assert_failed(Result(process, 0), SYSTEM, "No space left")
            self.assertEqual(self.sent(), sent)

    def test_a_closed_pipe_is_an_error_that_says_what_was_done(self):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.run([FAKE, "ib", "80"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
                                 timeout=LIMIT_S, env=clean_environment(KDIO_TARGET="fake,line"))
        os.close(writer)
        self.assert_failed(Result(process, 0), SYSTEM, "is done", "Broken pipe")

    # ---- Scripts ----

    def test_a_script_runs_in_order_over_one_connection(self):
        path = self.file("# top\nob 80 1\n\n{  # together\now 70 2\nib 71\n}\nib 80 # end\ninfo\nob 80 3")
        result = self.fake("run", path)
        self.assertEqual(result.status, DONE)
        self.assertTrue(result.out.startswith("00000071: 71\n00000080: 80\nkdio fake\n"))
        self.assertEqual(self.log.read_text().splitlines()[1:],
                         ["run plain 1", "out8 80 1", "run atomic 2", "out16 70 2", "in8 71 71", "run plain 1",
                          "in8 80 80", "run plain 1", "out8 80 3", "close"])

    def test_standard_input_is_a_script(self):
        self.assert_done(self.fake("run", "-", text="ib 80\nib 81"), "00000080: 80\n00000081: 81\n")

    def test_an_empty_script_needs_no_target(self):
        self.assert_done(self.fake("run", "-", text="# nothing\n"))
        self.assertIsNone(self.sent())

    def test_from_goes_on(self):
        path = self.file("ob 80 1\n# a comment\nob 80 3\n{\nob 80 5\nob 80 6\n}\n")
        for line, values in ((1, "1356"), (2, "356"), (3, "356"), (4, "56"), (6, "6")):
            self.assert_done(self.fake("run", path, "--from", str(line)))
            self.assertEqual(self.sent(), [f"out8 80 {value}" for value in values])
        self.assert_refused_unsent(["run", path, "--from", "7"], USAGE, "line 7")

    def test_lines_before_from_are_not_judged_by_the_lists(self):
        path = self.file("ob 70 1\nob 80 1\n")
        self.assert_done(self.fake("run", path, "--from", "2", "--deny", "70"))

    def test_long_scripts_go_in_batches(self):
        count = 2500
        self.assert_done(self.fake("run", "-", text="ob 80 1\n" * count))
        self.assertEqual(self.sent(), ["out8 80 1"] * count)
        self.assertEqual(self.log.read_text().count("run plain"), 3)

    def test_a_failure_names_its_line_and_the_first_not_known_to_be_done(self):
        path = self.file("ib 80\n\nob 81 1\n{\nib 82\nib 83\n}\n")
        for index, line in ((0, 1), (1, 3), (2, 5), (3, 6)):
            for status, exit_status in (("TIMEOUT", LINK), ("FAULT", REFUSED), ("BAD_REPLY", PROTOCOL)):
                result = self.fake("run", path, KDIO_FAKE_FAIL=f"{index}:{status}:unknown")
                self.assert_failed(result, exit_status, f"{path}:{line}: ", f"not known to be done: {line}\n")
                self.assertEqual(len(self.sent()), index)

    def test_json_of_a_failure_in_a_script(self):
        path = self.file("ib 80\nob 81 1\n")
        result = self.fake("--json", "run", path, KDIO_FAKE_FAIL="1:TIMEOUT:unknown")
        read, failure = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual((read["line"], read["value"]), (1, 0x80))
        expected = {"line": 2, "resume_line": 2, "outcome": "unknown", "status": "TIMEOUT", "exit": LINK}
        self.assertEqual({name: failure["error"][name] for name in expected}, expected)

    def test_a_lost_connection_is_asked_about(self):
        path = self.file("ob 80 1\nob 81 1\nob 82 1\n")
        for known, line in ((1, 2), (2, 3)):
            result = self.fake("run", path, KDIO_FAKE_FAIL="1:LOST:unknown", KDIO_FAKE_RESOLVE=known)
            self.assert_failed(result, LINK, f"{path}:2: ", f"not known to be done: {line}\n", "after reconnecting")
        result = self.fake("run", path, KDIO_FAKE_FAIL="1:LOST:unknown")
        self.assert_failed(result, LINK, "outcome unknown", "not known to be done: 2\n")
        self.assertIn("resolve", self.sent())

    def test_a_private_qemu_is_never_started_twice(self):
        result = self.fake("--target", "qemu", "ob", "80", "1", KDIO_FAKE_FAIL="0:LOST:unknown",
                           KDIO_LAUNCH="/bin/true")
        self.assert_failed(result, LINK, "outcome unknown")
        self.assertNotIn("resolve", self.sent())

    def test_an_atomic_program_that_is_too_large_is_refused(self):
        result = self.fake("-c", "ib 80; { ib 81; ib 82; ib 83 }", KDIO_FAKE_PROGRAM_MAX="2")
        self.assert_failed(result, REFUSED, "-c:2: ", "larger", "not known to be done: 2\n")
        self.assertEqual(self.sent(), ["in8 80 80"])

    # ---- Options ----

    def test_the_target_comes_from_the_option_then_the_environment_then_qemu(self):
        self.fake("--target", "unix,/one", "ib", "80", KDIO_TARGET="unix,/two")
        self.assertIn("open unix,/one wait 0 ", self.log.read_text())
        self.fake("ib", "80", KDIO_TARGET="unix,/two")
        self.assertIn("open unix,/two wait 0 ", self.log.read_text())
        self.fake("ib", "80", KDIO_TARGET="", KDIO_LAUNCH="/bin/true")
        self.assertIn('open stdio(noredir-stderr),"/bin/true" --efi --serial stdio --parent ', self.log.read_text())

    def test_the_private_qemu_has_a_minute_and_one_attempt(self):
        self.fake("--target", "qemu", "ib", "80", "--wait=3", KDIO_LAUNCH="/bin/true", KDIO_QEMU_BOOT="kernel")
        self.assertRegex(self.log.read_text(), r"^open .* --kernel --serial stdio .* wait 0 open 60000\n")

    def test_the_private_qemu_is_called_qemu(self):
        """Also where the launcher's path is so long that the library's text is cut."""
        launchers = [self.directory / name for name in ("launch", "x" * 200)]
        for launcher in launchers:
            launcher.symlink_to("/bin/true")
            for status, text in (("NO_ANSWER", "nothing answers"), ("INTERRUPTED", "interrupted while booting"),
                                 ("LOST", "QEMU ended before its stub answered (see above)")):
                result = self.fake("--target", "qemu", "ib", "80", KDIO_LAUNCH=launcher, KDIO_FAKE_OPEN=status)
                self.assertEqual(result.err, f"kdio: qemu: {text}; nothing was done\n")

    def test_a_path_is_a_socket_or_a_device(self):
        path = self.directory / "socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        self.assert_done(self.fake("--target", str(path), "ob", "80", "1"))
        self.assertIn(f"open unix,{path} wait", self.log.read_text())
        self.assert_done(self.fake("ob", "80", "1", KDIO_TARGET="./" + os.path.relpath(path)))
        self.assertIn(f"open unix,./{os.path.relpath(path)} wait", self.log.read_text())
        self.assert_done(self.fake("ob", "80", "1", KDIO_TARGET="/dev/null"))
        self.assertIn("open serialdev,/dev/null,115200n81 wait", self.log.read_text())
        self.assert_refused_unsent(["--target", f"{path}x", "ob", "80", "1"], LINK, "no such socket or device")

    def test_what_is_no_target_string_is_refused(self):
        no_target = "no target string: write unix,PATH or tcp,HOST,PORT or serialdev,/dev/ttyUSB0,115200n81 (gensio(5)"
        for name, hint in (("com1", "lists all); nothing"), ("", "kdio: '': "), ("QEMU", ""), ("/dev", ""), ("./", ""),
                           (self.file(""), ""), ("com:port=COM1,baud=115200", "com:... belongs to AttachKernel"),
                           ("COM:port=1", "AttachKernel")):
            self.assert_refused_unsent(["--target", name, "ob", "80", "1"], REFUSED, f"{name}: " if name else "",
                                       no_target, hint)
            self.assertEqual(json.loads(self.fake("--json", "--target", name, "doctor").out)["error"]["class"],
                             "refused")

    def test_wait(self):
        self.fake("--wait=3", "ib", "80")
        self.assertIn("open fake,line wait 3000 ", self.log.read_text())
        self.fake("ib", "80", "--wait")
        self.assertIn(f"open fake,line wait {7 * 24 * 3600 * 1000} ", self.log.read_text())

    def test_baud(self):
        self.assert_done(self.fake("--baud", "921600", "ib", "80"), "00000080: 80\n")
        self.assertEqual(self.sent(), ["baud 921600", "in8 80 80"])
        for rate in ("0", "x", "4294967296", "0x100", "-1"):
            self.assert_refused_unsent(["--baud", rate, "ib", "80"], USAGE,
                                       f"--baud: '{rate}' is not a rate in decimal")

    def test_console_text_goes_where_it_is_told(self):
        self.assert_done(self.fake("ib", "80"), "00000080: 80\n")
        path = self.directory / "text"
        self.assert_done(self.fake("ib", "80", "--console", str(path)), "00000080: 80\n")
        self.assertEqual(path.read_bytes(), b"hello \xff\n")
        self.assertEqual(self.fake("ib", "80", "--console", "-").err, "hello \xff\n")
        for option in ("--console", "--capture"):
            self.assert_refused_unsent(["ib", "80", option, "/none/x"], SYSTEM, "/none/x: No such file or directory; ")

    def test_the_console_says_on_a_terminal_how_it_ends(self):
        status, shown = self.on_a_terminal("console", typed=b"\x04")
        self.assertEqual(status, DONE)
        self.assertIn(b"kdio: console of fake,line; ^C ends it, and ^D once the kernel is quiet\r\n", shown)
        self.assert_done(self.fake("console"))

    def test_the_console_ends_when_another_host_takes_the_line(self):
        self.assert_failed(self.fake("console", KDIO_FAKE_LOSS="TAKEN"), LINK, "another host took the line over")

    def test_the_console_asks_whether_the_stub_is_still_there(self):
        for status, exit_status, said in (("TAKEN", LINK, "another host took the line over; all that was typed had"),
                                          ("TIMEOUT", LINK, "no answer in time; all that was typed had arrived"),
                                          ("UNSUPPORTED", DONE, ""), ("DONE", DONE, "")):
            with self.subTest(status=status):
                process = self.start("console", until=b"stats\n", KDIO_FAKE_STATS=status)
                _, err = process.communicate(timeout=LIMIT_S)
                self.assertEqual((process.returncode, said in err), (exit_status, True), err)

    def test_the_console_tells_a_stop_once(self):
        process = self.start("console", until=b"stop\nstats\nstop\n", KDIO_FAKE_STATS="DONE", KDIO_FAKE_STOPPED="1")
        _, err = process.communicate(timeout=LIMIT_S)
        self.assertRegex(err, r"^kdio: the kernel is stopped \(breakpoint at 00000001`23456789\): [^\n]*`kdio g`[^\n]*\n$")
        self.assertEqual(process.returncode, DONE)

    def test_a_terminal_shows_what_is_waited_for(self):
        shown = self.on_a_terminal("--wait=9", "ob", "80", "1")
        self.assertEqual(shown, (DONE, b"\r\x1b[Kwaiting for fake,line: 0 s\r\x1b[K"))

    def test_statistics_come_with_v(self):
        for option in ("-v", "--verbose"):
            result = self.fake(option, "ib", "80")
            self.assertRegex(result.err, r"^kdio: link: .*round trip.*\n$")

    def test_expected_loss_is_success(self):
        for status in ("LOST", "RESET", "TIMEOUT"):
            self.assert_done(self.fake("--expect-reset", "ob", "cf9", "6", KDIO_FAKE_FAIL=f"0:{status}:unknown"))
            self.assert_done(self.fake("--expect-reset", "ob", "cf9", "6", KDIO_FAKE_LOSS=status))

    def test_expected_loss_is_that_of_the_last_command(self):
        words = ["--expect-reset", "-c", "ob 80 1; ob 80 2; ob cf9 6"]
        self.assert_done(self.fake(*words, KDIO_FAKE_FAIL="2:LOST:unknown"))
        self.assertIn("run plain 2\n", self.log.read_text())
        self.assert_failed(self.fake(*words, KDIO_FAKE_FAIL="1:LOST:unknown"), LINK, "-c:2: ")

    def test_other_failures_are_no_expected_loss(self):
        for status, exit_status in (("TAKEN", LINK), ("DENIED", REFUSED), ("BAD_REPLY", PROTOCOL)):
            self.assert_failed(self.fake("--expect-reset", "ob", "cf9", "6", KDIO_FAKE_FAIL=f"0:{status}:unknown"),
                               exit_status)

    def test_a_target_that_stays_is_a_failure_of_expect_reset(self):
        self.assert_failed(self.fake("--expect-reset", "ob", "80", "6"), REFUSED, "still there")

    def test_each_class_has_its_exit_status(self):
        for status, exit_status in (("NO_CONNECTION", LINK), ("NO_ANSWER", LINK), ("NOT_KDIO", LINK),
                                    ("VERSION", PROTOCOL), ("SYSTEM", SYSTEM), ("BAD_ARGUMENT", REFUSED)):
            self.assert_failed(self.fake("ib", "80", KDIO_FAKE_OPEN=status), exit_status)

    # ---- Doctor ----

    def test_doctor_opens_no_target_and_ends_by_whose_the_trouble_is(self):
        for finding, status in ((0, DONE), (1, LINK), (3, LINK), (18, REFUSED), (23, REFUSED)):
            with self.subTest(finding=finding):
                result = self.fake("doctor", KDIO_FAKE_FINDING=finding)
                self.assertEqual(result.status, status, result.err)
                self.assertIn("finding ", result.out)
                self.assertEqual(self.log.read_text(encoding="latin-1"), "examine fake,line\n")

    def test_doctor_without_a_finding(self):
        self.assert_failed(self.fake("doctor", KDIO_FAKE_OPEN="INTERRUPTED"), SYSTEM, "interrupted")
        self.assert_failed(self.fake("doctor", "--json", KDIO_FAKE_OPEN="NO_MEMORY"), SYSTEM, "out of memory")

    def test_doctor_awaits_no_loss(self):
        self.assert_done(self.fake("doctor", "--expect-reset", "--json"),
                         '{"command":"doctor","advice":[],"finding":"WELL","text":"all is well","detail":"",'
                         '"received":0,"last_line":""}\n')

    # ---- Help ----

    def test_help_is_an_overview(self):
        for words in (["--help"], ["-h"], ["help"], ["--help", "--target", "x"]):
            result = self.fake(*words)
            self.assertEqual((result.status, result.err), (DONE, ""))
            lines = result.out.splitlines()
            self.assertLessEqual(len(lines), 40)
            self.assertLessEqual(max(map(len, lines)), 80)
            self.assertIsNone(self.sent())

    def test_every_command_has_help(self):
        overview = self.fake("help").out
        groups = re.findall(r"^  ([a-z]+)  +(.*\n(?:             .*\n)*)", overview.split("Options:")[0], re.M)
        self.assertEqual([name for name, _ in groups],
                         ["ports", "programs", "processor", "memory", "pci", "control", "session"])
        names = [name for _, text in groups for name in text.split()]
        self.assertTrue({"ob", "checkq", "rdmsr", "!dq", ".restore", "!ecd", "help"} <= set(names))
        for name in names:
            pages = {self.fake(*words).out for words in (["help", name], [name, "--help"], ["--help", name.upper()])}
            self.assertEqual(len(pages), 1)
            page = pages.pop()
            self.assertTrue(page.startswith("usage: kdio "))
            self.assertIn(name, page.splitlines()[0])
            self.assertLessEqual(max(map(len, page.splitlines())), 80)

    def test_every_group_has_help(self):
        for name in ("ports", "programs", "processor", "memory", "pci", "session", "MEMORY"):
            result = self.fake("help", name)
            self.assertEqual((result.status, result.err), (DONE, ""))
            self.assertLessEqual(max(map(len, result.out.splitlines())), 80)
        self.assertEqual(self.fake("help", "pci").out,
                         "  !pci [-a] [BUS DEV FN]        list the PCI functions, or show one in detail\n"
                         "  !dcb !dcw !dcd BUS.DEV.FN OFFSET [L COUNT]\n"
                         "                                read PCI configuration\n"
                         "  !ecb !ecw !ecd BUS.DEV.FN OFFSET VALUE\n"
                         "                                write PCI configuration\n")

    def test_version(self):
        self.assert_done(self.fake("--version"), "kdio fake\n")

    # ---- Signals ----

    def test_signals_say_what_is_known_and_then_kill(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.start("-c", "ib 80; ib 81; ib 82", KDIO_FAKE_BLOCK=1)
                process.send_signal(number)
                out, err = process.communicate(timeout=LIMIT_S)
                self.assertEqual(process.returncode, -number)
                self.assertEqual(out, "00000080: 80\n")
                self.assertRegex(err, r"^kdio: -c:2: .*interrupted.*first line not known to be done: 2\n$")

    def test_a_signal_while_standard_input_is_read(self):
        process = subprocess.Popen([FAKE, "run", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=clean_environment(KDIO_TARGET="fake,line"))
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        wait_for_read(process.pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT_S), -signal.SIGTERM)
        self.assertRegex(process.stderr.read(), r"^kdio: interrupted.*nothing was sent\n$")
        process.stderr.close()

    def test_a_signal_that_is_ignored_stays_ignored(self):
        """nohup ignores SIGHUP for the programs that it starts."""
        previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            process = self.start("ib", "80", KDIO_FAKE_BLOCK=0)
        finally:
            signal.signal(signal.SIGHUP, previous)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        ignored = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:"))
        real = ignored & (1 << 31) - 1  # Those above are the C library's, and its parents'.
        self.assertEqual(real, 1 << (signal.SIGHUP - 1))
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.communicate(timeout=LIMIT_S), process.returncode)[1], -signal.SIGTERM)


def wait_for_read(pid):
    """Waits until the process sleeps in read() of descriptor 0."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        words = pathlib.Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()
        if words[:2] == ["0", "0x0"]:
            return
        os.sched_yield()
    raise TimeoutError("the process does not read")


def read_until(descriptor, end):
    """Reads until the bytes `end` have come."""
    data = b""
    deadline = time.monotonic() + LIMIT_S
    while end not in data:
        ready, _, _ = select.select([descriptor], [], [], deadline - time.monotonic())
        chunk = os.read(descriptor, 4096) if ready else b""
        if not chunk:
            raise TimeoutError(f"{end} did not come, only {data[-200:]}")
        data += chunk
    return data


def kill_quietly(descriptor):
    """Of a process that should be gone by then."""
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Server:
    """A listening socket with one behaviour for whoever connects."""

    def __init__(self, path, behave):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(8)
        self.behave = behave
        self.accepted = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            with connection:
                try:
                    self.behave(connection)
                except OSError:
                    pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def say_nothing(connection):
    while connection.recv(4096):
        pass


def say(data):
    def behave(connection):
        connection.sendall(data)
        say_nothing(connection)
    return behave


def endless(data):
    def behave(connection):
        while True:
            connection.sendall(data)
    return behave


def echo(connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def hang_up(connection):
    connection.recv(1)


NOISE = bytes((i * 151 + i // 7 * 29) & 0xff for i in range(3000))
TEXT = b"Welcome to a kernel that knows nothing of this.\r\nlogin: " * 20


class DeadLine(CommandTest):
    def command(self, target, *words):
        return run(KDIO, "--target", target, *(words or ("ob", "80", "55")))

    def assert_dead(self, result, *parts):
        self.assert_failed(result, LINK, *parts)
        self.assertLess(result.seconds, DEAD_LINE_S)

    def serve(self, behave, name="socket"):
        path = self.directory / name
        server = Server(path, behave)
        self.addCleanup(server.close)
        return server, f"unix,{path}"

    def test_nothing_to_connect_to(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            for target in (f"unix,{self.directory}/none", f"tcp,127.0.0.1,{port}",
                           f"serialdev,{self.directory}/none,115200n81"):
                with self.subTest(target=target):
                    self.assert_dead(self.command(target), "nothing was done")

    def test_a_target_that_is_no_gensio_string(self):
        result = self.command("frob,nothing")
        self.assertIn(result.status, (REFUSED, LINK))
        self.assert_failed(result, result.status)

    def test_what_answers_but_is_no_stub(self):
        idle = (("silence", say_nothing, "nothing answers"), ("text", say(TEXT), "plain text"),
                ("noise", say(NOISE), "noise"), ("echo", echo, "echo"))
        self.assert_not_a_stub(idle)
        for endless_one in (("endless text", endless(TEXT), "text without end"), ("zeros", endless(bytes(4096)), ""),
                            ("endless noise", endless(NOISE), "noise without end")):
            self.assert_not_a_stub([endless_one])

    def assert_not_a_stub(self, rows):
        """All at once: they spend their time waiting."""
        servers = [self.serve(behave, name) for name, behave, _ in rows]
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
            results = pool.map(self.command, [target for _, target in servers])
        for (name, _, part), (server, _), result in zip(rows, servers, results):
            with self.subTest(what=name):
                self.assert_dead(result, part)
                self.assertGreater(server.accepted, 0)

    def test_a_connection_that_ends(self):
        _, target = self.serve(hang_up)
        self.assert_dead(self.command(target))

    def test_wait_is_for_a_target_that_comes_later(self):
        path = self.directory / "socket"
        process = subprocess.Popen([KDIO, "--wait=60", "--target", f"unix,{path}", "ib", "80"], stderr=subprocess.PIPE,
                                   text=True, env=clean_environment())
        self.addCleanup(process.kill)
        server = Server(path, say_nothing)
        self.addCleanup(server.close)
        deadline = time.monotonic() + LIMIT_S
        while server.accepted == 0 and time.monotonic() < deadline:
            os.sched_yield()
        self.assertGreater(server.accepted, 0)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT_S), -signal.SIGINT)
        self.assertRegex(process.stderr.read(), r"^kdio: .*interrupted.*\n$")
        process.stderr.close()

    def test_wait_ends(self):
        result = self.command(f"unix,{self.directory}/none", "--wait=1", "ib", "80")
        self.assert_failed(result, LINK)
        self.assertGreaterEqual(result.seconds, 0.9)
        self.assertLess(result.seconds, DEAD_LINE_S)

    def test_a_device_that_another_process_holds(self):
        """Exclusive use binds everybody but the superuser, so the command runs as somebody else."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        name = os.ttyname(slave)
        user = {}
        if os.getuid() == 0:
            os.chown(name, NOBODY, NOBODY)
            user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        fcntl.ioctl(slave, termios.TIOCEXCL)
        program = shutil.copy(KDIO, self.directory / "kdio")
        self.directory.chmod(0o755)
        start = time.monotonic()
        process = subprocess.run([program, "--target", f"serialdev,{name},115200n81", "ib", "80"], capture_output=True,
                                 text=True, timeout=LIMIT_S, env=clean_environment(), check=False, **user)
        self.assert_dead(Result(process, time.monotonic() - start), "held by another process")

    def test_refusals_need_no_line(self):
        server, target = self.serve(say_nothing)
        for words, status in ((("ob", "80", "155"), REFUSED), (("iw", "81"), REFUSED), (("xx",), USAGE),
                              (("--deny", "80", "ib", "80"), REFUSED)):
            self.assert_failed(self.command(target, *words), status, "nothing was sent")
        self.assertEqual(server.accepted, 0)


def send_to_all(connections, data):
    """Also when some of them are closed already."""
    for connection in connections:
        try:
            connection.sendall(data)
        except OSError:
            pass


class Cable(CommandTest):
    """A line between the command and a QEMU that stays, which is pulled once, after some bytes of requests."""

    def setUp(self):
        super().setUp()
        self.trace = self.directory / "trace"
        com1 = self.directory / "com1"
        self.qemu = subprocess.Popen([LAUNCH, "--kernel", "--serial", f"unix:{com1}", "--trace", str(self.trace)])
        self.addCleanup(self.qemu.wait)
        self.addCleanup(self.qemu.kill)
        self.stub = self.connect(com1)
        self.addCleanup(self.stub.close)
        self.bytes_left = None
        self.on_pull = lambda: None
        self.target = ("--target", f"unix,{self.directory / 'line'}")
        self.serve()

    def serve(self):
        server = Server(self.directory / "line", self.carry)
        self.addCleanup(server.close)

    def connect(self, path):
        """To a socket that QEMU is about to make."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
                return connection
            except OSError:
                connection.close()
                os.sched_yield()
        raise TimeoutError("QEMU does not listen")

    def carry(self, host):
        while True:
            ready, _, _ = select.select([host, self.stub], [], [])
            for source, sink in ((host, self.stub), (self.stub, host)):
                data = source.recv(4096) if source in ready else None
                if data == b"" and source is self.stub:
                    (self.directory / "line").unlink()
                if data == b"":
                    return
                if data and source is host and self.bytes_left is not None:
                    self.bytes_left -= len(data)
                    if self.bytes_left < 0:
                        self.bytes_left = None
                        self.stub.sendall(data[:len(data) // 2])
                        self.on_pull()
                        return
                if data:
                    sink.sendall(data)

    def writes(self):
        """What QEMU saw at port 80, after its end."""
        self.qemu.wait(LIMIT_S)
        pattern = re.compile(r"memory_region_ops_write .* addr 0x80 value 0x([0-9a-f]+) size 1 name 'ioport80'")
        return [int(match[1], 16) for match in map(pattern.search, self.trace.read_text().splitlines()) if match]

    def pull(self, values, *words):
        """Runs a script of writes and pulls the cable in the midst of it."""
        self.bytes_left = len(values)
        return run(KDIO, *self.target, *words, "run", self.file("".join(f"ob 80 {value:x}\n" for value in values)))

    def share(self, listener):
        """Carries what each host sends to the stub, and what the stub sends to every host."""
        hosts = []
        while True:
            ready, _, _ = select.select([listener, self.stub, *hosts], [], [])
            if listener in ready:
                try:
                    hosts.append(listener.accept()[0])
                except OSError:
                    break
            for source in set(ready) - {listener}:
                data = source.recv(4096)
                if source is self.stub:
                    send_to_all(hosts, data)
                elif data:
                    self.stub.sendall(data)
                else:
                    hosts.remove(source)
                    source.close()
        for host in hosts:
            host.close()

    def test_a_console_says_that_another_host_took_the_line(self):
        path = self.directory / "shared"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(2)
        sharer = threading.Thread(target=self.share, args=[listener], daemon=True)
        sharer.start()
        self.addCleanup(listener.close)
        self.addCleanup(sharer.join, LIMIT_S)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        with subprocess.Popen([KDIO, "--target", f"unix,{path}", "console"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()) as console:
            self.addCleanup(console.kill)
            read_until(console.stdout.fileno(), b"\n")
            self.assert_done(run(KDIO, "--target", f"unix,{path}", "ib", "80"), "00000080: ff\n")
            self.assertEqual(console.wait(LIMIT_S), LINK)
            self.assertRegex(console.stderr.read(),
                             rb"^kdio: unix,.*: another host took the line over; all that was typed had arrived\n$")

    def end(self):
        self.assert_done(run(KDIO, *self.target, "--expect-reset", "ob", "f4", "0"))

    def test_a_cable_that_is_put_back_loses_and_repeats_nothing(self):
        values = [i * 7 & 0xff for i in range(4000)]
        self.assert_done(self.pull(values))
        self.assertIsNone(self.bytes_left)
        self.end()
        self.assertEqual(self.writes(), values)

    def test_a_later_run_goes_on_where_the_pulled_cable_stopped(self):
        """The stub tells the next session how many operations of this one it executed."""
        values = [i * 11 & 0xff for i in range(4000)]
        self.on_pull = lambda: (self.directory / "line").unlink()
        result = self.pull(values)
        self.assert_failed(result, LINK, "unknown")
        known = int(re.search(r"first line not known to be done: (\d+)\n", result.err)[1]) - 1
        self.serve()
        info = json.loads(run(KDIO, *self.target, "--json", "info").out)
        done = info["stub"]["previous_operations"]
        self.assertTrue(known <= done < len(values), (known, done))
        self.assert_done(run(KDIO, *self.target, "run", self.directory / "script", "--from", str(done + 1)))
        self.end()
        self.assertEqual(self.writes(), values)


class Qemu(CommandTest):
    """The launcher is wrapped, so that the test learns QEMU's process before QEMU starts."""

    def setUp(self):
        super().setUp()
        self.fifo = self.directory / "pid"
        os.mkfifo(self.fifo)
        self.keeper = os.open(self.fifo, os.O_RDWR)
        self.addCleanup(os.close, self.keeper)
        self.wrapper = self.directory / "launch"
        self.wrapper.write_text(f'#!/bin/sh\necho $$ >{self.fifo}\nexec {LAUNCH} "$@"\n', encoding="ascii")
        self.wrapper.chmod(0o755)
        self.temporary = self.directory / "temporary"
        self.temporary.mkdir()

    def environment(self, **variables):
        variables.setdefault("KDIO_QEMU_BOOT", "kernel")
        return clean_environment(KDIO_LAUNCH=self.wrapper, TMPDIR=self.temporary, XDG_RUNTIME_DIR=self.temporary,
                                 **variables)

    def start(self, *words, **variables):
        """The command and, for its QEMU, a descriptor that becomes readable when that ends."""
        process = subprocess.Popen([KDIO, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment(**variables))
        self.addCleanup(process.kill)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.qemu_pid = int(read_until(self.keeper, b"\n"))
        qemu = os.pidfd_open(self.qemu_pid)
        self.addCleanup(os.close, qemu)
        self.addCleanup(kill_quietly, qemu)
        return process, qemu

    def assert_ended(self, qemu):
        ready, _, _ = select.select([qemu], [], [], LIMIT_S)
        self.assertTrue(ready, "QEMU is still there")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def run_qemu(self, *words, **variables):
        process, qemu = self.start(*words, **variables)
        out, err = process.communicate(timeout=2 * LIMIT_S)
        self.assert_ended(qemu)
        result = Result(process, 0)
        result.out, result.err = out.decode("latin-1"), err.decode("latin-1")
        return result

    def test_the_default_target_boots_by_firmware_and_answers(self):
        result = self.run_qemu("-c", "ob 80 55; id cfc; info", KDIO_QEMU_BOOT="")
        self.assertEqual((result.status, result.err), (DONE, ""))
        self.assertRegex(result.out, r"^00000cfc: [0-9a-f]{8}\n(.*\n)*.*UART at +3f8\n")

    def test_the_launcher_is_found_beside_the_program(self):
        self.assert_done(run(KDIO, "ib", "80", KDIO_QEMU_BOOT="kernel"), "00000080: ff\n")

    def test_the_links_own_uart_is_refused(self):
        for words in (("ob", "3f8", "41"), ("ib", "3fd"), ("id", "3fc"), ("iw", "3f8")):
            self.assert_failed(self.run_qemu(*words), REFUSED, "UART")

    def test_an_atomic_program(self):
        result = self.run_qemu("-c", "{ ob 70 0; ib 71 }; { ob 70 0; ib 71 }")
        self.assertRegex(result.out, r"^00000071: [0-9a-f]{2}\n00000071: [0-9a-f]{2}\n$")

    def test_an_expected_end(self):
        self.assert_done(self.run_qemu("--expect-reset", "ob", "f4", "10"))

    def test_an_unexpected_end(self):
        self.assert_failed(self.run_qemu("ob", "f4", "10"), LINK)

    def test_the_kernels_text(self):
        path = self.directory / "text"
        result = self.run_qemu("--console", str(path), "ib", "80")
        self.assertEqual((result.status, result.err), (DONE, ""))
        self.assertTrue(path.exists())

    def test_a_terminal_shows_that_qemu_boots(self):
        terminal, slave = os.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.run([KDIO, "ib", "80"], stderr=slave, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S,
                                 env=self.environment(), check=False)
        os.close(slave)
        self.assertEqual((process.returncode, process.stdout), (DONE, "00000080: ff\n"))
        shown = os.read(terminal, 4096)
        self.assertTrue(shown.startswith(b"\r\x1b[Kbooting the target in QEMU... 0 s"), shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown)

    def test_a_reset_is_an_expected_end_too(self):
        self.assert_done(self.run_qemu("--expect-reset", "ob", "cf9", "6"))
        self.assert_failed(self.run_qemu("ob", "cf9", "6"), LINK, "reset", "unknown")

    def test_a_qemu_that_dies_at_once(self):
        self.wrapper.write_text("#!/bin/sh\nexit 7\n", encoding="ascii")
        start = time.monotonic()
        result = run(KDIO, "ib", "80", KDIO_LAUNCH=self.wrapper)
        self.assert_failed(result, LINK, "kdio: qemu: QEMU ended before its stub answered")
        self.assertLess(time.monotonic() - start, DEAD_LINE_S)

    def test_a_qemu_that_is_killed_in_mid_command(self):
        path = self.file("ib 80\n" * 1000000)
        process, qemu = self.start("run", path)
        read_until(process.stdout.fileno(), b"00000080: ")
        start = time.monotonic()
        os.kill(self.qemu_pid, signal.SIGKILL)
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        self.assertEqual(process.wait(LIMIT_S), LINK)
        self.assertLess(time.monotonic() - start, DEAD_LINE_S)
        drain.join(LIMIT_S)
        self.assertRegex(process.stderr.read(), rb"^kdio: .*/script:[0-9]+: .*unknown.*not known to be done: [0-9]+\n$")
        self.assert_ended(qemu)

    def signal_while_booting(self, number):
        """Before QEMU can have answered; `console` would not end by itself if it had."""
        process, qemu = self.start("console")
        process.send_signal(number)
        self.assertEqual(process.wait(LIMIT_S), -number)
        self.assert_ended(qemu)
        return process

    def signal_while_running(self, number):
        process, qemu = self.start("console")
        read_until(process.stdout.fileno(), b"\n")
        process.send_signal(number)
        self.assertEqual(process.wait(LIMIT_S), -number)
        self.assert_ended(qemu)

    def test_signals_leave_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.signal_while_booting(number)
                self.assertEqual(process.stderr.read(), b"kdio: qemu: interrupted while booting; nothing was done\n")
                self.signal_while_running(number)

    def test_sigkill_leaves_nothing_behind(self):
        self.signal_while_booting(signal.SIGKILL)
        self.signal_while_running(signal.SIGKILL)

    def test_what_a_person_types_reaches_the_kernel(self):
        process, qemu = self.start("console")
        read_until(process.stdout.fileno(), b"\n")
        process.stdin.write(b"burst\n")
        process.stdin.flush()
        read_until(process.stdout.fileno(), b"burst")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT_S), -signal.SIGINT)
        self.assert_ended(qemu)


if __name__ == "__main__":
    for needed in (KDIO, FAKE, LAUNCH):
        if not os.access(needed, os.X_OK):
            raise SystemExit(f"test_cmd.py: {needed} is missing or cannot be executed")
    unittest.main()
