//! What is remembered of chunks spares bytes, and whatever is remembered, what comes is right.

mod common;

use std::sync::Arc;

use common::trees::{LIMITS, Machine, lines};
use common::{folder, run};
use tempfile::TempDir;
use xb_cache::{Packs, Pulled, Pushed, Remote};
use xb_core::TreeId;
use xb_store::Memory;

/// A program of 12 MB, of which a little in the middle may be otherwise.
fn program(machine: &Machine, is_other: bool) -> TreeId {
    let mut bytes = lines(1, 12 << 20);
    if is_other {
        bytes.splice(5_000_000..5_000_010, *b"something else");
    }
    machine.tree([("bin/program", machine.file(&bytes)), ("note", machine.file(b"a note"))])
}

/// A remote with both programs.
struct World {
    remote: Arc<dyn Remote>,
    from: Machine,
    trees: [TreeId; 2],
    pushed: [Pushed; 2],
    _place: TempDir,
}

impl World {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let (remote, from) = (folder(place.path()), Machine::new());
        let trees = [false, true].map(|is_other| program(&from, is_other));
        let pushed = trees.map(|tree| run(from.packs(&remote).push(&[tree], &[])).expect("it is pushed"));
        Self { remote, from, trees, pushed, _place: place }
    }

    fn pull(&self, packs: &Packs, at: usize) -> Pulled {
        run(packs.pull(self.pushed[at].index, &[self.trees[at]], &[], LIMITS)).expect("it is pulled")
    }

    fn is_little(&self, pulled: Pulled) {
        let all = self.pushed[0].sent_bytes;
        assert!(pulled.received_bytes * 100 < all * 5, "{pulled:?} of {all}");
        assert!(pulled.known_chunks + 6 > self.pushed[1].blobs.len(), "{pulled:?}");
    }
}

#[test]
fn of_a_program_that_is_a_little_otherwise_little_comes() {
    let (world, to) = (World::new(), Machine::new());
    let first = world.pull(&to.packs(&world.remote), 0);
    assert_eq!(first.known_chunks, 0);
    world.is_little(world.pull(&to.packs(&world.remote), 1));
    assert!(to.has(world.trees[1]));
}

#[test]
fn what_was_pushed_need_not_come() {
    let (world, to) = (World::new(), Machine::new());
    let tree = program(&to, false);
    let pushed = run(to.packs(&world.remote).push(&[tree], &[])).expect("it is pushed");
    assert_eq!((pushed.index, pushed.sent_blobs), (world.pushed[0].index, 0));
    world.is_little(world.pull(&to.packs(&world.remote), 1));
}

#[test]
fn who_remembers_nothing_gets_it_all() {
    let (world, to) = (World::new(), Machine::new());
    let packs = Packs { memory: Arc::new(()), ..to.packs(&world.remote) };
    let pulled = [0, 1].map(|at| world.pull(&packs, at));
    assert_eq!((pulled[0].known_chunks, pulled[1].known_chunks), (0, 0));
    assert!(pulled[1].received_bytes > world.pushed[1].raw_bytes / 20 && to.has(world.trees[1]));
}

/// Remembers what another machine does, or what is wrong.
struct Wrong(Arc<dyn Memory>, u8);

impl Memory for Wrong {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let values = self.0.recall(kind, keys);
        let changed = values.into_iter().map(|value| {
            let mut value = value?;
            match self.1 {
                0 => {}
                1 => value[40] ^= 1,
                2 => value[47] = 0xff,
                _ => value.truncate(47),
            }
            Some(value)
        });
        changed.collect()
    }

    fn remember(&self, _: &str, _: &[u8], _: &[u8]) {}
}

#[test]
fn what_is_remembered_wrongly_is_fetched() {
    let world = World::new();
    for how in 0..4 {
        let to = Machine::new();
        // But for the first time, the program is there, and its chunks are said to be elsewhere in it.
        if how > 0 {
            program(&to, false);
        }
        let memory = Arc::new(Wrong(world.from.packs(&world.remote).memory, how));
        let pulled = world.pull(&Packs { memory, ..to.packs(&world.remote) }, 1);
        assert_eq!(pulled.known_chunks, 0);
        assert!(to.has(world.trees[1]));
    }
}
