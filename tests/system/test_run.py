# SPDX-License-Identifier: MIT
"""test_run.py: qemu/run, which leaves a target running and says how to reach it."""
import os
import signal
import subprocess
import tempfile

from harness import BUILD, END_S, ROOT, START_S, Deadline, Failed, SystemTest, kdio, wait_readable

RUN = os.path.join(ROOT, "qemu", "run")


class Run(SystemTest):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="kdio-"))
        self.socket = os.path.join(self.directory, "line")
        self.process = subprocess.Popen([RUN, "--socket", self.socket], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=dict(os.environ, KDIO_IMAGE_DIR=BUILD))
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait, END_S)
        self.addCleanup(self.process.kill)
        self.said = self.read_until(b"kill ")

    def read_until(self, words):
        text, deadline = b"", Deadline(START_S, "what run says")
        while words not in text:
            wait_readable([self.process.stdout], deadline)
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                raise Failed(f"run ended: {text.decode()}")
            text += data
        return text.decode()

    def test_it_says_how_and_leaves_nothing(self):
        self.assertIn(f"KDIO_TARGET=unix,{self.socket}", self.said)
        qemu = int(self.said.split("QEMU is process ")[1].split(")")[0])
        result = kdio(f"unix,{self.socket}", "--wait=20", "id", "d00")
        self.assertEqual((result.status, result.output), (0, "00000d00: ffffffff\n"), result)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(END_S)
        self.assertFalse(os.path.exists(self.socket))
        with self.assertRaises(ProcessLookupError):
            os.kill(qemu, 0)

    def test_a_target_that_runs_is_not_disturbed(self):
        second = subprocess.run([RUN, "--socket", self.socket], capture_output=True, text=True, timeout=START_S,
                                check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("is in use", second.stderr)
        self.assertEqual(kdio(f"unix,{self.socket}", "--wait=20", "ob", "80", "1").status, 0)

    def test_it_ends_with_its_machine(self):
        self.assertEqual(kdio(f"unix,{self.socket}", "--wait=20", "ob", "80", "1").status, 0)
        result = kdio(f"unix,{self.socket}", "--expect-reset", "od", "f4", "3")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.process.wait(END_S), 7)
        self.assertFalse(os.path.exists(self.socket))
