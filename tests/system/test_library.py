# SPDX-License-Identifier: MIT
"""test_library.py: the library as others find it: what it exports, and what `make install` puts where."""
import os
import re
import subprocess
import tempfile

from harness import BUILD, ROOT, SystemTest

# Only these are not kdio_*: the entry points that Windows debugger clients call by name.
WINDOWS_NAMES = {"DebugCreate", "DebugCreateEx", "DebugConnect", "DebugConnectWide"}

CLIENT = """
#include <kdio.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct kdio_target *target = NULL;
    enum kdio_status status = kdio_target_open(&target, argc > 1 ? argv[1] : "unix,/nowhere", NULL);

    if (status == KDIO_DONE)
        status = kdio_out8(target, 0x80, 0x55);
    printf("%s %s\\n", kdio_version(), kdio_status_name(status));
    kdio_target_close(target);
    return status != KDIO_DONE;
}
"""

WINDOWS_CLIENT = """
#include <windows.h>
#include <initguid.h>
#include <dbgeng.h>

int main(void)
{
    IDebugClient *client = 0;

    return DebugCreate(&IID_IDebugClient, (void **)&client) != S_OK;
}
"""


def output_of(*arguments, **options):
    result = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=300, **options)
    if result.returncode != 0:
        raise AssertionError(f"{arguments}: {result.stdout}{result.stderr}")
    return result.stdout


class SharedLibrary(SystemTest):
    library = os.path.join(BUILD, "libkdio.so")

    def test_exports(self):
        names = {line.split()[-1] for line in output_of("nm", "-D", "--defined-only", self.library).splitlines()}
        self.assertIn("kdio_target_open", names)
        self.assertIn("DebugCreate", names)
        strange = {name for name in names if not name.startswith("kdio_")} - WINDOWS_NAMES
        self.assertEqual(strange, set())

    def test_every_function_of_the_header_is_exported(self):
        with open(os.path.join(ROOT, "host", "include", "kdio.h"), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/|static inline[^{]*\{.*?\n\}", "", file.read(), flags=re.S)
        declared = set(re.findall(r"\b(kdio_\w+)\(", text))
        names = {line.split()[-1] for line in output_of("nm", "-D", "--defined-only", self.library).splitlines()}
        self.assertGreater(len(declared), 20)
        self.assertEqual(declared - names, set())

    def test_soname(self):
        self.assertRegex(output_of("objdump", "-p", self.library), r"SONAME +libkdio\.so\.0\b")


class Installed(SystemTest):
    """`make install DESTDIR=`, and a client that knows nothing but pkg-config."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="kdio-"))
        output_of("make", "-s", "-C", ROOT, "install", f"DESTDIR={cls.directory}/root", "PREFIX=/usr")
        cls.root = os.path.join(cls.directory, "root")
        found = [os.path.dirname(os.path.join(where, name)) for where, _, names in os.walk(cls.root) for name in names
                 if name == "kdio.pc"]
        assert len(found) == 1, f"kdio.pc: {found}"
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=found[0], PKG_CONFIG_SYSROOT_DIR=cls.root)

    def flags(self, *what, package="kdio"):
        return output_of("pkg-config", *what, package, env=self.environment).split()

    def build(self, text, compiler="gcc", suffix="c", package="kdio"):
        source, program = (os.path.join(self.directory, name) for name in (f"client.{suffix}", "client"))
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        output_of(compiler, "-Wall", "-Wextra", "-Werror", *self.flags("--cflags", package=package), "-o", program,
                  source, *self.flags("--libs", package=package))
        return program

    def library_directory(self):
        return self.flags("--variable=libdir")[0]

    def run_installed(self, program, *arguments):
        path = self.library_directory()
        path = path if path.startswith(self.root) else self.root + path
        return output_of(program, *arguments, env=dict(os.environ, LD_LIBRARY_PATH=path))

    def test_a_c_client(self):
        self.boot()
        mark = self.machine.trace.mark()
        self.poke().close()
        text = self.run_installed(self.build(CLIENT), self.machine.target)
        self.assertRegex(text, r"^kdio \d+\.\d+\.\d+ DONE\n$")
        self.assert_accesses(self.machine.trace.accesses(mark, "ioport80"), [("write", 0x80, 1, 0x55)])

    def test_a_windows_client(self):
        self.run_installed(self.build(WINDOWS_CLIENT, package="kdio-win"))

    def test_a_cpp_client(self):
        self.build(CLIENT, "g++", "cc")

    def test_version(self):
        self.assertEqual(self.flags("--modversion"), ["0.1.0"])

    def test_the_command_is_there_and_boots_a_target(self):
        command = os.path.join(self.root, "usr", "bin", "kdio")
        self.assertEqual(output_of(command, "id", "d00").strip(), "00000d00: ffffffff")
