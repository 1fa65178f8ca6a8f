# SPDX-License-Identifier: MIT
"""SPEC.md's tables of operations and statuses are, row for row, those that the programs are compiled from."""

import re
import unittest

import spec_text

HOST_ONLY = 0x40  # P6: numbers of statuses from here up are never on the wire
FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)')


def source(name):
    return (spec_text.ROOT / "proto" / name).read_text(encoding="utf-8")


def x_macro(text, name):
    """The rows of `#define NAME(X) X(...) X(...)`: lists of fields, quotes taken off."""
    body = re.search(rf"^#define {name}\(X\) *\\\n((?:.*\\\n)*.*)$", text, re.MULTILINE).group(1)
    lines = [line.strip().rstrip("\\").strip() for line in body.splitlines()]
    rows = [re.fullmatch(r"X\((.*)\)", line) for line in lines]
    if not all(rows):
        raise ValueError(f"{name}: a line that is no row")
    return [[quoted or plain for quoted, plain in FIELD.findall(row.group(1))] for row in rows]


def compiled_operations():
    rows = x_macro(source("op_table.h"), "KDIO_OP_TABLE")
    return [(name, int(opcode, 16), operands, results, int(worst_us))
            for name, opcode, _word, operands, results, worst_us, _capability in rows]


def specified_operations():
    return [(row["operation"], int(row["opcode"], 16), row["operands"], row["results"], int(row["longest, us"]))
            for row in spec_text.operations()]


def compiled_statuses():
    return [(name, int(number, 16), "" if group == "NONE" else group.lower(), text)
            for name, number, group, text in x_macro(source("status.h"), "KDIO_STATUS_TABLE")]


def specified_statuses():
    return [(row["status"], int(row["number"], 16), row["class"], row["meaning"]) for row in spec_text.statuses()]


class Tables(unittest.TestCase):
    maxDiff = None

    def same(self, specified, compiled):
        self.assertEqual(len({name for name, *_ in specified}), len(specified), "SPEC.md has a name twice")
        self.assertEqual(len({number for _, number, *_ in specified}), len(specified), "SPEC.md has a number twice")
        for row in specified:
            with self.subTest("in SPEC.md", row=row[0]):
                self.assertIn(row, compiled)
        for row in compiled:
            with self.subTest("in the header", row=row[0]):
                self.assertIn(row, specified)

    def test_P1_operations(self):
        self.same(specified_operations(), compiled_operations())

    def test_P6_statuses(self):
        self.same(specified_statuses(), [row for row in compiled_statuses() if row[1] < HOST_ONLY])

    def test_P6_numbers_of_the_host(self):
        self.assertIn(f"Numbers from `{HOST_ONLY:x}` up are the host's own.", spec_text.prose(5))
        self.assertLess(max(number for _, number, *_ in specified_statuses()), HOST_ONLY)

    def test_P7_capabilities(self):
        words = re.search(r"\*\*P7\*\* Capabilities: (.*)", spec_text.prose(5)).group(1)
        specified = {name.rstrip("s").upper().replace("-", "_"): 1 << int(bit)
                     for bit, name in re.findall(r"bit (\d+) \*?([a-z-]+)", words)}
        compiled = {name: int(value, 16) for name, value in re.findall(
            r"#define KDIO_CAPABILITY_(\w+) +0x([0-9a-f]+)u", source("op_table.h"))}
        self.assertEqual(compiled, specified | {"LINK": 0})

    def test_P3_the_opcode_of_a_port_operation_tells_its_width(self):
        for name, opcode, operands, results, _ in specified_operations():
            if operands.startswith("p"):
                width = 1 << (opcode & 3)
                self.assertEqual((name, (operands + results)[1:]),
                                 (name.rstrip("0123456789") + str(8 * width), {1: "b", 2: "w", 4: "d"}[width]))


if __name__ == "__main__":
    unittest.main()
