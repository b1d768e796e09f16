#!/usr/bin/env python3
"""200 trivial actions in sandboxes, one after another, against `nix-build` with its sandbox.

The goal is about what is added to the command, so the command alone is measured too: the same shell, without a sandbox.
"""

import os
import statistics
import subprocess
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


def bare(folder, salt):
    """Seconds of the same commands, one process after another, with nothing around them."""
    begin = time.perf_counter()
    for i in range(COUNT):
        subprocess.run(["/bin/sh", "-e", "-c", f"echo {salt} {i} >{folder}/{i}"], check=True)
    return time.perf_counter() - begin


def main():
    need("nix-build")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "many.xb"), os.path.join(folder, "many.nix")
        nix = ["nix-build", "--no-out-link", "-j1", "--option", "sandbox", "true", "--option", "build-users-group", ""]
        nix += ["--option", "sandbox-paths", "/bin/sh=/bin/busybox"]
        figures = {"xb": [], "nix": [], "bare": []}
        write_xb(ours, "warm")
        run([XB, "build", ours, "-j1"])
        for salt in range(3):
            write_xb(ours, f"{salt} {time.time_ns()}")
            write_nix(theirs, f"{salt} {time.time_ns()}")
            figures["xb"].append(run([XB, "build", ours, "-j1"])[0])
            figures["nix"].append(run([*nix, theirs])[0])
            figures["bare"].append(bare(folder, salt))
        each = {name: statistics.median(rows) / COUNT * 1000 for name, rows in figures.items()}
        beyond = {name: each[name] - each["bare"] for name in ("xb", "nix")}
        verdict = "met" if beyond["xb"] <= 10 else "MISSED"
        print(f"a trivial action takes {each['bare']:.1f} ms; beyond it, xb adds {beyond['xb']:.1f} ms", end=" ")
        print(f"(goal: at most 10, {verdict}), nix-build {beyond['nix']:.1f} ms: {beyond['nix'] / beyond['xb']:.1f} times as much")


main()
