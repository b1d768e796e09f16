//! The running program as files that can be started in any root: its executable, its loader and its libraries.
//!
//! They are the files that this process has in memory. The kernel says which they are in `/proc/self/maps`, and where the
//! loader is among them in `/proc/self/auxv`; libraries are put under the names by which the loader looks for them. A
//! program without a loader is one file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, ReadCache};

/// The entry of `/proc/self/auxv` that says where the loader is: `AT_BASE`.
const AT_BASE: u64 = 7;

/// Bytes of the header of an ELF file, and where in it the table of sections is named: `e_shoff`, `e_shnum` and
/// `e_shstrndx`.
const HEADER: usize = size_of::<FileHeader64<Endianness>>();
const SECTIONS: [std::ops::Range<usize>; 2] = [0x28..0x30, 0x3C..0x40];

/// The files of the running program.
#[derive(Debug)]
pub struct Program {
    /// Its executable.
    pub executable: PathBuf,
    /// What loads it, if anything does.
    pub loader: Option<PathBuf>,
    /// Its libraries, by the names that the loader looks for.
    pub libraries: BTreeMap<String, PathBuf>,
}

impl Program {
    /// The one that runs.
    ///
    /// # Errors
    /// When the system does not tell, or a file has been removed since it was started.
    pub fn running() -> io::Result<Self> {
        let maps = fs::read_to_string("/proc/self/maps")?;
        let executable = PathBuf::from("/proc/self/exe");
        let own = fs::read_link(&executable)?;
        let loader = base(&fs::read("/proc/self/auxv")?).and_then(|base| file_at(&maps, base));
        let mut libraries = BTreeMap::new();
        for path in code(&maps).filter(|path| *path != own && Some(*path) != loader) {
            libraries.insert(name(path)?, path.to_owned());
        }
        Ok(Self { executable, loader: loader.map(Path::to_owned), libraries })
    }
}

/// Where the loader is in memory.
fn base(auxiliary: &[u8]) -> Option<u64> {
    let numbers = auxiliary.chunks_exact(8).filter_map(|word| Some(u64::from_ne_bytes(word.try_into().ok()?)));
    let numbers: Vec<_> = numbers.collect();
    numbers.chunks_exact(2).find(|pair| pair[0] == AT_BASE).map(|pair| pair[1]).filter(|base| *base != 0)
}

/// The file whose beginning is in memory at an address.
fn file_at(maps: &str, address: u64) -> Option<&Path> {
    let begins = |line: &&str| line.starts_with(&format!("{address:x}-"));
    maps.lines().find(begins).and_then(file_of)
}

/// The files in memory with code that is executed.
fn code(maps: &str) -> impl Iterator<Item = &Path> {
    let is_code = |line: &&str| line.split(' ').nth(1).is_some_and(|rights| rights.contains('x'));
    maps.lines().filter(is_code).filter_map(file_of)
}

/// The path at the end of a line, which is none for memory without a file.
fn file_of(line: &str) -> Option<&Path> {
    line.find('/').map(|at| Path::new(&line[at..]))
}

/// The name by which the loader looks for a library: the one that it gives itself, or that of its file.
fn name(library: &Path) -> io::Result<String> {
    let said = |error: object::Error| io::Error::other(format!("`{}`: {error}", library.display()));
    let file = File::open(library).map_err(|error| io::Error::other(format!("`{}`: {error}", library.display())))?;
    let own = soname(&ReadCache::new(file)).map_err(said)?;
    Ok(own.unwrap_or_else(|| library.file_name().unwrap_or_default().to_string_lossy().into_owned()))
}

fn soname(data: &ReadCache<File>) -> object::Result<Option<String>> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let Some((entries, strings)) = sections.dynamic(endian, data)? else { return Ok(None) };
    let strings = sections.strings(endian, data, strings)?;
    let own = entries.iter().find(|entry| entry.d_tag(endian) == elf::DT_SONAME);
    let own = own.and_then(|entry| strings.get(u32::try_from(entry.d_val(endian)).ok()?).ok());
    Ok(own.map(|name| String::from_utf8_lossy(name).into_owned()))
}

/// An executable without what only debuggers and linkers read, which is most of one that is being worked on.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn without_sections(path: &Path) -> io::Result<impl Read> {
    let mut file = File::open(path)?;
    let end = {
        let data = ReadCache::new(&mut file);
        loaded(&data).map_err(io::Error::other)?
    };
    let mut header = [0; HEADER];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    SECTIONS.into_iter().for_each(|part| header[part].fill(0));
    Ok(io::Cursor::new(header).chain(file.take(end.saturating_sub(HEADER as u64))))
}

/// Where the last byte of a file that is loaded ends.
fn loaded(data: &ReadCache<&mut File>) -> object::Result<u64> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let ends = header.program_headers(endian, data)?.iter().map(|segment| {
        let (offset, length) = segment.file_range(endian);
        offset.saturating_add(length)
    });
    Ok(ends.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn memory_says_which_files_a_program_consists_of() {
        let maps = "1000-2000 r--p 00000000 fe:00 1  /a/program\n2000-3000 r-xp 00001000 fe:00 1  /a/program\n\
                    7000-8000 r--p 00000000 fe:00 2  /lib/ld.so\n8000-9000 r-xp 00001000 fe:00 2  /lib/ld.so\n\
                    a000-b000 r--p 00000000 fe:00 3  /a locale\nc000-d000 r-xp 00000000 00:00 0  [vdso]\n";
        assert_eq!(file_at(maps, 0x7000), Some(Path::new("/lib/ld.so")));
        assert_eq!(file_at(maps, 0x700), None);
        assert_eq!(code(maps).collect::<Vec<_>>(), [Path::new("/a/program"), Path::new("/lib/ld.so")]);
        let words = |words: &[u64]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>();
        assert_eq!(base(&words(&[3, 7, 7, 0x7000, 0, 0])), Some(0x7000));
        assert_eq!(base(&words(&[7, 0, 0, 0])), None);
        assert_eq!(base(&words(&[0, 0])), None);
    }

    #[test]
    fn the_running_program_runs_by_its_files_alone() {
        let program = Program::running().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("program");
        io::copy(&mut without_sections(&program.executable).unwrap(), &mut File::create(&copy).unwrap()).unwrap();
        assert!(copy.metadata().unwrap().len() < fs::metadata("/proc/self/exe").unwrap().len());
        let loader = program.loader.expect("this machine's programs have one");
        for (name, path) in &program.libraries {
            fs::copy(path, folder.path().join(name)).unwrap();
        }
        fs::copy(loader, folder.path().join("loader")).unwrap();
        fs::set_permissions(folder.path().join("loader"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(folder.path().join("loader"));
        command.args(["--inhibit-cache", "--library-path"]).arg(folder.path()).arg(copy).arg("--list");
        let output = command.env("LD_DEBUG", "libs").output().unwrap();
        let (listed, found) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(listed.contains("the_running_program_runs_by_its_files_alone"), "{listed}{found}");
        let inits: Vec<_> = found.lines().filter_map(|line| line.split_once("calling init: ")).collect();
        assert!(
            !inits.is_empty() && inits.iter().all(|(_, file)| Path::new(file).starts_with(folder.path())),
            "{found}"
        );
    }
}
