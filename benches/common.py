"""Runs two commands in turn and prints medians and their ratio."""

import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
XB = os.environ.get("XB", os.path.join(ROOT, "target", "release", "xb"))


def run(command, **options):
    """Wall seconds and peak resident megabytes of a command, which must succeed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{errors[:2000]}")
    return seconds, usage.ru_maxrss / 1024


def compare(title, ours, peer, goal, rounds=5, before=None):
    """Runs both `rounds` times in turn; `goal` is how many times faster ours is meant to be.

    A command may be a function that gives the command of the next round.
    """
    figures = {"xb": [], "peer": []}
    for _ in range(rounds):
        for name, command in (("xb", ours), ("peer", peer)):
            if before:
                before(name)
            figures[name].append(run(command() if callable(command) else command))
    seconds = {name: statistics.median(s for s, _ in rows) for name, rows in figures.items()}
    memory = {name: statistics.median(m for _, m in rows) for name, rows in figures.items()}
    ratio = seconds["peer"] / seconds["xb"]
    verdict = "met" if ratio >= goal else "MISSED"
    print(
        f"{title}: xb {seconds['xb']:.3f} s, {memory['xb']:.0f} MB; peer {seconds['peer']:.3f} s, "
        f"{memory['peer']:.0f} MB; {ratio:.1f} times faster (goal {goal}: {verdict})",
        flush=True,
    )
    return seconds


def need(program):
    """Ends the script when a peer is not installed."""
    if subprocess.run(["which", program], capture_output=True).returncode != 0:
        sys.exit(f"{program} is not installed: apt-get install nix-bin")
