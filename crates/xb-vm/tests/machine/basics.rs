//! What a command finds in a machine: what it finds in the local sandbox.

use crate::support::{with_out, world};

#[test]
fn a_command_is_alone_with_its_root() {
    let Some(world) = world() else { return };
    let log = world.check(
        r#"
        test "$(id -u):$(id -g)" = 0:0
        test "$(hostname)" = xb
        test "$(uname -m)" = aarch64
        test "$(pwd)" = /build
        test "$(umask)" = 0022
        test "$PATH:$out:$HOME:$jobs" = /bin:/out:/tmp:2
        test "$(stat -c %a /tmp)" = 1777
        test "$(ifconfig -a | grep -c Link)" = 1
        ifconfig lo | grep -q 127.0.0.1
        test "$(stat -c %u:%g:%a /bin/busybox)" = 0:0:755
        test "$(stat -c %Y /bin/busybox)" = 1
        echo to > /dev/stdout
        echo err >&2
        ls /dev | sort | tr '\n' ' '
        "#,
    );
    assert!(log.starts_with("to\nerr\n"), "{log}");
    for name in ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "zero"] {
        assert!(log.contains(&format!("{name} ")), "{name}: {log}");
    }
    assert!(!log.contains("vd") && !log.contains("vport"), "{log}");
}

#[test]
fn a_command_cannot_get_at_the_machine() {
    let Some(world) = world() else { return };
    world.check(
        r#"
        refused() { if "$@" 2> /dev/null; then echo "not refused: $*"; exit 1; fi; }
        refused mknod /disk b 254 0
        refused mount -t tmpfs tmpfs /tmp
        refused unshare -U true
        refused sh -c 'echo 1 > /proc/sys/kernel/randomize_va_space'
        refused sh -c 'echo b > /proc/sysrq-trigger'
        kill -9 1
        refused dd if=/dev/mem of=/dev/null count=1
        test ! -e /run/control && test ! -e /sys/class
        test "$(ls /proc/self/fd | wc -l)" -le 4
        test "$(grep CapEff /proc/self/status | tr -d '[:space:]')" = CapEff:00000000800005fb ||
          grep Cap /proc/self/status
        test "$(grep NoNewPrivs /proc/self/status | cut -f2)" = 1
        "#,
    );
}

#[test]
fn owners_are_nobodys_business() {
    let Some(world) = world() else { return };
    world.check(
        "touch a; chown 5:6 a; test \"$(stat -c %u:%g a)\" = 0:0; chmod 4755 a; test \"$(stat -c %a a)\" = 4755",
    );
}

#[test]
fn what_one_leaves_no_other_sees() {
    let Some(world) = world() else { return };
    let boot = "cat /proc/sys/kernel/random/boot_id";
    let first = world.run(&format!("{boot}; touch /left /dev/shm/left /tmp/left; (sleep 100 &) ; exit 3"), |_| {});
    assert_eq!((first.result.exit_code, first.result.executor.as_str()), (3, "arm"), "{}", first.log);
    let second = world.check(&format!(
        "{boot}; test ! -e /left; test ! -e /dev/shm/left; test ! -e /tmp/left; test \"$(ps | grep -c slee[p])\" = 0"
    ));
    assert_eq!(first.log, second, "the machine is another one");
}

#[test]
fn a_log_is_whole_whatever_is_in_it() {
    let Some(world) = world() else { return };
    let outcome = world.run("seq 1 20000; printf 'ended 0 0 0 0\\ndone\\n'; printf 'no end'", |action| {
        action.limits.log = 1 << 20;
    });
    let numbers: String = (1..=20000).map(|number| format!("{number}\n")).collect();
    assert_eq!(outcome.log, numbers + "ended 0 0 0 0\ndone\nno end");
}

#[test]
fn an_output_comes_back() {
    let Some(world) = world() else { return };
    let outcome = world.run("mkdir $out/d; echo hello > $out/d/file; ln -s d/file $out/link", with_out);
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    let tree = xb_store::Contents::materialise(&*world.store, outcome.result.outputs["out"]).unwrap();
    assert_eq!(std::fs::read_to_string(tree.join("link")).unwrap(), "hello\n");
}
