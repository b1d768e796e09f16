#!/usr/bin/env python3
"""A build that is mostly `configure`, for arm64 by emulation: emulators registered (binfmt_misc) and interposed.

The seconds of the build itself, from `xb build --json`, each way in turn: accelerated, where most programs that are
executed are this machine's and only pass init, and pure, where each is given an emulator. TARGET names another package.
"""

import json
import os
import statistics
import subprocess

from common import ROOT, XB

METHODS = {"accelerated": [], "pure": ["--pure-emulation"]}
WAYS = ["binfmt", "interpose"]


def build(way, flags):
    """Seconds of one build, after everything that it needs is there."""
    target = os.environ.get("TARGET", os.path.join(ROOT, "examples", "corpus", "gzip.xb"))
    command = [XB, "build", target, "--arch", "arm64", "--method", "emulate", "--no-check", "--json", *flags]
    environment = {**os.environ, "XB_EMULATION": way}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(output)["results"][0]


def main():
    rounds = int(os.environ.get("ROUNDS", "3"))
    for method, flags in METHODS.items():
        build(WAYS[0], flags)
        results = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                results[way].append(build(way, [*flags, "--rebuild"]))
        trees = {result["tree"] for all in results.values() for result in all}
        seconds = {way: statistics.median(result["seconds"] for result in all) for way, all in results.items()}
        registered, interposed = (seconds[way] for way in WAYS)
        same = "equal trees" if len(trees) == 1 else "DIFFERENT trees"
        print(
            f"{method}: registered {registered:.1f} s, interposed {interposed:.1f} s: "
            f"{interposed / registered:.2f} times as long ({same})",
            flush=True,
        )


main()
