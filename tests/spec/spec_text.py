# SPDX-License-Identifier: MIT
"""What of proto/SPEC.md a program can read: its tables and its examples. Nothing here knows the protocol."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "proto" / "SPEC.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^    (\S.*?) {2,}([0-9a-f]{2}(?: [0-9a-f]{2})*)$")


def section(number):
    """The text of one numbered section."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return found.group(0)


def prose(number):
    """The same on one line, so that a sentence can be looked for wherever it wraps."""
    return " ".join(section(number).split())


def table(*first):
    """The rows of the table whose first columns have these names, as dictionaries; `code` marks are taken off."""
    rows, names = [], None
    for line in TEXT.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().split("|")[1:-1]]
        if not cells:
            names = None
        elif tuple(cells[:len(first)]) == first:
            names = cells
        elif names and set(line) - set(" |-"):
            rows.append(dict(zip(names, cells, strict=True)))
    if not rows:
        raise LookupError(f"SPEC.md has no table of {', '.join(first)}")
    return rows


def operations():
    """P1: a row for each operation, those of several widths apart; `width` in bytes, 0 for an operation without one."""
    rows = []
    for row in table("operation", "opcode", "operands", "results"):
        first, *others = row["operation"].split("/")
        stem = first.rstrip("0123456789")
        for index, name in enumerate([first] + [stem + width for width in others]):
            opcode = int(row["opcode"], 16) + index
            width = 1 << (opcode & 3) if set(row["operands"]) & set("pvnt") else 0
            rows.append(row | {"operation": name, "opcode": opcode, "width": width})
    return rows


def statuses():
    return table("status", "number", "class")


def notes():
    return table("type", "name", "from")


def of_no_session():
    return table("header", "name", "from")


def examples():
    """The frames of section 9, in order: (label, bytes)."""
    matches = (EXAMPLE.match(line) for line in section(9).splitlines())
    return [(found.group(1), bytes.fromhex(found.group(2))) for found in matches if found]
