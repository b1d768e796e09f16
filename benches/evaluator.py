#!/usr/bin/env python3
"""The evaluator against Nix's, on four programs that each language writes in its own way."""

from common import XB, compare, need

PROGRAMS = {
    "Fibonacci of 30": (
        "let fib = n => if n < 2 then n else fib(n - 1) + fib(n - 2) in fib(30)",
        "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 30",
    ),
    "sum of a filtered list of 300,000": (
        "list.sum(list.filter(list.range(0, 300000), n => n % 3 == 0))",
        "builtins.foldl' (a: b: a + b) 0 (builtins.filter (n: n - (n / 3) * 3 == 0) (builtins.genList (n: n) 300000))",
    ),
    "200,000 updates of a record of 1,000 keys": (
        "let base = { \"k${i}\" = 0 for i in list.range(0, 1000) } "
        "let last = list.fold(list.range(0, 200000), base, (r, i) => r // { \"k${i % 1000}\" = i }) "
        "in list.sum(record.values(last))",
        "let base = builtins.listToAttrs (builtins.genList (i: { name = \"k${toString i}\"; value = 0; }) 1000); "
        "last = builtins.foldl' (r: i: r // { \"k${toString (i - (i / 1000) * 1000)}\" = i; }) base "
        "(builtins.genList (i: i) 200000); "
        "in builtins.foldl' (a: b: a + b) 0 (builtins.attrValues last)",
    ),
    "500,000 strings joined": (
        "string.length(string.join([\"item ${i}\" for i in list.range(0, 500000)], \",\"))",
        "builtins.stringLength (builtins.concatStringsSep \",\" (builtins.genList (i: \"item ${toString i}\") 500000))",
    ),
}


def main():
    need("nix-instantiate")
    for title, (ours, theirs) in PROGRAMS.items():
        compare(title, [XB, "eval", "-e", ours], ["nix-instantiate", "--eval", "--expr", theirs], goal=1)


main()
