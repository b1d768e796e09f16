//! A tree as one file: `tar.zst`.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use xb_store::Contents;

use crate::compression::{Compression, Encoder};
use crate::error::{Context, Result};
use crate::mode::create_file;
use crate::moment::Moment;
use crate::sum::{Sum, Summing};
use crate::tar::{Placed, Purpose, write_tree};

const ARCHIVE: Purpose = Purpose { name: "an archive", refuses: |_| None };

/// Writes a tree as a compressed tar archive, and tells what that is. Files are passed through, not held in memory.
///
/// ```no_run
/// # fn it(store: &xb_store::Store, tree: xb_core::TreeId) -> Result<(), Box<dyn std::error::Error>> {
/// use std::path::Path;
/// use xb_core::RelPath;
/// use xb_export::{Compression, Moment, Placed, write_archive};
///
/// let placed = Placed { tree, at: RelPath::new("hello-1.0-arm64")? };
/// let file = Path::new("release/hello-1.0-arm64.tar.zst");
/// let sum = write_archive(store, &placed, Compression::Zstd, Moment::default(), file)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When something of the tree is not to be had or damaged, or the file cannot be written.
pub fn write_archive(
    store: &dyn Contents,
    tree: &Placed,
    compression: Compression,
    time: Moment,
    file: &Path,
) -> Result<Sum> {
    let out = create_file(file).on("cannot write", file)?;
    Ok(write_tar(store, tree, compression, time, ARCHIVE, file, out)?.packed)
}

/// The sums of an archive as it lies there, and of what is in it.
pub(crate) struct Sums {
    pub(crate) packed: Sum,
    pub(crate) plain: Sum,
}

/// Writes a tree into an open file.
pub(crate) fn write_tar(
    store: &dyn Contents,
    tree: &Placed,
    compression: Compression,
    time: Moment,
    purpose: Purpose,
    path: &Path,
    out: File,
) -> Result<Sums> {
    let packed = Summing::new(BufWriter::new(out));
    let plain = Summing::new(Encoder::new(compression, packed).on("cannot write", path)?);
    let (encoder, plain) = write_tree(store, tree, purpose, time, path, plain)?.finish();
    let (out, packed) = encoder.finish().on("cannot write", path)?.finish();
    out.into_inner().map_err(std::io::IntoInnerError::into_error).on("cannot write", path)?;
    Ok(Sums { packed, plain })
}
