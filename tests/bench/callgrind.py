# SPDX-License-Identifier: MIT
"""Instructions that a program itself executes, and not the libraries under it, as valgrind's callgrind counts them."""
import re
import subprocess

NAME = re.compile(r"\((\d+)\)(?: (.*))?")
LIMIT_S = 300


def own_instructions(path, program):
    """The sum over the functions of `program` in a file of callgrind's (format 1).

    A line of costs belongs to the object of the function above it; the one behind `calls=` is what was called.
    """
    names, ours, total, skip = {}, False, 0, False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("ob=", "cob=")):
                number, name = NAME.match(line.split("=", 1)[1].rstrip("\n")).groups()
                names[number] = name or names[number]
                if line.startswith("ob="):
                    ours = names[number] == program
            elif line.startswith("calls="):
                skip = True
            elif line[0] in "+-*0123456789":
                total += int(line.split()[1]) if ours and not skip else 0
                skip = False
    return total


def count(program, function, arguments, directory):
    """Instructions of `program` from where it enters `function` until it leaves it."""
    path = directory + "/callgrind"
    subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + path, "--toggle-collect=" + function,
                    program, *arguments], check=True, capture_output=True, timeout=LIMIT_S)
    return own_instructions(path, program)
