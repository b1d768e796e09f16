//! `/etc/alternatives`: of several programs for one name, the one with the highest priority.
//!
//! The table holds what Debian's packages register with update-alternatives, as far as builds use it: names that a
//! person would choose (editors, browsers, terminals) are left out. A choice counts when its program is there.

use xb_core::Arch;

use super::Making;

/// A name, the programs for it, and what follows its choice.
struct Name {
    /// Where the name lies.
    link: &'static str,
    /// How the choice is called.
    name: &'static str,
    /// Programs and their priorities, with the programs for the names that follow.
    choices: &'static [(&'static str, i32, &'static [&'static str])],
    /// The names that follow, and how their choices are called.
    followers: &'static [(&'static str, &'static str)],
}

const fn name(
    link: &'static str,
    name: &'static str,
    choices: &'static [(&'static str, i32, &'static [&'static str])],
) -> Name {
    Name { link, name, choices, followers: &[] }
}

/// `@` stands for the triplet of each architecture.
const NAMES: [Name; 19] = [
    Name {
        link: "usr/bin/awk",
        name: "awk",
        choices: &[
            ("usr/bin/gawk", 10, &["usr/bin/gawk"]),
            ("usr/bin/mawk", 5, &["usr/bin/mawk"]),
            ("usr/bin/original-awk", 0, &["usr/bin/original-awk"]),
        ],
        followers: &[("usr/bin/nawk", "nawk")],
    },
    name("usr/bin/cc", "cc", &[("usr/bin/gcc", 20, &[]), ("usr/bin/clang", 10, &[])]),
    name("usr/bin/c++", "c++", &[("usr/bin/g++", 20, &[]), ("usr/bin/clang++", 10, &[])]),
    name("usr/bin/c89", "c89", &[("usr/bin/c89-gcc", 20, &[]), ("usr/bin/clang", 10, &[])]),
    name("usr/bin/c99", "c99", &[("usr/bin/c99-gcc", 20, &[]), ("usr/bin/clang", 10, &[])]),
    name("usr/lib/cpp", "cpp", &[("usr/bin/cpp", 10, &[])]),
    name("usr/bin/f77", "f77", &[("usr/bin/gfortran", 20, &[])]),
    name("usr/bin/f95", "f95", &[("usr/bin/gfortran", 20, &[])]),
    name("usr/bin/yacc", "yacc", &[("usr/bin/bison.yacc", 100, &[]), ("usr/bin/byacc", 80, &[])]),
    Name {
        link: "usr/bin/automake",
        name: "automake",
        choices: &[
            ("usr/bin/automake-1.18", 36, &["usr/bin/aclocal-1.18"]),
            ("usr/bin/automake-1.17", 35, &["usr/bin/aclocal-1.17"]),
            ("usr/bin/automake-1.16", 30, &["usr/bin/aclocal-1.16"]),
        ],
        followers: &[("usr/bin/aclocal", "aclocal")],
    },
    name("usr/bin/which", "which", &[("usr/bin/which.gnu", 400, &[]), ("usr/bin/which.debianutils", 0, &[])]),
    name("usr/bin/pager", "pager", &[("usr/bin/less", 77, &[]), ("usr/bin/more", 50, &[])]),
    name("usr/bin/fakeroot", "fakeroot", &[("usr/bin/fakeroot-sysv", 50, &[]), ("usr/bin/fakeroot-tcp", 30, &[])]),
    name(
        "usr/bin/lua",
        "lua-interpreter",
        &[
            ("usr/bin/lua5.2", 120, &[]),
            ("usr/bin/lua5.3", 120, &[]),
            ("usr/bin/lua5.1", 110, &[]),
            ("usr/bin/lua5.4", 20, &[]),
        ],
    ),
    name(
        "usr/bin/luac",
        "lua-compiler",
        &[
            ("usr/bin/luac5.2", 120, &[]),
            ("usr/bin/luac5.3", 120, &[]),
            ("usr/bin/luac5.1", 110, &[]),
            ("usr/bin/luac5.4", 20, &[]),
        ],
    ),
    name(
        "usr/lib/@/libblas.so.3",
        "libblas.so.3-@",
        &[("usr/lib/@/openblas-pthread/libblas.so.3", 100, &[]), ("usr/lib/@/blas/libblas.so.3", 10, &[])],
    ),
    name(
        "usr/lib/@/liblapack.so.3",
        "liblapack.so.3-@",
        &[("usr/lib/@/openblas-pthread/liblapack.so.3", 100, &[]), ("usr/lib/@/lapack/liblapack.so.3", 10, &[])],
    ),
    Name {
        link: "usr/lib/@/libblas.so",
        name: "libblas.so-@",
        choices: &[
            (
                "usr/lib/@/openblas-pthread/libblas.so",
                100,
                &["usr/lib/@/openblas-pthread/libblas.a", "usr/include/@/openblas-pthread/cblas.h"],
            ),
            ("usr/lib/@/blas/libblas.so", 10, &["usr/lib/@/blas/libblas.a", "usr/include/@/cblas-netlib.h"]),
        ],
        followers: &[("usr/lib/@/libblas.a", "libblas.a-@"), ("usr/include/@/cblas.h", "cblas.h-@")],
    },
    Name {
        link: "usr/lib/@/liblapack.so",
        name: "liblapack.so-@",
        choices: &[
            ("usr/lib/@/openblas-pthread/liblapack.so", 100, &["usr/lib/@/openblas-pthread/liblapack.a"]),
            ("usr/lib/@/lapack/liblapack.so", 10, &["usr/lib/@/lapack/liblapack.a"]),
        ],
        followers: &[("usr/lib/@/liblapack.a", "liblapack.a-@")],
    },
];

pub(super) fn make(making: &mut Making<'_>) {
    for name in &NAMES {
        if name.link.contains('@') {
            for arch in Arch::ALL {
                choose(making, name, arch.triplet());
            }
        } else {
            choose(making, name, "");
        }
    }
}

fn choose(making: &mut Making<'_>, name: &Name, triplet: &str) {
    let fill = |text: &str| text.replace('@', triplet);
    let there = name.choices.iter().filter(|(program, ..)| making.is_there(&fill(program)));
    let best = there.rev().max_by_key(|(_, priority, _)| *priority);
    let Some((program, _, programs)) = best else {
        return;
    };
    point(making, &fill(name.link), &fill(name.name), &fill(program));
    for ((link, name), program) in name.followers.iter().zip(*programs) {
        if making.is_there(&fill(program)) {
            point(making, &fill(link), &fill(name), &fill(program));
        }
    }
}

/// The name points to the choice, and the choice to the program.
fn point(making: &mut Making<'_>, link: &str, name: &str, program: &str) {
    if making.is_there(link) {
        return;
    }
    making.link(link, &format!("/etc/alternatives/{name}"));
    making.link(&format!("etc/alternatives/{name}"), &format!("/{program}"));
}
