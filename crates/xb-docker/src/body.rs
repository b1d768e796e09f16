//! What a container may do and have: as much as the local sandbox lets a command.

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, ResourcesUlimits};
use xb_graph::{Limits, ResolvedAction};
use xb_run::HOST_NAME;

use crate::engine::Engine;
use crate::owner::Owner;
use crate::seccomp::profile;
use crate::start::Start;

/// What a command may still do as the owner of its own files, as in the local sandbox.
const KEPT: [&str; 10] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "SETFCAP"];

/// What of `/proc` and `/sys` is not seen: what Docker hides unless told otherwise, and all of `/sys`.
const HIDDEN: [&str; 11] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys",
];

/// What of `/proc` cannot be written to.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What starts a command is a process, too.
pub const HELPERS: u64 = 1;

/// How many processes more there can be than there may, so that it is seen that they are too many.
const SLACK: u64 = 4;

/// How many CPUs a command has, and so how many jobs it should run at once.
pub fn cpus(limits: &Limits, engine: &Engine, slots: u32) -> u32 {
    let share = (engine.cpus / slots.max(1)).max(1);
    if limits.cpus == 0 { share } else { limits.cpus.min(engine.cpus) }
}

/// The container of an action.
pub fn body(action: &ResolvedAction, image: &str, start: Start, engine: &Engine, owner: &Owner) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        hostname: Some(HOST_NAME.to_owned()),
        user: Some("0:0".to_owned()),
        entrypoint: Some(Vec::new()),
        cmd: Some(start.words),
        env: Some(start.env),
        working_dir: Some(start.folder),
        network_disabled: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        labels: Some(owner.labels()),
        host_config: Some(host_config(&action.limits, engine)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(limits: &Limits, engine: &Engine) -> HostConfig {
    let some = |limit: u64| (limit > 0).then(|| whole(limit));
    let shm = if limits.memory > 0 { whole(limits.memory) } else { engine.memory } / 2;
    let confined = limits.cpus > 0 && limits.cpus < engine.cpus;
    HostConfig {
        network_mode: Some("none".to_owned()),
        ipc_mode: Some("private".to_owned()),
        cap_drop: Some(texts(&["ALL"])),
        cap_add: Some(texts(&KEPT)),
        security_opt: Some(vec!["no-new-privileges:true".to_owned(), format!("seccomp={}", profile(engine.arch))]),
        masked_paths: Some(texts(&HIDDEN)),
        readonly_paths: Some(texts(&READ_ONLY)),
        memory: some(limits.memory),
        memory_swap: some(limits.memory),
        pids_limit: some(limits.processes).map(|most| most.saturating_add(whole(HELPERS + SLACK))),
        cpuset_cpus: confined.then(|| format!("0-{}", limits.cpus - 1)),
        shm_size: Some(shm).filter(|size| *size > 0),
        ulimits: Some(ulimits(limits)),
        oom_score_adj: Some(1000),
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        ..HostConfig::default()
    }
}

/// Those that only get lower: nobody is asked to give more than it has.
fn ulimits(limits: &Limits) -> Vec<ResourcesUlimits> {
    let limit = |name: &str, most| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(most), hard: Some(most) };
    let largest = (limits.disk > 0).then(|| limit("fsize", whole(limits.disk)));
    [limit("core", 0)].into_iter().chain(largest).collect()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn texts(these: &[&str]) -> Vec<String> {
    these.iter().map(|text| (*text).to_owned()).collect()
}
