#!/usr/bin/env python3
"""A shared cache, against what a team would do without: compressed archives of results, and a look-up after another.

Three figures: a result of 256 MB in 5,000 files, sent and brought, beside `tar` with `zstd -9` and beside a copy of it; the
same after one line was changed; and 1,000 results looked up at `xb serve` that is 20 ms away, by either protocol, beside
as many round trips, one after another. `MEGABYTES` and `RESULTS` ask for others.
The first machine is whoever runs this, with a store of theirs; the second has nothing.
"""

import http.client
import os
import queue
import random
import socket
import subprocess
import tempfile
import threading
import time

from common import XB, run

FILES = 5_000
BYTES = int(os.environ.get("MEGABYTES", "256")) << 20
RESULTS = int(os.environ.get("RESULTS", "1000"))
AWAY = 0.02

PACKAGE = """package big(arch) {
  source = ./tree
  build  = sh"cp -r . $out"
}
"""


class Line(threading.Thread):
    """A line to a server on which all that goes, goes `AWAY / 2` seconds long, and so does all that comes."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listening.getsockname()[1]

    def run(self):
        while True:
            near, _ = self.listening.accept()
            far = socket.create_connection(self.server)
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                under_way = queue.SimpleQueue()
                threading.Thread(target=self.take, args=(one, under_way), daemon=True).start()
                threading.Thread(target=self.give, args=(other, under_way), daemon=True).start()

    @staticmethod
    def take(one, under_way):
        piece = b"."
        while piece:
            try:
                piece = one.recv(1 << 18)
            except OSError:
                piece = b""
            under_way.put((time.perf_counter() + AWAY / 2, piece))

    @staticmethod
    def give(other, under_way):
        while True:
            due, piece = under_way.get()
            time.sleep(max(0, due - time.perf_counter()))
            try:
                other.sendall(piece) if piece else other.shutdown(socket.SHUT_WR)
            except OSError:
                return
            if not piece:
                return


def write_tree(top):
    """Lines of words: what compresses as programs and texts do."""
    dice = random.Random(7)
    words = [dice.randbytes(dice.randint(2, 9)).hex() for _ in range(4_000)]
    for i in range(FILES):
        folder = os.path.join(top, f"d{i % 50}")
        os.makedirs(folder, exist_ok=True)
        size = max(1, int(dice.lognormvariate(0, 1) * BYTES / FILES / 1.65))
        with open(os.path.join(folder, f"f{i}"), "w") as file:
            while size > 0:
                line = " ".join(dice.choices(words, k=12)) + "\n"
                file.write(line)
                size -= len(line)


def project(scratch, name, cache, packages):
    folder = os.path.join(scratch, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "all.xb"), "w") as file:
        file.write(packages)
    with open(os.path.join(folder, "xb.toml"), "w") as file:
        file.write(f'[cache.team]\nurl = "{cache}"\npush = true\n')
    run([XB, "-C", folder, "cache", "accept"])
    return folder


def size_of(folder):
    files = (os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(file) for file in files)


def archive(folder, file):
    command = f"tar -C '{folder}' -cf - . | zstd -q -f -9 -T1 -o '{file}'"
    seconds, _ = run(["sh", "-c", command])
    return seconds, os.path.getsize(file)


def megabytes(count):
    return f"{count / 1e6:.2f} MB"


def transfer(scratch):
    cache = os.path.join(scratch, "cache")
    first = project(scratch, "first", cache, PACKAGE)
    tree = os.path.join(first, "tree")
    write_tree(tree)
    run([XB, "-C", first, "build", "--alone"])
    sent, _ = run([XB, "-C", first, "cache", "push"])
    whole = size_of(cache)
    packed, plain = archive(tree, os.path.join(scratch, "tree.tar.zst"))
    subprocess.run(["cp", "-r", first, os.path.join(scratch, "second")], check=True)
    second = os.path.join(scratch, "second")
    elsewhere = {**os.environ, "XB_STORE": os.path.join(scratch, "store")}
    run([XB, "-C", second, "cache", "accept"])
    brought, _ = run([XB, "-C", second, "cache", "pull"], env=elsewhere)
    out = os.path.join(scratch, "unpacked")
    os.makedirs(out)
    unpacked, _ = run(["sh", "-c", f"zstd -q -dc '{scratch}/tree.tar.zst' | tar -C '{out}' -xf -"])
    copied, _ = run(["cp", "-r", tree, os.path.join(scratch, "copied")])
    print(
        f"{BYTES >> 20} MB: sent in {sent:.1f} s, {megabytes(whole)}; tar and zstd -9 {packed:.1f} s, {megabytes(plain)}\n"
        f"brought in {brought:.1f} s; zstd and tar {unpacked:.1f} s; a copy {copied:.1f} s"
    )
    with open(os.path.join(tree, "d7", "f7"), "a") as file:
        file.write("one line more\n")
    run([XB, "-C", first, "build"])
    more = size_of(cache) - whole
    _, again = archive(tree, os.path.join(scratch, "tree.tar.zst"))
    verdict = "met" if more * 20 <= again else "MISSED"
    print(f"one line more: sent {megabytes(more)}; the archive is {megabytes(again)} (goal a twentieth: {verdict})")


def look_ups(scratch):
    cache = os.path.join(scratch, "served")
    serving = subprocess.Popen([XB, "serve", cache, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    host, port = serving.stderr.readline().strip().rsplit("://", 1)[1].split(":")
    salt = time.time_ns()
    packages = "".join(f'package p{i}(arch) {{ build = sh"echo {salt} {i} >$out/{i}" }}\n' for i in range(RESULTS))
    folder = project(scratch, "many", f"grpc://{host}:{port}", packages)
    run([XB, "-C", folder, "build"])
    line = Line((host, int(port)))
    line.start()
    entries = [name for _, _, names in os.walk(os.path.join(cache, "ac")) for name in names][:RESULTS]
    connection = http.client.HTTPConnection(line.address)
    begin = time.perf_counter()
    for name in entries:
        connection.request("GET", f"/ac/{name}")
        connection.getresponse().read()
    serial = time.perf_counter() - begin
    for scheme in ("http", "grpc"):
        elsewhere = {**os.environ, "XB_STORE": os.path.join(scratch, f"many-{scheme}")}
        url = f"{scheme}://{line.address}"
        planned, _ = run([XB, "-C", project(scratch, "many", url, packages), "build", "--plan"], env=elsewhere)
        few = packages.split("\n")[0] + "\n"
        one, _ = run([XB, "-C", project(scratch, "many", url, few), "build", "--plan"], env=elsewhere)
        ratio = serial / (planned - one)
        verdict = "met" if ratio >= 20 else "MISSED"
        print(
            f"{RESULTS} look-ups by {scheme}, {AWAY * 1000:.0f} ms away: {planned - one:.2f} s beyond those of one; "
            f"one after another {serial:.2f} s; {ratio:.0f} times faster (goal 20: {verdict})"
        )
    serving.terminate()
    serving.wait()


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("SCRATCH")) as scratch:
        os.environ["XDG_CONFIG_HOME"] = os.path.join(scratch, "config")
        os.environ.pop("XB_KEY", None)
        run([XB, "key", "new"])
        transfer(scratch)
        look_ups(scratch)
        subprocess.run(["chmod", "-R", "u+w", scratch], check=True)


main()
