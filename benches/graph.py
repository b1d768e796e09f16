#!/usr/bin/env python3
"""10,000 packages with up to 5 dependencies each: evaluate and emit, and a build with nothing to do."""

import os
import random
import tempfile

from common import XB, compare, need

COUNT = 10_000


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


def main():
    need("nix-instantiate")
    graph = edges()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "graph.xb"), os.path.join(folder, "graph.nix")
        write_xb(ours, graph)
        write_nix(theirs, graph)
        os.environ["XB_STORE"] = os.path.join(folder, "store")
        peer = ["nix-instantiate", "--store", os.path.join(folder, "nix"), theirs]
        compare("10,000 packages, evaluate and emit", [XB, "graph", ours, "--format", "json"], peer, goal=5)


main()
