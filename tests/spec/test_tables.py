# SPDX-License-Identifier: MIT
"""SPEC.md's tables of operations and statuses are, row for row, those that the programs are compiled from."""

import re
import unittest

import spec_text

HOST_ONLY = 0x40  # P6: numbers of statuses from here up are never on the wire
FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)')


def source(name):
    return (spec_text.ROOT / "proto" / name).read_text(encoding="utf-8")


def macro_body(text, name):
    return re.search(rf"^#define {name}\(X\) *\\\n((?:.*\\\n)*.*)$", text, re.MULTILINE).group(1)


def row_fields(text):
    return [quoted or plain for quoted, plain in FIELD.findall(text)]


def x_macro(text, name):
    """The rows of `#define NAME(X) X(...) X(...)`: lists of fields, quotes taken off; those of several widths apart."""
    rows = []
    for line in macro_body(text, name).splitlines():
        row = re.fullmatch(r"(?:X\(|KDIO_OP_WIDTHS_([34])\(X, )(.*)\)", line.strip().rstrip("\\").strip())
        if not row:
            raise ValueError(f"{name}: a line that is no row: {line}")
        first, *rest = row_fields(row.group(2))
        if not row.group(1):
            rows.append([first, *rest])
        for index in range(int(row.group(1) or 0)):
            rows.append([f"{first}{8 << index}", hex(int(rest[0], 16) + index), rest[1] + "bwdq"[index], *rest[2:]])
    return rows


def compiled_rows():
    text = source("op_table.h")
    return [row for part in ("PORTS", "REST", "RUN") for row in x_macro(text, f"KDIO_OP_TABLE_{part}")]


NEEDS = {"LINK": "", "PORT": "ports", "PROGRAM": "programs", "PCI": "PCI"}  # P7's words; the others are the names


def compiled_operations():
    return [(name, int(opcode, 16), operands, results, int(worst_us), int(each_us),
             "changes" if effect == "CHANGES" else "", NEEDS.get(needs, needs.lower()))
            for name, opcode, _word, operands, results, worst_us, each_us, effect, needs in compiled_rows()]


def specified_operations():
    return [(row["operation"], row["opcode"], row["operands"], row["results"], int(row["longest, us"]),
             int(row["each, us"]), row["effect"], row["needs"]) for row in spec_text.operations()]


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
                     for bit, name in re.findall(r"bit (\d+) \*?([A-Za-z-]+)", words.split(" - **P8")[0])}
        compiled = {name: int(value, 16) for name, value in re.findall(
            r"#define KDIO_CAPABILITY_(\w+) +0x([0-9a-f]+)u", source("op_table.h"))}
        self.assertEqual(compiled, specified | {"LINK": 0})

    def test_P1_the_opcode_of_an_operation_with_a_width_tells_it(self):
        for row in spec_text.operations():
            digits = row["operation"].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
            if digits:
                self.assertEqual(8 * row["width"], int(digits), row["operation"])
            else:
                self.assertLessEqual(row["width"], 1, row["operation"])

    def test_P4_a_table_has_its_count_before_it(self):
        for row in spec_text.operations():
            operands, results = row["operands"], row["results"]
            self.assertIn(operands.partition("t")[0][-1:], "n" if "t" in operands else operands, row["operation"])
            self.assertTrue("t" not in results or (results == "t" and "n" in operands), row["operation"])


if __name__ == "__main__":
    unittest.main()
