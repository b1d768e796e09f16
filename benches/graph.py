#!/usr/bin/env python3
"""10,000 packages with up to 5 dependencies each: evaluate and emit, and a build with nothing to do."""

import argparse
import os
import random
import shutil
import statistics
import tempfile

from common import XB, compare, need, run

COUNT = 10_000
# What is built by default: all of them take longer than a person waits.
BUILT = 1_000
# Seconds that a build with nothing to do may take.
NOTHING_TO_DO = 0.1


def edges():
    """For each package up to five others, much nearer to the ground: a depth of about 14, as distributions have."""
    dice = random.Random(1)
    return [sorted({i // dice.randint(2, 9) for _ in range(dice.randint(0, 5))} - {i}) for i in range(COUNT)]


def write_xb(path, graph):
    """The graph in xb's language."""
    with open(path, "w") as file:
        for i, needs in enumerate(graph):
            names = ", ".join(f"p{n}(arch)" for n in needs)
            file.write(f'package p{i}(arch) {{ needs = [{names}], build = sh"echo {i} >$out/{i}" }}\n')


def write_nix(path, graph):
    """The graph in Nix's language."""
    with open(path, "w") as file:
        file.write('let mk = n: deps: derivation { name = "p${toString n}"; system = "x86_64-linux"; inherit deps;\n')
        file.write('  builder = "/bin/sh"; args = [ "-c" "echo ${toString n} >$out" ]; };\n')
        for i, needs in enumerate(graph):
            file.write(f"p{i} = mk {i} [ {' '.join(f'p{n}' for n in needs)} ];\n")
        file.write(f"in [ {' '.join(f'p{i}' for i in range(COUNT))} ]\n")


def emission(ours, theirs, folder):
    """Evaluates and emits, against a peer that writes its .drv files each time, and one that finds them written."""
    command = [XB, "graph", ours, "--format", "json"]
    store = os.path.join(folder, "nix")
    peer = ["nix-instantiate", "--store", store, theirs]

    def fresh(name):
        if name == "peer":
            shutil.rmtree(store, ignore_errors=True)

    compare("10,000 packages, evaluate and emit, fresh store", command, peer, goal=5, before=fresh)
    compare("10,000 packages, evaluate and emit, warm store", command, peer, goal=1)


def nothing_to_do(ours, count):
    """Builds packages, then times the build that has nothing to do."""
    build = [XB, "build", ours, "--no-check"]
    seconds, memory = run(build)
    print(f"{count} packages, first build: {seconds:.1f} s, {memory:.0f} MB", flush=True)
    rows = [run(build) for _ in range(5)]
    seconds, memory = (statistics.median(column) for column in zip(*rows))
    verdict = "met" if seconds < NOTHING_TO_DO else "MISSED"
    print(
        f"{count} packages, nothing to do: {seconds * 1000:.0f} ms, {memory:.0f} MB "
        f"(goal {NOTHING_TO_DO * 1000:.0f} ms: {verdict})"
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build-all", action="store_true", help=f"build all {COUNT} packages, not {BUILT}")
    built = COUNT if arguments.parse_args().build_all else BUILT
    need("nix-instantiate")
    graph = edges()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "graph.xb"), os.path.join(folder, "graph.nix")
        some = os.path.join(folder, "some.xb")
        write_xb(ours, graph)
        write_xb(some, graph[:built])
        write_nix(theirs, graph)
        os.environ["XB_STORE"] = os.path.join(folder, "store")
        emission(ours, theirs, folder)
        nothing_to_do(some, built)


main()
