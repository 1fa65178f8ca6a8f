#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus.py: writes back to the corpus of each target what all runs learnt: as few and as small inputs as reach the
same code.

Inputs whose name is a hash are libFuzzer's and are replaced; the others are reproducers of what was found, and stay.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

CORPUS = "tests/fuzz/corpus"
SIZE_MAX = 30 * 1024  # Bytes a target.


def minimise(build, target, length):
    here = os.path.join(CORPUS, target)
    os.makedirs(here, exist_ok=True)
    sources = [d for d in (here, os.path.join(build, "learnt", target), os.path.join(build, "new", target))
               if os.path.isdir(d)]
    with tempfile.TemporaryDirectory() as merged:
        subprocess.run([os.path.join(build, f"fuzz_{target}"), "-merge=1", "-use_counters=0",
                        f"-max_len={length}", merged] + sources,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in os.listdir(here):
            if re.fullmatch("[0-9a-f]{40}", name):
                os.remove(os.path.join(here, name))
        return keep_small(merged, here)


def keep_small(merged, here):
    """The smallest inputs first, as many as there is room for."""
    size = count = 0
    for path in sorted((os.path.join(merged, name) for name in os.listdir(merged)), key=os.path.getsize):
        size += os.path.getsize(path)
        if size > SIZE_MAX:
            break
        shutil.copy(path, here)
        count += 1
    return count


def main():
    build, targets = sys.argv[1], sys.argv[2:]
    for target, length in (pair.split(":") for pair in targets):
        print(f"{target}: {minimise(build, target, length)} inputs")


main()
