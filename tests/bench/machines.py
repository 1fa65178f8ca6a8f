# SPDX-License-Identifier: MIT
"""Targets in QEMU for the bench, each in a directory of its own, gone with the `with` that made it."""
import contextlib
import os
import pathlib
import select
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 20


class Machine:
    """`target` is what kdio opens, `monitor` and `qtest` are paths of sockets."""

    def __init__(self, directory):
        self.directory = directory
        self.target = f"unix,{directory}/com1"
        self.monitor, self.qtest = directory + "/monitor", directory + "/qtest"

    def wait(self, process):
        """Until QEMU's monitor takes a connection: its sockets are all there then."""
        end = time.monotonic() + START_S
        exit_file = os.pidfd_open(process.pid)
        try:
            while not connects(self.monitor):
                if select.select([exit_file], [], [], 0.02)[0] or time.monotonic() > end:
                    raise RuntimeError("QEMU does not start")
        finally:
            os.close(exit_file)


def connects(path):
    with socket.socket(socket.AF_UNIX) as end:
        return end.connect_ex(path) == 0


@contextlib.contextmanager
def machine(build, *options, qemu=()):
    """@ in the arguments is the machine's directory."""
    with tempfile.TemporaryDirectory(prefix="kdio-bench-") as directory:
        made = Machine(directory)
        launch = [ROOT / "qemu/launch", "--serial", "unix:" + directory + "/com1", "--monitor", made.monitor,
                  "--parent", str(os.getpid()), *options, "--", *(word.replace("@", directory) for word in qemu)]
        process = subprocess.Popen(launch, stdin=subprocess.DEVNULL,
                                   env=dict(os.environ, KDIO_IMAGE_DIR=str(build)))
        try:
            made.wait(process)
            yield made
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def qtest(build):
    """A machine whose processor does not run, and which does what QEMU's own test protocol says."""
    with machine(build, qemu=["-S", "-qtest", "unix:@/qtest,server=on,wait=off", "-qtest-log", "/dev/null"]) as made:
        yield made


@contextlib.contextmanager
def paced(build, made, *options):
    """A line with a rate and latency in front of a machine: what kdio opens, and then the proxy's count of bytes."""
    line = made.directory + "/line"
    proxy = subprocess.Popen([build / "tests/pace/pace", *options, line, made.directory + "/com1"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if proxy.stdout.readline() != "ready\n":
            raise RuntimeError("the pacing proxy does not start")
        yield "unix," + line, proxy
    finally:
        proxy.kill()
        proxy.wait()
