#!/usr/bin/env python3
"""200 trivial actions in sandboxes, one after another, against `nix-build` with its sandbox."""

import os
import statistics
import tempfile
import time

from common import XB, need, run

COUNT = 200


def write_xb(path, salt):
    """Packages that do not need each other, so that `-j 1` builds one after another."""
    with open(path, "w") as file:
        for i in range(COUNT):
            file.write(f'package p{i}(arch) {{ build = sh"echo {salt} {i} >$out/{i}" }}\n')


def write_nix(path, salt):
    """The same for Nix; the shell is the static one that its sandbox brings."""
    with open(path, "w") as file:
        file.write("[\n")
        for i in range(COUNT):
            file.write(f'(derivation {{ name = "p{i}"; system = "x86_64-linux"; builder = "/bin/sh";')
            file.write(f' args = [ "-c" "echo {salt} {i} >$out" ]; }})\n')
        file.write("]\n")


def main():
    need("nix-build")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "many.xb"), os.path.join(folder, "many.nix")
        nix = ["nix-build", "--no-out-link", "-j1", "--option", "sandbox", "true", "--option", "build-users-group", ""]
        nix += ["--option", "sandbox-paths", "/bin/sh=/bin/busybox"]
        figures = {"xb": [], "nix": []}
        write_xb(ours, "warm")
        run([XB, "build", ours, "-j1"])
        for salt in range(3):
            write_xb(ours, f"{salt} {time.time_ns()}")
            write_nix(theirs, f"{salt} {time.time_ns()}")
            figures["xb"].append(run([XB, "build", ours, "-j1"])[0])
            figures["nix"].append(run([*nix, theirs])[0])
        each = {name: statistics.median(rows) / COUNT * 1000 for name, rows in figures.items()}
        print(f"a trivial action, all told: xb {each['xb']:.1f} ms, nix-build {each['nix']:.1f} ms", end="; ")
        print(f"{each['nix'] / each['xb']:.1f} times faster (goal: at most 10 ms)")


main()
