//! Ways out, and ways for the machine to leak in.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use xb_core::{Arch, TreeId};

use crate::support::{World, compile, with_out};

/// A world with `probe` in its root.
struct Probes {
    world: World,
    layer: TreeId,
}

impl Probes {
    fn new() -> Option<Self> {
        static PROBE: OnceLock<Vec<u8>> = OnceLock::new();
        let world = World::new()?;
        let program = PROBE.get_or_init(|| compile("probe", include_str!("probe.c")));
        let layer = world.store.tree(|root| {
            fs::create_dir(root.join("bin")).unwrap();
            fs::write(root.join("bin/probe"), program).unwrap();
            fs::set_permissions(root.join("bin/probe"), fs::Permissions::from_mode(0o755)).unwrap();
        });
        Some(Self { world, layer })
    }

    /// Runs each script and compares what it said.
    #[track_caller]
    fn check(&self, cases: &[(&str, &str)]) {
        let script: Vec<&str> = cases.iter().map(|(script, _)| *script).collect();
        let script = format!("set +e\n{}", script.join("\n"));
        let outcome = self.world.run(&script, |action| action.layers.push(self.layer));
        let said: Vec<&str> = outcome.log.lines().collect();
        let found: Vec<_> = cases.iter().map(|case| case.0).zip(said).collect();
        assert_eq!(found, cases, "{}", outcome.log);
    }
}

#[test]
fn there_is_no_network_but_loopback() {
    let Some(probes) = Probes::new() else { return };
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    probes.check(&[
        (&format!("probe connect {port}"), "ECONNREFUSED"),
        ("probe loopback 4321", "ok"),
        ("probe loopback 80", "ok"),
        ("probe outside", "ENETUNREACH"),
        ("probe unix", "ok"),
        ("probe netlink-route", "ok"),
        ("probe netlink-audit", "EPROTONOSUPPORT"),
        ("probe vsock", "EAFNOSUPPORT"),
        ("probe packet", "EAFNOSUPPORT"),
        ("probe ping", "EPERM"),
    ]);
}

#[test]
fn processes_outside_cannot_be_seen_or_reached() {
    let Some(probes) = Probes::new() else { return };
    let outside = std::process::id();
    probes.check(&[
        (&format!("probe kill {outside}"), "ESRCH"),
        (&format!("probe attach {outside}"), "ESRCH"),
        ("probe attach 1", "EPERM"),
        ("kill -9 1; kill -STOP 1; echo ok", "ok"),
        ("set -- /proc/[0-9]*; echo $#", "2"),
        ("cat /proc/1/environ 2>/dev/null | wc -c", "0"),
        ("ls /proc/1/root/ 2>/dev/null | wc -l", "0"),
        ("cat /proc/1/fd/* 2>/dev/null | wc -c", "0"),
        ("for f in fd/3 cwd exe; do readlink /proc/1/$f; done | wc -l", "0"),
        ("echo $(ls /proc/self/fd)", "0 1 2 3"),
        ("readlink /proc/self/fd/1 | cut -c1-5", "pipe:"),
    ]);
}

#[test]
fn files_of_the_machine_cannot_be_seen() {
    let Some(probes) = Probes::new() else { return };
    let secret = probes.world.temporary.path().join("secret");
    fs::write(&secret, "x").unwrap();
    let home = probes.world.temporary.path().file_name().unwrap().to_str().unwrap();
    let secret = secret.display();
    probes.check(&[
        (&format!("file={secret} probe read"), "EBADF"),
        (&format!("grep -c {home} /proc/self/mountinfo"), "0"),
        ("cd /; cat ../../../../../etc/passwd", "root:x:0:0::/:/bin/sh"),
        ("ls -A /tmp /dev/shm | grep -vc :", "1"),
        ("probe chroot", "EPERM"),
    ]);
}

#[test]
fn mounts_and_namespaces_cannot_be_made() {
    let Some(probes) = Probes::new() else { return };
    probes.check(&[
        ("probe mount", "EPERM"),
        ("probe umount", "EPERM"),
        ("probe fsopen", "EPERM"),
        ("probe unshare-user", "ENOSPC"),
        ("probe clone-user", "ENOSPC"),
        ("probe unshare-mount", "EPERM"),
        ("probe sethostname", "EPERM"),
        ("probe mknod", "EPERM"),
        ("probe mkfifo", "ok"),
    ]);
}

#[test]
fn settings_of_the_machine_cannot_be_changed() {
    let Some(probes) = Probes::new() else { return };
    let writes = [
        "sys/kernel/core_pattern",
        "sys/kernel/hostname",
        "sys/kernel/pid_max",
        "sys/user/max_user_namespaces",
        "sys/vm/drop_caches",
        "sys/net/ipv4/ip_forward",
        "sysrq-trigger",
        "irq/default_smp_affinity",
    ];
    for file in writes {
        let outcome = probes.world.run(&format!("file=/proc/{file} probe write"), |action| {
            action.layers.push(probes.layer);
        });
        assert_eq!(outcome.log, "EBADF\n", "/proc/{file}");
    }
    probes.check(&[
        ("ls /sys 2>/dev/null | wc -l", "0"),
        ("find /proc -maxdepth 1 -type f -perm /222 | while read f; do (: >> $f) 2>/dev/null && echo $f; done; echo end", "end"),
        ("echo 500 > /proc/self/oom_score_adj && cat /proc/self/oom_score_adj", "500"),
    ]);
}

/// What would show that somebody changed a file.
fn state(path: &Path) -> (u32, u32, i64, i64, u64) {
    let data = fs::metadata(path).unwrap();
    (data.mode(), data.uid(), data.ctime(), data.ctime_nsec(), data.len())
}

#[test]
fn files_of_the_machine_and_the_store_cannot_be_changed() {
    let Some(probes) = Probes::new() else { return };
    let other = Arch::ALL.into_iter().find(|arch| Some(*arch) != Arch::host()).unwrap().machine();
    let path = format!("usr/bin/qemu-{other}");
    let emulator = probes.world.store.tree(|root| {
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::write(root.join(&path), "emulator").unwrap();
    });
    let inside = format!("/dev/.xb/{other}/emulator");
    let mut files = ["null", "zero", "full", "random", "urandom", "tty"].map(|name| format!("/dev/{name}")).to_vec();
    let mut outside: Vec<PathBuf> = ["/dev/null", "/dev/zero", "/dev/full"].map(PathBuf::from).to_vec();
    outside.push(probes.world.store.open(emulator).join(&path));
    files.push(inside.clone());
    let before: Vec<_> = outside.iter().map(|path| state(path)).collect();
    let lines = files.iter().map(|file| format!("export file={file}; probe chmod; probe touch"));
    let script = format!(
        "{}; file={inside} probe overwrite; probe fchmod 0; probe fchmod 0 < /dev/null; probe fchmod 0 < {inside}",
        lines.collect::<Vec<_>>().join("\n")
    );
    let outcome = probes.world.run(&script, |action| {
        action.layers.push(probes.layer);
        action.emulator = Some(emulator);
    });
    assert_eq!(outcome.log, "EROFS\n".repeat(files.len() * 2 + 4));
    assert_eq!(outside.iter().map(|path| state(path)).collect::<Vec<_>>(), before);
}

#[test]
fn only_file_systems_of_the_sandbox_can_be_written_to() {
    let Some(probes) = Probes::new() else { return };
    probes.check(&[
        ("echo $(awk '$6 !~ /^ro/ {print $5}' /proc/self/mountinfo | sort)", "/ /dev /dev/pts /dev/shm /proc"),
        ("echo x > /dev/null && echo x >> /dev/null && echo ok", "ok"),
        ("head -c 5 /dev/zero | tee /dev/null | wc -c", "5"),
        ("head -c 5 /dev/urandom | wc -c", "5"),
        ("(echo x > /dev/full) 2>&1 | grep -c 'No space'", "1"),
        ("probe pty", "ok"),
    ]);
}

#[test]
fn parts_of_the_kernel_are_closed() {
    let Some(probes) = Probes::new() else { return };
    probes.check(&[
        ("probe keyctl", "EPERM"),
        ("probe bpf", "EPERM"),
        ("probe perf", "EPERM"),
        ("probe userfaultfd", "EPERM"),
        ("probe io_uring", "ENOSYS"),
        ("probe i386", "ENOSYS"),
        ("probe x32", "ENOSYS"),
        ("probe sti", "EPERM"),
        ("probe terminal", "ENXIO"),
        ("probe pty", "ok"),
        ("probe shm", "ok"),
        (
            "grep -E 'CapEff|CapBnd|Seccomp:|NoNewPrivs' /proc/self/status | tr -s '\\t\\n' ' '; echo",
            "CapEff: 00000000800005ff CapBnd: 00000000800005ff NoNewPrivs: 1 Seccomp: 2 ",
        ),
        ("cat /proc/self/personality", "00040000"),
    ]);
}

#[test]
fn everything_belongs_to_one_user() {
    let Some(probes) = Probes::new() else { return };
    probes.check(&[
        ("probe chown", "ok"),
        ("probe fchownat", "ok"),
        ("probe setgroups", "ok"),
        ("touch f && chown 1234:5678 f && stat -c %u:%g f", "0:0"),
        ("probe setuid 0", "ok"),
        ("probe setuid 1000", "EINVAL"),
        ("cp /bin/probe own && chmod 6755 own && stat -c %a own", "6755"),
        ("./own setuid 0", "ok"),
        ("chmod 000 f && echo x > f && cat f", "x"),
    ]);
}

#[test]
fn set_id_programs_are_kept_where_only_their_owner_finds_them() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("mkdir -p /out; cp /bin/busybox /out/own; chmod 4755 /out/own", with_out);
    let out = world.output(&outcome, "out");
    assert!(out.join("own").exists());
    let mode = fs::metadata(world.scratch()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn links_in_the_root_do_not_lead_out_of_it() {
    let Some(world) = World::new() else { return };
    let target = world.temporary.path().join("target");
    fs::create_dir(&target).unwrap();
    for name in ["proc", "dev", "tmp", "build"] {
        let layer = world.store.tree(|root| std::os::unix::fs::symlink(&target, root.join(name)).unwrap());
        let mut action = world.script("true");
        action.layers.push(layer);
        let outcome = world.try_run(&action);
        assert!(outcome.is_err(), "{name}");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn a_link_at_tmp_does_not_open_a_folder_of_the_machine() {
    let Some(world) = World::new() else { return };
    let target = tempfile::tempdir_in("/var/tmp").unwrap();
    let target = target.path();
    fs::set_permissions(target, fs::Permissions::from_mode(0o700)).unwrap();
    let inside = target.strip_prefix("/").unwrap();
    let layer = world.store.tree(|root| {
        std::os::unix::fs::symlink(target, root.join("tmp")).unwrap();
        fs::create_dir_all(root.join(inside)).unwrap();
    });
    let mut action = world.script("touch /tmp/file");
    action.layers.push(layer);
    assert!(world.try_run(&action).unwrap().result.succeeded());
    assert_eq!(fs::metadata(target).unwrap().permissions().mode() & 0o7777, 0o700);
    assert_eq!(fs::read_dir(target).unwrap().count(), 0);
}
