//! Watching what the sandbox uses: a thread of init that looks now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use xb_graph::Limits;
use xb_run::Exceeded;

use super::disk::Disk;
use super::memory::Memory;
use super::{Broken, Tried, held, processes};
use crate::sys;

/// How often the thread looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// What is known about the use of resources so far.
pub struct Watch(Arc<Seen>);

#[derive(Default)]
struct Seen {
    peak: AtomicU64,
    /// Zero, or one more than the place in [`ALL`].
    exceeded: AtomicU8,
    nearly_full: AtomicBool,
}

/// Bytes of stack of the thread that watches.
pub(super) const STACK: usize = 256 << 10;

const ALL: [Exceeded; 3] = [Exceeded::Memory, Exceeded::Disk, Exceeded::Processes];

impl Watch {
    /// Starts to watch.
    pub fn start(limits: &Limits, disk: Disk) -> Result<Self, Broken> {
        let seen = Arc::new(Seen::default());
        let (watched, limits) = (Arc::clone(&seen), limits.clone());
        thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || watched.watch(&limits, disk))
            .tried("watch the command")?;
        Ok(Self(seen))
    }

    /// The limit that the sandbox was killed for.
    pub fn exceeded(&self) -> Option<Exceeded> {
        let place = self.0.exceeded.load(Ordering::SeqCst);
        ALL.get(usize::from(place).checked_sub(1)?).copied()
    }

    /// Whether there was a time when hardly anything could be written.
    pub fn nearly_full(&self) -> bool {
        self.0.nearly_full.load(Ordering::SeqCst)
    }

    /// The largest resident memory of all processes together that was seen, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.0.peak.load(Ordering::SeqCst).max(sys::largest_child())
    }
}

impl Seen {
    fn watch(&self, limits: &Limits, mut disk: Disk) {
        let mut memory = Memory::new(limits.memory);
        loop {
            thread::sleep(INTERVAL);
            let processes = processes::all();
            self.peak.fetch_max(memory.look(&processes), Ordering::SeqCst);
            if memory.is_exceeded(&processes) {
                self.stop(Exceeded::Memory);
            }
            let threads: u64 = processes.iter().map(|process| process.threads).sum();
            if limits.processes > 0 && threads > limits.processes {
                self.stop(Exceeded::Processes);
            }
            if disk.is_exceeded(|until| held::count(&processes, until).disk) {
                self.stop(Exceeded::Disk);
            }
            self.nearly_full.fetch_or(disk.is_nearly_full(), Ordering::SeqCst);
        }
    }

    fn stop(&self, why: Exceeded) {
        let place = ALL.iter().position(|each| *each == why).unwrap_or(0) as u8;
        // The first reason counts: what follows may be its consequence.
        let _ = self.exceeded.compare_exchange(0, place + 1, Ordering::SeqCst, Ordering::SeqCst);
        sys::kill_everything();
    }
}
