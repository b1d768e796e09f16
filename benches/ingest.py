#!/usr/bin/env python3
"""A folder of 1 GB and 8,000 files into a fresh store, against `nix-store --add`, with `cp -r` as the disk's limit."""

import os
import random
import statistics
import subprocess
import tempfile

from common import ROOT, compare, need, run

FILES = 8_000
BYTES = 1 << 30
ROUNDS = int(os.environ.get("ROUNDS", "3"))
INGEST = os.path.join(ROOT, "target", "release", "examples", "ingest_only")


def write(top):
    """Incompressible files, most of them small and most bytes in large ones, in 400 folders."""
    dice = random.Random(7)
    sizes = [dice.lognormvariate(0, 2) for _ in range(FILES)]
    scale = BYTES / sum(sizes)
    for i, size in enumerate(sizes):
        folder = os.path.join(top, f"d{i % 40}", f"s{i % 400 // 40}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"f{i}"), "wb") as file:
            file.write(dice.randbytes(max(20, int(size * scale))))


def main():
    need("nix-store")
    subprocess.run(
        ["cargo", "build", "--release", "-p", "xb-store", "--example", "ingest_only"], cwd=ROOT, check=True
    )
    # A folder for each: what is removed between two rounds would slow the file system down in the next one.
    with tempfile.TemporaryDirectory(dir=os.environ.get("SCRATCH")) as scratch:
        folder = os.path.join(scratch, "folder")
        write(folder)
        fresh = (os.path.join(scratch, str(number)) for number in range(1_000))

        def settle(_):
            os.sync()
            subprocess.run(["tar", "-C", folder, "-cf", "-", "."], stdout=subprocess.DEVNULL, check=True)

        def ours():
            return [INGEST, folder, next(fresh)]

        def theirs():
            return ["nix-store", "--add", "--store", next(fresh), folder]

        def copy():
            settle("cp")
            return run(["cp", "-r", folder, next(fresh)])[0]

        compare("1 GB in 8,000 files into a fresh store", ours, theirs, goal=4, rounds=ROUNDS, before=settle)
        print(f"`cp -r` of the same: {statistics.median(copy() for _ in range(ROUNDS)):.3f} s")
        subprocess.run(["chmod", "-R", "u+w", scratch], check=True)


main()
