//! The threads that take folders in: twice as many as there are processors, since half of them wait for the disk.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// So many files are dealt with sooner than other threads are woken for them.
pub(crate) const FEW: usize = 8;

/// Does `work` with its parallel parts on these threads; where the machine gives none, on those of the program.
pub(crate) fn beside_the_disk<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let make = || {
        let processors = std::thread::available_parallelism().map_or(1, |processors| processors.get());
        ThreadPoolBuilder::new().num_threads(2 * processors).build().ok()
    };
    match POOL.get_or_init(make) {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
