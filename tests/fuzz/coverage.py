#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage.py: prints the lines of each file that the corpus reaches, and names the others.

The decoder, the codec and the dispatcher must reach 95 in 100 in all; what else is listed is for information.
"""
import json
import subprocess
import sys

REQUIRED = ("proto/frame.c", "proto/message.c", "proto/program.c", "proto/stub_link.c", "stub/runner.c",
            "stub/port_op.c", "stub/processor_op.c", "stub/memory_op.c", "stub/translate.c", "stub/pci_op.c")
LINES_MIN = 0.95


def export(profile, programs, sources):
    command = ["llvm-cov", "export", "-instr-profile", profile, programs[0]]
    for program in programs[1:]:
        command += ["-object", program]
    result = subprocess.run(command + sources, check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)["data"][0]["files"]


def unreached(entry):
    """Lines where a region begins that was never entered."""
    lines = {line for line, _, count, has_count, is_entry, *_ in entry["segments"]
             if has_count and is_entry and count == 0}
    return ", ".join(str(line) for line in sorted(lines))


def main():
    profile, programs, sources = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
    reached = total = 0
    for entry in export(profile, programs, sources):
        name = next(source for source in sources if entry["filename"].endswith(source))
        lines = entry["summary"]["lines"]
        if name in REQUIRED:
            reached += lines["covered"]
            total += lines["count"]
        missing = unreached(entry)
        print(f"{name:22} {lines['covered']:4} of {lines['count']:4} lines, {lines['percent']:5.1f} %"
              + (f"; not at line {missing}" if missing else ""))
    print(f"decoder and dispatcher: {reached} of {total} lines, {100 * reached / total:.1f} %")
    return 0 if reached >= LINES_MIN * total else 1


sys.exit(main())
