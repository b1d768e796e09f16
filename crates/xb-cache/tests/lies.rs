//! Whatever a remote does, what is in the store is what its name says, and what is wrong is said.

mod common;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use common::server::{Answer, Server};
use common::trees::{LIMITS, Machine, lines};
use common::{remote, run};
use prost::Message;
use xb_cache::{Blob, Limits, PackError, Pulled, Pushed, RemoteError};
use xb_core::{Digest, TreeId};
use xb_graph::reapi::DigestMessage;

/// The index, as its documentation has it.
#[derive(Clone, PartialEq, Message)]
struct Index {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    directories: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "3")]
    contents: Vec<DigestMessage>,
    #[prost(message, repeated, tag = "4")]
    chunks: Vec<Chunk>,
}

#[derive(Clone, PartialEq, Message)]
struct Chunk {
    #[prost(bytes = "vec", tag = "1")]
    sha256: Vec<u8>,
    #[prost(uint64, tag = "2")]
    size: u64,
    #[prost(bytes = "vec", tag = "3")]
    blake3: Vec<u8>,
    #[prost(uint64, tag = "4")]
    raw_size: u64,
}

impl Chunk {
    /// The chunk of these bytes, which a remote has as `packed`.
    fn of(raw: &[u8], packed: &[u8]) -> Self {
        let (raw, blob) = (Digest::of(raw), Blob::of(packed));
        let (sha256, blake3) = (blob.sha256.0.to_vec(), raw.hash().to_vec());
        Self { sha256, size: blob.size, blake3, raw_size: raw.size() }
    }
}

/// A server with a pack of one tree of two files and a folder.
struct World {
    server: Server,
    tree: TreeId,
    pushed: Pushed,
    index: Index,
}

impl World {
    fn new(server: Server) -> Self {
        let from = Machine::new();
        let tree = from.tree([("a/one", from.file(&lines(1, 900_000))), ("two", from.file(&lines(2, 900_000)))]);
        let remote = remote(&server.address());
        let pushed = run(from.packs(&remote).push(&[tree], &[])).expect("it is pushed");
        let packed = run(remote.blob(pushed.index)).expect("an answer").expect("it is there");
        let index = Index::decode(&*zstd::decode_all(&*packed).expect("it unpacks")).expect("an index");
        Self { server, tree, pushed, index }
    }

    fn honest() -> Self {
        Self::new(Server::honest())
    }

    /// Replaces what the server has in the place of a blob.
    fn spoil(&self, blob: Blob, change: impl FnOnce(&mut Vec<u8>)) {
        let mut things = self.server.things.lock().expect("the things");
        change(things.get_mut(&format!("/some/prefix/cas/{}", blob.sha256)).expect("it is there"));
    }

    fn put(&self, bytes: &[u8]) -> Blob {
        let (blob, remote) = (Blob::of(bytes), remote(&self.server.address()));
        run(common::put(&remote, blob, bytes.to_vec())).expect("it is put");
        blob
    }

    /// The pack with another index.
    fn with(&self, change: impl FnOnce(&mut Index)) -> Blob {
        let mut index = self.index.clone();
        change(&mut index);
        self.put(&zstd::encode_all(&*index.encode_to_vec(), 1).expect("it compresses"))
    }

    fn pull(&self, index: Blob, limits: Limits) -> Result<Pulled, PackError> {
        let to = Machine::new();
        let pulled = run(to.packs(&remote(&self.server.address())).pull(index, &[self.tree], &[], limits));
        assert_eq!(to.has(self.tree), pulled.is_ok());
        pulled
    }

    /// What is said of a lie.
    fn lie(&self, index: Blob, why: &str) {
        let error = self.pull(index, LIMITS).expect_err(why);
        let told = error.to_string();
        assert!(error.is_lie() && told.contains(why), "{told}");
        assert!(told.contains(&format!("`http://{}/some/prefix`", self.server.name)), "{told}");
    }
}

#[test]
fn a_blob_of_other_bytes_is_a_lie() {
    for at in 0..3 {
        let world = World::honest();
        world.spoil(world.pushed.blobs[at], |bytes| bytes[9] ^= 1);
        world.lie(world.pushed.index, "its SHA-256 is");
        world.spoil(world.pushed.blobs[at], |bytes| bytes.truncate(100));
        world.lie(world.pushed.index, "it is 100 bytes long");
        world.spoil(world.pushed.blobs[at], |bytes| bytes.resize(1 << 20, 0));
        world.lie(world.pushed.index, "it is longer than");
    }
    let world = World::honest();
    world.spoil(world.pushed.index, |bytes| bytes[9] ^= 1);
    world.lie(world.pushed.index, "its SHA-256 is");
}

#[test]
fn an_index_of_something_else_is_a_lie() {
    let world = World::honest();
    world.pull(world.with(|_| {}), LIMITS).expect("it is as it was");
    world.lie(world.put(b"no index"), "it is not an index");
    for at in 0..2 {
        let index = world.with(|index| drop(index.directories.remove(at)));
        world.lie(index, "it lacks the directory ");
    }
    world.lie(world.with(|index| index.directories.push(b"no directory".to_vec())), "is not to be had");
    let other = Machine::new();
    let other = other.tree([("other", other.file(&lines(1, 900_000)))]);
    let directory = Machine::new();
    let other_too = directory.tree([("other", directory.file(&lines(1, 900_000)))]);
    assert_eq!(other, other_too);
    let bytes = xb_graph::reapi::encode(&*xb_graph::Directories::directory(&directory.store, other).expect("it is")).0;
    world.lie(world.with(|index| index.directories.push(bytes)), "it has directories that are in none of the trees");
    world.lie(world.with(|index| index.contents.swap(0, 1)), "in the place of the content ");
    world.lie(world.with(|index| index.contents[1] = index.contents[0].clone()), "twice");
    let index = world.with(|index| index.contents[1].hash = "0".repeat(64));
    world.lie(index, "it lacks the content ");
    world.lie(world.with(|index| index.contents[1].hash = "x".to_owned()), "is not a digest");
    world.lie(
        world.with(|index| drop(index.contents.pop())),
        "its contents are 900000 bytes long, and its chunks 1800000",
    );
    world.lie(world.with(|index| index.chunks.swap(0, 1)), "in the place of the content ");
    let error = world.pull(world.with(|index| index.version = 2), LIMITS).expect_err("it is newer");
    assert!(matches!(error, PackError::Version { version: 2, known: 1, .. }), "{error}");
}

#[test]
fn a_chunk_that_unpacks_to_something_else_is_a_lie() {
    let world = World::honest();
    let raw_size = world.index.chunks[0].raw_size as usize;
    let raw = lines(1, raw_size);
    let bomb = zstd::encode_all(&*vec![0; 16 << 20], 9).expect("it compresses");
    let short = zstd::encode_all(&raw[1..], 9).expect("it compresses");
    let other = zstd::encode_all(&*lines(3, raw_size), 9).expect("it compresses");
    for (packed, why) in [
        (&bomb, "it does not unpack to "),
        (&short, "it unpacks to "),
        (&other, "it unpacks to "),
        (&b"no frame".to_vec(), "it does not unpack to "),
    ] {
        world.put(packed);
        world.lie(world.with(|index| index.chunks[0] = Chunk::of(&raw, packed)), why);
    }
    for raw_size in [0, 1 << 20, u64::MAX] {
        world.lie(world.with(|index| index.chunks[0].raw_size = raw_size), "it has a chunk that is not one");
    }
    for difference in [1, u64::MAX] {
        let index = world.with(|index| index.chunks[0].raw_size = (raw_size as u64).wrapping_add(difference));
        world.lie(index, "its contents are ");
    }
    // Its neighbour makes up for it.
    let index = world.with(|index| {
        index.chunks[0].raw_size -= 1;
        index.chunks[1].raw_size += 1;
    });
    world.lie(index, "it does not unpack to ");
}

#[test]
fn nothing_larger_comes_than_is_taken() {
    let world = World::honest();
    for limits in [Limits { raw_bytes: 1_799_999, ..LIMITS }, Limits { directories: 1, ..LIMITS }] {
        let error = world.pull(world.pushed.index, limits).expect_err("it is too large");
        assert!(matches!(error, PackError::TooLarge { .. }), "{error}");
    }
    world.pull(world.pushed.index, Limits { raw_bytes: 1_800_000, directories: 2 }).expect("it is just so large");
    let huge = Blob { size: 1 << 40, ..world.pushed.index };
    assert!(matches!(world.pull(huge, LIMITS), Err(PackError::TooLarge { .. })));
}

#[test]
fn what_is_not_there_any_more_is_said() {
    let world = World::honest();
    let gone = world.pushed.blobs[2];
    world.server.things.lock().expect("the things").remove(&format!("/some/prefix/cas/{}", gone.sha256));
    let error = world.pull(world.pushed.index, LIMITS).expect_err("it is gone");
    assert!(matches!(&error, PackError::Absent { .. }) && error.to_string().contains(&gone.to_string()), "{error}");
    assert!(matches!(world.pull(Blob::of(b"never"), LIMITS), Err(PackError::Absent { .. })));
}

#[test]
fn a_server_that_is_unwell_does_its_part_in_the_end() {
    const ALL: &[&str] = &["HEAD", "PUT", "GET"];
    let check = |methods: &'static [&str], answer: fn() -> Answer| {
        let seen = Mutex::new(BTreeSet::new());
        let server = Server::start(move |request, _| {
            let asked = (request.method.clone(), request.path.clone());
            let is_first = seen.lock().expect("the list").insert(asked);
            (is_first && methods.contains(&request.method.as_str())).then(answer)
        });
        let world = World::new(server);
        world.pull(world.pushed.index, LIMITS).expect("it is pulled");
        assert!(world.server.seen("GET").len() >= 2 * world.pushed.sent_blobs);
    };
    check(ALL, || Answer::Say(500, vec![]));
    check(ALL, || Answer::Silence);
    check(&["GET"], || Answer::Cut(vec![7; 100], 50));
}

#[test]
fn a_server_that_is_down_ends_both() {
    let from = Machine::new();
    let tree = from.tree([("file", from.file(&lines(1, 9 << 20)))]);
    for answer in [|| Answer::Say(503, vec![]), || Answer::Silence] {
        let down = remote(&Server::start(move |_, _| Some(answer())).address());
        let began = Instant::now();
        for error in [
            run(from.packs(&down).push(&[tree], &[])).expect_err("it is down"),
            run(from.packs(&down).pull(Blob::of(b"x"), &[tree], &[], LIMITS)).expect_err("it is down"),
        ] {
            assert!(matches!(&error, PackError::Remote(error) if error.is_passing()), "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(9));
    }
}

#[test]
fn a_server_that_takes_nothing_gets_no_index() {
    let server = Server::start(|request, _| (request.method == "PUT").then(|| Answer::Say(403, vec![])));
    let from = Machine::new();
    let tree = from.tree([("file", from.file(&lines(1, 9 << 20)))]);
    let error = run(from.packs(&remote(&server.address())).push(&[tree], &[])).expect_err("it takes nothing");
    assert!(matches!(error, PackError::Remote(RemoteError::Denied { .. })), "{error}");
    assert!(server.seen("PUT").len() <= 16, "it stops soon");
}

#[test]
fn what_the_store_lacks_or_has_damaged_is_not_pushed() {
    let from = Machine::new();
    let server = Server::honest();
    let remote = remote(&server.address());
    let missing = TreeId(Digest::of(b"missing"));
    assert!(matches!(run(from.packs(&remote).push(&[missing], &[])), Err(PackError::Directory(_))));
    let lacking = xb_core::ContentId(Digest::of(b"lacking"));
    assert!(matches!(run(from.packs(&remote).push(&[], &[lacking])), Err(PackError::Store(_))));
    assert!(server.things.lock().expect("the things").is_empty());
}
