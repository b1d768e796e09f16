#!/usr/bin/env python3
"""What a trivial step costs at each kind of executor, beside a sandbox here.

Each builds one package and then many that do not need each other, one at a time, each time in a store that has all that
they are made from; the cost of a step is the difference. `xb serve --execute` is on loopback and ssh leads to this
machine; Docker's engine is the one of this machine, and the machine made of software runs arm64 steps. What cannot be
had here is left out and named.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from common import XB

COUNT = 20
ROUNDS = 3


class Place:
    """A home and a project, in which steps go to one executor."""

    def __init__(self, folder, name, section, flags=(), programs="/usr/bin:/bin"):
        self.name, self.flags = name, list(flags)
        self.project = os.path.join(folder, name)
        os.makedirs(self.project)
        home = os.path.join(self.project, "home")
        self.environment = {"HOME": home, "XB_STORE": os.path.join(folder, "store"), "PATH": programs}
        self.write("xb.toml", section)
        if "engine" in section or "docker" in section:
            self.xb("cache", "accept")

    def write(self, name, text):
        pathlib.Path(self.project, name).write_text(text, encoding="utf-8")

    def xb(self, *words):
        """Seconds of a command, and what it printed."""
        begin = time.perf_counter()
        command = [XB, *words]
        done = subprocess.run(command, cwd=self.project, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{self.name}: {' '.join(command)} failed:\n{done.stderr[:2000]}")
        return time.perf_counter() - begin, done.stdout

    def build(self, count):
        """Seconds of a build of so many new packages."""
        salt = time.time_ns()
        lines = (f'package p{i}(arch) {{ build = sh"echo {salt} {i} >$out/{i}" }}\n' for i in range(count))
        self.write("many.xb", "".join(lines))
        seconds, told = self.xb("build", "many.xb", "-j1", "--json", *self.flags)
        ran = {result["executor"] for result in json.loads(told)["results"]}
        if ran != {self.name}:
            sys.exit(f"what {self.name} was to run was run by {ran}")
        return seconds

    def cost(self):
        """Seconds of a build of one, and of each more."""
        self.build(1)
        ones = statistics.median(self.build(1) for _ in range(ROUNDS))
        many = statistics.median(self.build(1 + COUNT) for _ in range(ROUNDS))
        return ones, (many - ones) / COUNT


def section(name, kind, more=""):
    # This machine is left to what nobody else can run.
    return f'[build]\ncost = 1000000\n[executor.{name}]\nkind = "{kind}"\narch = "amd64"\nslots = 1\n{more}'


def served(folder):
    """A server on loopback, and its address."""
    command = [XB, "serve", os.path.join(folder, "cache"), "--execute", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    return server, server.stderr.readline().strip().rsplit("://", 1)[1]


def sshd(folder):
    """A server of ssh, and the folder of an `ssh` that gets there."""
    at = lambda name: os.path.join(folder, name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for key in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(key)], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    home = at("far")
    os.makedirs(home)
    settings = (
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {at('host')}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"PermitRootLogin yes\nAuthorizedKeysFile {at('own.pub')}\n"
        f"SetEnv HOME={home} XB_STORE={home}/store XDG_CACHE_HOME={home}/.cache PATH=/usr/bin:/bin\n"
    )
    pathlib.Path(at("sshd_config")).write_text(settings, encoding="utf-8")
    config = f"Host far\n HostName 127.0.0.1\n Port {port}\n IdentityFile {at('own')}\n IdentitiesOnly yes\n"
    config += f" UserKnownHostsFile {at('known')}\n StrictHostKeyChecking accept-new\n"
    pathlib.Path(at("config")).write_text(config, encoding="utf-8")
    os.makedirs(at("bin"))
    script = f"#!/bin/sh\nexec /usr/bin/ssh -F '{at('config')}' \"$@\"\n"
    pathlib.Path(at("bin/ssh")).write_text(script, encoding="utf-8")
    os.chmod(at("bin/ssh"), 0o755)
    server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", at("sshd_config")], stderr=subprocess.DEVNULL)
    time.sleep(1)
    return server, f"{at('bin')}:/usr/bin:/bin"


@contextlib.contextmanager
def ended(server):
    """A server that ends with the block, however that does."""
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def places(folder, servers):
    """Where steps can run here."""
    yield Place(folder, "local", "")
    server, address = served(folder)
    servers.enter_context(ended(server))
    yield Place(folder, "served", section("served", "engine", f'url = "grpc://{address}"\n'))
    if os.path.exists("/usr/sbin/sshd"):
        server, programs = sshd(folder)
        servers.enter_context(ended(server))
        yield Place(folder, "line", section("line", "engine", 'url = "ssh://far"\n'), programs=programs)
    else:
        print("ssh: openssh-server is not installed")
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        yield Place(folder, "box", section("box", "docker"))
    else:
        print("docker: no engine answers")
    machine = section("machine", "vm").replace("amd64", "arm64")
    yield Place(folder, "machine", machine, ["--arch", "arm64", "--method", "native"])


def main():
    here = None
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        for place in places(folder, servers):
            one, each = place.cost()
            here = here or each
            print(
                f"{place.name}: {each * 1000:.0f} ms for each step, {each / here:.1f} times what it costs here; "
                f"a build of one takes {one:.2f} s",
                flush=True,
            )


main()
