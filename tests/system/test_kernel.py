# SPDX-License-Identifier: MIT
"""test_kernel.py: the boot target's kernel as a kernel: what it does not survive is told, and the stub goes on."""
import re

from harness import SystemTest

PAGE_FAULT, INVALID_OPCODE = 14, 6
DOUBLE_FAULT = 8
ERROR_PRESENT, ERROR_WRITE, ERROR_FETCH = 1, 2, 16  # SDM volume 3, 4.7.


class Exceptions(SystemTest):
    def provoke(self, command):
        """(vector, error code) of the exception that a command of the kernel's shell ends in."""
        self.boot()
        client = self.poke()
        client.done(f"type {command}")
        match = client.wait_console(r"^kernel: exception (\d+) \([\w ]+\) at 0x\w+, error 0x(\w+)")
        client.wait_console(r"^kernel: stopped; the stub goes on\r\n")
        mark = self.machine.trace.mark()
        client.all_done([f"out 0xd00 2 {n}" for n in range(50)])
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 2, n) for n in range(50)])
        client.close()
        self.assertEqual(self.command("ib", "80").output, "00000080: ff\n")
        return int(match[1]), int(match[2], 16)

    def test_a_stack_that_runs_out_meets_a_guard_page(self):
        vector, _ = self.provoke("overflow")
        self.assertIn(vector, (PAGE_FAULT, DOUBLE_FAULT))

    def test_text_cannot_be_written(self):
        self.assertEqual(self.provoke("write-text"), (PAGE_FAULT, ERROR_PRESENT | ERROR_WRITE))

    def test_data_cannot_be_executed(self):
        self.assertEqual(self.provoke("execute-data"), (PAGE_FAULT, ERROR_PRESENT | ERROR_FETCH))

    def test_an_undefined_instruction(self):
        self.assertEqual(self.provoke("undefined"), (INVALID_OPCODE, 0))


class Console(SystemTest):
    def test_a_line_each_second_while_nobody_asks(self):
        self.boot()
        client = self.poke()
        first = client.wait_console(r"^kernel: line (\d+), (\d+) ticks\r\n")
        second = client.wait_console(r"^kernel: line (\d+), (\d+) ticks\r\n", first.end())
        self.assertEqual(int(second[1]), int(first[1]) + 1)
        self.assertTrue(80 <= int(second[2]) - int(first[2]) <= 120, (first[0], second[0]))

    def test_the_command_shows_it_and_types(self):
        self.boot()
        self.poke().close()
        result = self.command("console", text="quiet\nticks\nnonsense\n")
        self.assertTrue(re.search(r"^kernel: \d+ ticks", result.output, re.M), result)
        self.assertIn("kernel: no command 'nonsense'", result.output)

    def test_a_burst_arrives_whole(self):
        self.boot()
        client = self.poke()
        client.done("type quiet")
        client.done("type burst")
        client.wait_console(r"^burst: 128 of 128 ")
        client.wait_console(r"\r\n\Z")
        numbers = [int(number) for number in re.findall(r"^burst: (\d+) of 128 \.{12}\r\n", client.console, re.M)]
        self.assertEqual(numbers, list(range(1, 129)))
