//! Files that people find: whoever reads one meanwhile reads the old one or the new one.

use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;
use xb_store::is_older;

/// What files are called while they are written.
const PREFIX: &str = ".xb-new-";

/// No file takes longer to write.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60 * 60);

/// Writes a file that everybody may read, in the place of an earlier one; what killed ones left beside it goes.
///
/// # Errors
/// When the system refuses; then the earlier one is still there.
pub fn write_whole(file: &Path, from: &mut dyn Read) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    sweep(folder);
    let mut aside = NamedTempFile::with_prefix_in(PREFIX, folder)?;
    io::copy(from, &mut aside)?;
    aside.as_file().set_permissions(Permissions::from_mode(0o644))?;
    aside.persist(file)?;
    Ok(())
}

fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in left.map(|entry| entry.path()).filter(|path| is_older(path, WRITTEN_WITHIN)) {
        // What cannot be removed stays for the next one.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_the_place_of_another_and_old_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let [file, old, new] = ["report", ".xb-new-old", ".xb-new-new"].map(|name| folder.path().join(name));
        fs::write(&new, "").unwrap();
        let before = std::time::SystemTime::now() - 2 * WRITTEN_WITHIN;
        fs::File::create(&old).unwrap().set_modified(before).unwrap();
        for text in ["first", "second"] {
            write_whole(&file, &mut text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!([old.exists(), new.exists()], [false, true]);
    }
}
