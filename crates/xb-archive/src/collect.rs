//! Entries of an archive, collected to a tree while contents are hashed and written beside the decoder.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use rayon::Scope;
use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::{Entry, MissingDirectory, Unbuilt, build_tree};
use xb_store::{Contents, StoreError};

use crate::{ArchiveError, Limits, Maker, broken};

/// Files up to this size are handed to other threads; the decoder goes on meanwhile.
const SMALL: u64 = 1 << 20;
/// How many bytes may wait for other threads; beyond this the decoder's thread does the work itself.
const MOST_WAITING: u64 = 64 << 20;

/// The bits of a mode.
#[derive(Clone, Copy, Debug)]
pub struct Mode(pub u32);

impl Mode {
    /// A file of this mode.
    pub fn file(self, content: ContentId) -> Entry {
        Entry::File {
            content,
            executable: self.0 & 0o111 != 0,
            mode: (self.0 & 0o6000 != 0).then_some(self.0 & 0o7777),
        }
    }

    /// A file of this mode that a build left: as on this machine, its owner gets the right to read it.
    pub fn built(self, content: ContentId) -> Entry {
        let mode = (self.0 & 0o7000 != 0).then_some(self.0 & 0o7777 | 0o400);
        Entry::File { content, executable: self.0 & 0o111 != 0, mode }
    }

    /// The mode of a folder that a build left: as on this machine, its owner gets all rights.
    #[must_use]
    pub const fn of_built_folder(self) -> Self {
        Self(self.0 | 0o700)
    }

    /// A folder of this mode.
    pub fn folder(self) -> Entry {
        let mode = (self.0 & 0o7000 != 0).then_some(self.0 & 0o7777);
        Entry::Directory { mode }
    }
}

enum Item {
    File { content: usize, mode: Mode, maker: Maker },
    HardLink { target: RelPath },
    Other(Entry),
}

type Written = (usize, Result<ContentId, StoreError>);

/// Takes the entries of an archive.
pub struct Sink<'c, 's, C: ?Sized> {
    scope: &'c Scope<'s>,
    contents: &'s C,
    waiting: &'s AtomicU64,
    written: Sender<Written>,
    files: usize,
    items: Vec<(RelPath, Item)>,
    left_out: Vec<RelPath>,
    /// The folders that names have implied so far.
    folders: HashSet<RelPath>,
    left: Limits,
    limits: Limits,
}

/// Runs `read` with a sink, and gives what it collected.
pub fn collect<C: Contents + ?Sized>(
    contents: &C,
    limits: Limits,
    read: impl FnOnce(&mut Sink<'_, '_, C>) -> Result<(), ArchiveError>,
) -> Result<Collected, ArchiveError> {
    let (sender, receiver) = channel();
    let waiting = AtomicU64::new(0);
    let (items, files, left_out) = rayon::in_place_scope(|scope| {
        let mut sink = Sink {
            scope,
            contents,
            waiting: &waiting,
            written: sender,
            files: 0,
            items: Vec::new(),
            left_out: Vec::new(),
            folders: HashSet::new(),
            left: limits,
            limits,
        };
        read(&mut sink)?;
        Ok::<_, ArchiveError>((sink.items, sink.files, sink.left_out))
    })?;
    Ok(Collected { left_out, ..Collected::new(items, &contents_of(files, &receiver)?)? })
}

fn contents_of(files: usize, written: &Receiver<Written>) -> Result<Vec<ContentId>, ArchiveError> {
    let mut contents = vec![ContentId(xb_core::Digest::of(b"")); files];
    while let Ok((index, content)) = written.try_recv() {
        contents[index] = content?;
    }
    Ok(contents)
}

impl<'s, C: Contents + ?Sized> Sink<'_, 's, C> {
    /// Takes a file of `size` bytes.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub fn file(&mut self, name: &str, mode: Mode, size: u64, from: &mut dyn Read) -> Result<(), ArchiveError> {
        self.file_of(Maker::Stranger, name, mode, size, from)
    }

    pub(crate) fn file_of(
        &mut self,
        maker: Maker,
        name: &str,
        mode: Mode,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<(), ArchiveError> {
        let path = self.leaf(name)?;
        self.left.bytes = self
            .left
            .bytes
            .checked_sub(size)
            .ok_or_else(|| ArchiveError::TooMuch { limit: format!("{} bytes", self.limits.bytes) })?;
        let content = self.files;
        self.files += 1;
        if size <= SMALL {
            self.small_file(name, content, size, from)?;
        } else {
            self.large_file(name, content, size, from)?;
        }
        self.items.push((path, Item::File { content, mode, maker }));
        Ok(())
    }

    fn small_file(&mut self, name: &str, index: usize, size: u64, from: &mut dyn Read) -> Result<(), ArchiveError> {
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        from.take(size).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() as u64 != size {
            return Err(cut(name));
        }
        let (contents, waiting, written) = (self.contents, self.waiting, self.written.clone());
        let write = move |bytes: Vec<u8>| {
            // Nobody listens any more only when the whole was given up.
            let _ = written.send((index, contents.add_content(&mut bytes.as_slice())));
        };
        if waiting.fetch_add(size, Ordering::Relaxed) < MOST_WAITING {
            self.scope.spawn(move |_| {
                write(bytes);
                waiting.fetch_sub(size, Ordering::Relaxed);
            });
        } else {
            waiting.fetch_sub(size, Ordering::Relaxed);
            write(bytes);
        }
        Ok(())
    }

    fn large_file(&mut self, name: &str, index: usize, size: u64, from: &mut dyn Read) -> Result<(), ArchiveError> {
        let mut counted = Counted { from: from.take(size), broken: None };
        let content = self.contents.add_content(&mut counted);
        if let Some(error) = counted.broken {
            return Err(ArchiveError::Broken(error));
        }
        let content = content?;
        if content.0.size() != size {
            return Err(cut(name));
        }
        let _ = self.written.send((index, Ok(content)));
        Ok(())
    }

    /// Takes a symbolic link.
    pub fn symlink(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        if target.is_empty() || target.contains('\0') || target.len() > RelPath::LONGEST {
            return Err(ArchiveError::entry(name, "is a symbolic link that leads to no possible name"));
        }
        self.charge_name(target)?;
        let entry = Entry::Symlink { target: target.to_owned() };
        let path = self.leaf(name)?;
        self.items.push((path, Item::Other(entry)));
        Ok(())
    }

    /// Takes a hard link to a file that came before.
    pub fn hard_link(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        let path = self.leaf(name)?;
        self.charge_name(target)?;
        let target = clean(target)?;
        self.items.push((path, Item::HardLink { target }));
        Ok(())
    }

    /// Takes note of what no tree can hold; of what has a name, too, that none can hold, there is none to be taken.
    pub(crate) fn leave_out(&mut self, name: &str) -> Result<(), ArchiveError> {
        let Ok(path) = clean(name) else { return Ok(()) };
        self.charge_entry(&path)?;
        self.left_out.push(path);
        Ok(())
    }

    /// Takes a folder.
    pub fn folder(&mut self, name: &str, mode: Mode) -> Result<(), ArchiveError> {
        let path = self.path(name)?;
        self.items.push((path, Item::Other(mode.folder())));
        Ok(())
    }

    /// The path of what is no folder.
    fn leaf(&mut self, name: &str) -> Result<RelPath, ArchiveError> {
        let path = self.path(name)?;
        if self.folders.contains(&path) {
            return Err(ArchiveError::entry(path.as_str(), "takes the place of a folder that has entries"));
        }
        Ok(path)
    }

    fn path(&mut self, name: &str) -> Result<RelPath, ArchiveError> {
        let path = clean(name)?;
        self.charge_entry(&path)?;
        for folder in std::iter::successors(path.parent(), RelPath::parent).take_while(|folder| !folder.is_root()) {
            if self.folders.contains(&folder) {
                break;
            }
            self.charge_entry(&folder)?;
            self.folders.insert(folder);
        }
        Ok(path)
    }

    fn charge_entry(&mut self, path: &RelPath) -> Result<(), ArchiveError> {
        let left = self.left.entries.checked_sub(1);
        self.left.entries =
            left.ok_or_else(|| ArchiveError::TooMuch { limit: format!("{} entries", self.limits.entries) })?;
        self.charge_name(path.as_str())
    }

    fn charge_name(&mut self, name: &str) -> Result<(), ArchiveError> {
        let left = self.left.names.checked_sub(name.len() as u64);
        self.left.names =
            left.ok_or_else(|| ArchiveError::TooMuch { limit: format!("{} bytes of names", self.limits.names) })?;
        Ok(())
    }
}

/// Remembers that the archive was at fault, and not the store.
struct Counted<R> {
    from: R,
    broken: Option<String>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer).inspect_err(|error| self.broken = Some(error.to_string()))
    }
}

fn cut(name: &str) -> ArchiveError {
    ArchiveError::entry(name, "ends before its size")
}

/// An entry's name as a path: `./` and doubled slashes go; what leads upwards or is absolute is refused.
fn clean(name: &str) -> Result<RelPath, ArchiveError> {
    let shown = || name.escape_default().take(RelPath::LONGEST).collect::<String>();
    let wrong = |reason: &str| Err(ArchiveError::entry(shown(), reason));
    if name.starts_with('/') {
        return wrong("has an absolute name");
    }
    if name.split('/').any(|part| part == "..") {
        return wrong("has a name that leads upwards (`..`)");
    }
    if name.contains('\0') {
        return wrong("has a NUL in its name");
    }
    let too_long = "has a name that is too long";
    let path = RelPath::normalise(name).or_else(|_| wrong(too_long))?;
    if path.components().any(|part| part.len() > 255) {
        return wrong(too_long);
    }
    Ok(path)
}

/// What an archive holds, by path.
#[derive(Debug, Default)]
pub struct Collected {
    entries: Vec<(RelPath, Entry)>,
    /// What no tree can hold, which only the end of a build may have left.
    pub left_out: Vec<RelPath>,
}

impl Collected {
    fn new(items: Vec<(RelPath, Item)>, contents: &[ContentId]) -> Result<Self, ArchiveError> {
        let mut entries: Vec<(RelPath, Entry)> = Vec::with_capacity(items.len());
        let mut index: HashMap<RelPath, usize> = HashMap::with_capacity(items.len());
        for (path, item) in items {
            refuse_symlinked_parents(&path, &index, &entries)?;
            let entry = match item {
                Item::Other(entry) => entry,
                Item::File { content, mode, maker: Maker::Stranger } => mode.file(contents[content]),
                Item::File { content, mode, maker: Maker::Build } => mode.built(contents[content]),
                Item::HardLink { target } => linked(&path, &target, &index, &entries)?,
            };
            index.insert(path.clone(), entries.len());
            entries.push((path, entry));
        }
        Ok(Self { entries, left_out: Vec::new() })
    }

    /// Adds a file that the archive does not have.
    pub fn add(&mut self, path: RelPath, content: ContentId) {
        self.entries.push((path, Mode(0o644).file(content)));
    }

    /// The contents of the file at a path.
    pub fn file(&self, path: &str) -> Option<ContentId> {
        match self.entries.iter().rev().find(|(at, _)| at.as_str() == path) {
            Some((_, Entry::File { content, .. })) => Some(*content),
            _ => None,
        }
    }

    /// The names at its top, sorted.
    pub fn top(&self) -> Vec<String> {
        let names = self.entries.iter().filter_map(|(path, _)| path.components().next());
        names.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    }

    /// Whether there is a folder at a path.
    pub fn has_folder(&self, at: &RelPath) -> bool {
        let is_it = |(path, entry): &(RelPath, Entry)| match beneath(at, path) {
            Some("") => matches!(entry, Entry::Directory { .. }),
            other => other.is_some(),
        };
        at.is_root() || self.entries.iter().any(is_it)
    }

    /// What lies beneath a folder.
    pub fn beneath(self, at: &RelPath) -> Self {
        let cut = |(path, entry): (RelPath, Entry)| {
            let rest = beneath(at, &path).filter(|rest| !rest.is_empty())?;
            Some((RelPath::normalise(rest).ok()?, entry))
        };
        Self { entries: self.entries.into_iter().filter_map(cut).collect(), ..Self::default() }
    }

    /// All but what is named.
    pub fn without(mut self, is_dropped: impl Fn(&RelPath, &Entry) -> bool) -> Self {
        self.entries.retain(|(path, entry)| !is_dropped(path, entry));
        self
    }

    /// Drops leading folders.
    pub fn strip(self, strip: u32) -> Result<Self, ArchiveError> {
        let depth = strip as usize;
        let mut lead: Option<Vec<String>> = None;
        let mut entries = Vec::with_capacity(self.entries.len());
        for (path, entry) in self.entries {
            if path.is_root() {
                continue;
            }
            let head: Vec<&str> = path.components().take(depth).collect();
            check_lead(&mut lead, &head)?;
            let tail: Vec<&str> = path.components().skip(depth).collect();
            match (tail.is_empty(), &entry) {
                (false, _) => entries.push((RelPath::normalise(&tail.join("/")).unwrap_or_default(), entry)),
                (true, Entry::Directory { .. }) => {}
                (true, _) => return Err(ArchiveError::Empty { strip }),
            }
        }
        match entries.is_empty() && strip > 0 {
            true => Err(ArchiveError::Empty { strip }),
            false => Ok(Self { entries, ..Self::default() }),
        }
    }

    /// Builds the tree.
    pub fn build(self, contents: &(impl Contents + ?Sized)) -> Result<TreeId, ArchiveError> {
        let mut root = Unbuilt::default();
        for (path, entry) in self.entries {
            root.put(&path, entry);
        }
        Ok(build_tree(root, contents).map_err(missing)?)
    }
}

fn missing(error: MissingDirectory) -> StoreError {
    StoreError::Damaged { what: format!("the tree {}", error.id), reason: error.reason }
}

/// The rest of a path that is that of a folder, or leads beneath it.
fn beneath<'p>(at: &RelPath, path: &'p RelPath) -> Option<&'p str> {
    if at.is_root() {
        return Some(path.as_str());
    }
    match path.as_str().strip_prefix(at.as_str())? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

fn check_lead(lead: &mut Option<Vec<String>>, head: &[&str]) -> Result<(), ArchiveError> {
    let Some(lead) = lead else {
        *lead = Some(head.iter().map(|part| (*part).to_owned()).collect());
        return Ok(());
    };
    if let Some((first, second)) = lead.iter().zip(head).find(|(first, second)| first != *second) {
        return Err(ArchiveError::NoLeadingFolder { first: first.clone(), second: (*second).to_owned() });
    }
    lead.extend(head.iter().skip(lead.len()).map(|part| (*part).to_owned()));
    Ok(())
}

/// An entry below a symbolic link would lie elsewhere, depending on who unpacks it.
fn refuse_symlinked_parents(
    path: &RelPath,
    index: &HashMap<RelPath, usize>,
    entries: &[(RelPath, Entry)],
) -> Result<(), ArchiveError> {
    let mut parent = path.parent();
    while let Some(folder) = parent.filter(|folder| !folder.is_root()) {
        match index.get(&folder).map(|at| &entries[*at].1) {
            None => {}
            Some(Entry::Directory { .. }) => return Ok(()),
            Some(_) => {
                let reason = format!("lies below `{folder}`, which is not a folder");
                return Err(ArchiveError::entry(path.as_str(), reason));
            }
        }
        parent = folder.parent();
    }
    Ok(())
}

fn linked(
    path: &RelPath,
    target: &RelPath,
    index: &HashMap<RelPath, usize>,
    entries: &[(RelPath, Entry)],
) -> Result<Entry, ArchiveError> {
    match index.get(target).map(|at| &entries[*at].1) {
        Some(entry @ (Entry::File { .. } | Entry::Symlink { .. })) => Ok(entry.clone()),
        _ => {
            let reason = format!("is a hard link to `{target}`, which does not come before it");
            Err(ArchiveError::entry(path.as_str(), reason))
        }
    }
}
