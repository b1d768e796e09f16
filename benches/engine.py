#!/usr/bin/env python3
"""Trivial actions a second through an engine, beside the same client making the bare calls of the API.

The engine is buildbox-casd, whose folder `XB_TEST_CASD` names. The bare client sends the two messages of an action and has
them executed; xb besides enters the sandbox as its own does, looks at what was printed and keeps that. Both run in one
process, one after the other, at 1, 4 and 16 actions in flight.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from common import ROOT, need

COUNT = 60
GOAL = 0.8


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(programs, folder):
    address = f"127.0.0.1:{free_port()}"
    casd = os.path.join(programs, "buildbox-casd")
    arguments = ["--bind", address, f"--buildbox-run={programs}/buildbox-run", "--jobs=16", "--cache-failures=false"]
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([casd, *arguments, os.path.join(folder, "cache")], env=environment, **silent)
    for _ in range(500):
        try:
            socket.create_connection(address.split(":")).close()
            return server, address
        except OSError:
            time.sleep(0.02)
    sys.exit("buildbox-casd does not listen")


def main():
    need("bwrap")
    programs = os.environ.get("XB_TEST_CASD") or sys.exit("XB_TEST_CASD does not say where buildbox-casd is")
    default = os.path.join(ROOT, "target", "release", "examples", "rate")
    rate = os.environ.get("XB_RATE", default)
    if not os.path.exists(rate):
        sys.exit("`cargo build --release -p xb-engine --example rate` makes what this needs")
    with tempfile.TemporaryDirectory() as folder:
        server, address = start(programs, folder)
        try:
            told = subprocess.run([rate, address, "/bin/busybox", str(COUNT)], check=True, capture_output=True, text=True)
        finally:
            server.terminate()
            server.wait()
    for line in told.stdout.splitlines():
        row = json.loads(line)
        ratio = row["xb"] / row["direct"]
        verdict = "met" if ratio >= GOAL else "MISSED"
        print(
            f"{row['flight']:2} in flight: xb {row['xb']:.1f}/s, bare calls {row['direct']:.1f}/s, "
            f"ratio {ratio:.2f} (goal {GOAL}: {verdict})"
        )


if __name__ == "__main__":
    main()
