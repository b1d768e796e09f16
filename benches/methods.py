#!/usr/bin/env python3
"""lua for arm64 by cross, accelerated and pure emulation: the seconds of the build itself, from `xb build --json`."""

import json
import os
import statistics
import subprocess

from common import ROOT, XB

METHODS = {
    "cross": ["--method", "cross"],
    "accelerated": ["--method", "emulate"],
    "pure": ["--method", "emulate", "--pure-emulation"],
}


def build(flags):
    """Seconds of one build, after everything that it needs is there."""
    command = [XB, "build", os.path.join(ROOT, "examples", "lua"), "--arch", "arm64", "--no-check", "--json", *flags]
    subprocess.run(command, check=True, capture_output=True)
    output = subprocess.run([*command, "--rebuild"], check=True, capture_output=True, text=True).stdout
    return json.loads(output)["results"][0]["seconds"]


def main():
    rounds = int(os.environ.get("ROUNDS", "3"))
    seconds = {name: statistics.median(build(flags) for _ in range(rounds)) for name, flags in METHODS.items()}
    print(", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
    print(f"accelerated is {seconds['pure'] / seconds['accelerated']:.1f} times faster than pure (goal 8)")
    print(f"accelerated takes {seconds['accelerated'] / seconds['cross']:.2f} times as long as cross (goal: at most 2)")


main()
