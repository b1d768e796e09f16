//! Programs of another architecture: emulated where the action brings an emulator, refused where not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use xb_core::{Arch, TreeId};
use xb_graph::{Cause, Method, ResolvedAction};

use crate::support::{Outcome, World, program, skip};

/// A program for arm64 that prints its arguments and its environment, one on a line, and exits with 7.
#[rustfmt::skip]
const CODE: [u32; 21] = [
    0x910003f3, // mov x19, sp
    0xf8408674, // ldr x20, [x19], #8      the number of arguments
    0xd2800056, // mov x22, #2             two lists: arguments, environment
    0xf8408661, // next: ldr x1, [x19], #8
    0xb50000c1, // cbnz x1, print
    0xf10006d6, // subs x22, x22, #1
    0x54ffffa1, // b.ne next
    0xd28000e0, // mov x0, #7
    0xd2800ba8, // mov x8, #93             exit
    0xd4000001, // svc #0
    0xd2800002, // print: mov x2, #0
    0x38626823, // count: ldrb w3, [x1, x2]
    0x91000442, // add x2, x2, #1
    0x35ffffc3, // cbnz w3, count
    0x52800143, // mov w3, #'\n'           in place of the zero at its end
    0xd1000444, // sub x4, x2, #1
    0x38246823, // strb w3, [x1, x4]
    0xd2800020, // mov x0, #1
    0xd2800808, // mov x8, #64             write
    0xd4000001, // svc #0
    0x17ffffef, // b next
];

/// A program for arm64 that waits for ever.
#[rustfmt::skip]
const WAITING: [u32; 7] = [
    0xd2800000, // mov x0, #0
    0xd2800001, // mov x1, #0
    0xd2800002, // mov x2, #0
    0xd2800003, // mov x3, #0
    0xd2800004, // mov x4, #0
    0xd2800928, // mov x8, #73             ppoll
    0xd4000001, // svc #0
];

/// A program for arm64 that tells by its exit code who it is: 1 when the effective user is nobody, 2 when the real one is.
#[rustfmt::skip]
pub const TELLING: [u32; 10] = [
    0xd28015e8, // mov x8, #175            geteuid
    0xd4000001, // svc #0
    0x927f0013, // and x19, x0, #2
    0xd28015c8, // mov x8, #174            getuid
    0xd4000001, // svc #0
    0x927f0000, // and x0, x0, #2
    0xaa530400, // orr x0, x0, x19, lsr #1
    0xd2800ba8, // mov x8, #93             exit
    0xd4000001, // svc #0
    0xd4200000, // brk #0
];

/// A program for arm64 that gives 0 when it may have a port of the privileged.
#[rustfmt::skip]
pub const BINDING: [u32; 14] = [
    0xd2800040, // mov x0, #2              AF_INET
    0xd2800021, // mov x1, #1              SOCK_STREAM
    0xd2800002, // mov x2, #0
    0xd28018c8, // mov x8, #198            socket
    0xd4000001, // svc #0
    0xd2800041, // mov x1, #2              AF_INET
    0xf2aa0001, // movk x1, #0x5000, lsl 16  port 80
    0xa9bf7fe1, // stp x1, xzr, [sp, #-16]!
    0x910003e1, // mov x1, sp
    0xd2800202, // mov x2, #16
    0xd2801908, // mov x8, #200            bind
    0xd4000001, // svc #0
    0xd2800ba8, // mov x8, #93             exit
    0xd4000001, // svc #0
];

/// Code as a static ELF file with one segment.
pub fn elf(code: &[u32]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let size = HEADERS + code.len() as u64 * 4;
    let mut file = b"\x7fELF\x02\x01\x01\x00\0\0\0\0\0\0\0\0\x02\0\xb7\0\x01\0\0\0".to_vec();
    for word in [BASE + HEADERS, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, BASE, BASE, size, size, 0x1000] {
        file.extend(word.to_le_bytes());
    }
    file.extend(code.iter().flat_map(|word| word.to_le_bytes()));
    file
}

/// A world with programs of another architecture.
pub struct Foreign {
    pub world: World,
    layers: Vec<TreeId>,
    emulator: Option<TreeId>,
}

impl Foreign {
    fn new() -> Option<Self> {
        Self::of(World::new()?)
    }

    fn of(world: World) -> Option<Self> {
        if Arch::host() == Some(Arch::Arm64) {
            skip("the foreign program of these tests is not foreign here");
            return None;
        }
        let layer = world.store.tree(|root| {
            fs::create_dir(root.join("build")).unwrap();
            for (name, code) in [("foreign", &CODE[..]), ("waiting", &WAITING)] {
                let path = root.join("build").join(name);
                fs::write(&path, elf(code)).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        });
        Some(Self { world, layers: vec![layer], emulator: None })
    }

    fn with_emulator() -> Option<Self> {
        Self::emulated(World::new()?)
    }

    /// With an emulator for them; none without one on this machine.
    pub fn emulated(world: World) -> Option<Self> {
        let qemu = program("/usr/bin/qemu-aarch64-static", "qemu-user-static")?;
        let mut foreign = Self::of(world)?;
        foreign.emulator = Some(foreign.world.store.tree(|root| {
            fs::create_dir_all(root.join("usr/bin")).unwrap();
            fs::copy(qemu, root.join("usr/bin/qemu-aarch64")).unwrap();
        }));
        Some(foreign)
    }

    /// With more in its root.
    pub fn with_layer(mut self, fill: impl FnOnce(&Path)) -> Self {
        self.layers.push(self.world.store.tree(fill));
        self
    }

    pub fn action(&self, script: &str) -> ResolvedAction {
        let mut action = self.world.script(script);
        action.layers.extend(&self.layers);
        action.emulator = self.emulator;
        action.method = if self.emulator.is_some() { Method::Emulate } else { Method::Cross };
        action
    }

    pub fn run(&self, script: &str) -> Outcome {
        self.world.run_action(&self.action(script))
    }
}

#[test]
fn arguments_environment_and_exit_code_pass_through() {
    let Some(foreign) = Foreign::with_emulator() else { return };
    let outcome = foreign.run("env -i LD_PRELOAD=x ./foreign 'one two' '' three || echo $?");
    assert_eq!(outcome.log, "./foreign\none two\n\nthree\nLD_PRELOAD=x\n7\n");
}

#[test]
fn the_command_itself_may_be_one() {
    let Some(foreign) = Foreign::with_emulator() else { return };
    let mut action = foreign.action("");
    action.command = ["/build/foreign", "a word"].map(str::to_owned).to_vec();
    action.env = [("jobs".to_owned(), "1".to_owned())].into();
    let outcome = foreign.world.run_action(&action);
    assert_eq!((outcome.result.exit_code, outcome.log.as_str()), (7, "/build/foreign\na word\njobs=1\n"));
}

#[test]
fn a_program_is_found_by_its_name() {
    let Some(foreign) = Foreign::with_emulator() else { return };
    let outcome = foreign.run("cp foreign /bin/nameless; ln -s nameless /bin/named; env -i named || echo $?");
    assert_eq!(outcome.log, "named\n7\n");
}

/// How many CPUs an emulated program may use, and how many this test.
fn used(emulated_cpus: u32, limit: u32) -> Option<(u32, u32)> {
    let foreign = Foreign::emulated(World::with(|options| options.emulated_cpus = emulated_cpus)?)?;
    let mut action = foreign.action(
        "./waiting & sleep 1; tr '\\0' ' ' </proc/$!/cmdline; echo; grep Cpus_allowed: /proc/$!/status; kill $!",
    );
    action.limits.cpus = limit;
    let log = foreign.world.run_action(&action).log;
    let (command, mask) = log.split_once("\nCpus_allowed:").expect("a program that waits");
    // What is executed at once has the arguments of its program for all to see.
    let is_executed_at_once = foreign.world.interposes() && emulated_cpus == 0;
    let shown = if is_executed_at_once { "./waiting" } else { " -cpu neoverse-n1 -0 ./waiting ./waiting" };
    assert!(command.trim_end().ends_with(shown), "{log}");
    let mask = u128::from_str_radix(&mask.trim().replace(',', ""), 16).unwrap();
    Some((mask.count_ones(), rustix::thread::sched_getaffinity(None).unwrap().count()))
}

#[test]
fn emulated_programs_have_all_cpus_unless_told_otherwise() {
    let Some((used, all)) = used(0, 0) else { return };
    assert_eq!(used, all);
}

#[test]
fn emulated_programs_can_be_kept_to_few_cpus() {
    let Some((one, all)) = used(1, 0) else { return };
    assert_eq!(one, 1);
    assert_eq!(used(5000, 0), Some((all, all)));
    assert_eq!(used(2, 1), Some((1, all)));
}

#[test]
fn what_is_not_emulated_keeps_all_cpus() {
    let Some(world) = World::with(|options| options.emulated_cpus = 1) else { return };
    let Some(foreign) = Foreign::emulated(world) else { return };
    let all = rustix::thread::sched_getaffinity(None).unwrap().count();
    assert_eq!(foreign.run("./foreign >/dev/null || nproc").log, format!("{all}\n"));
}

#[test]
fn the_machine_knows_nothing_of_it() {
    let Some(foreign) = Foreign::with_emulator() else { return };
    let before = fs::read_dir("/proc/sys/fs/binfmt_misc").map_or(0, Iterator::count);
    let during = "ls /proc/sys/fs/binfmt_misc | wc -l; grep -c binfmt_misc /proc/mounts || true";
    assert_eq!(foreign.run(during).log, "0\n0\n");
    assert_eq!(fs::read_dir("/proc/sys/fs/binfmt_misc").map_or(0, Iterator::count), before);
}

#[test]
fn under_cross_a_foreign_program_is_refused_and_named() {
    let Some(foreign) = Foreign::new() else { return };
    let outcome = foreign.run("true; ./foreign; echo not reached");
    let cause = Cause::ForeignProgram { program: "./foreign".to_owned() };
    assert_eq!(outcome.result.cause, cause);
    assert_eq!(outcome.result.exit_code, 126);
    assert!(outcome.log.contains("./foreign: this program is for another architecture"), "{}", outcome.log);
}

#[test]
fn a_probe_whether_foreign_programs_run_does_no_harm() {
    let Some(foreign) = Foreign::new() else { return };
    let outcome = foreign.run("if ./foreign 2>/dev/null; then echo runs; else echo cross; fi");
    assert!(outcome.result.succeeded());
    assert_eq!(outcome.log, "cross\n");
}

#[test]
fn a_platform_without_an_emulator_is_the_executors_error() {
    let Some(foreign) = Foreign::new() else { return };
    let mut action = foreign.action("true");
    action.platform = Arch::Arm64;
    let error = foreign.world.try_run(&action).err().unwrap();
    assert!(error.to_string().contains("brings no emulator (`usr/bin/qemu-aarch64`)"), "{error}");
}
