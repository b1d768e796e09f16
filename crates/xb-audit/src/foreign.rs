//! Whether a result has code for another architecture, and nothing else: what every build is asked.

use rayon::prelude::*;
use xb_core::{Arch, RelPath, TreeId};
use xb_store::Contents;

use crate::checks::code;
use crate::facts::{self, Facts};
use crate::walk::{Entries, File};
use crate::{AuditError, Detail, Subject};

/// A file with code for another architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignCode {
    /// The file.
    pub path: RelPath,
    /// What its code is for.
    pub found: String,
}

/// The first file of a result with code that is not for each of `arches`: those of a folder come before those beneath
/// it. With several architectures that is any code.
///
/// Only the beginnings of files are read, and what programs, libraries and archives say of themselves: this costs
/// little beside making the result. [`audit`](crate::audit()) finds the same as `wrong-architecture`, and all of it.
///
/// # Errors
/// When something of the result is not in the store, or cannot be read.
pub fn foreign_code(arches: &[Arch], result: TreeId, store: &dyn Contents) -> Result<Option<ForeignCode>, AuditError> {
    let entries = Entries::of(result, store)?;
    // What it will run in plays no part.
    let subjects: Vec<_> = arches.iter().map(|arch| Subject::new(*arch, result, result)).collect();
    let found = |file: &File| of_file(file, &subjects, store).transpose();
    entries.files.par_iter().find_map_first(found).transpose()
}

fn of_file(file: &File, subjects: &[Subject], store: &dyn Contents) -> Result<Option<ForeignCode>, AuditError> {
    let Some(form) = facts::read_code(file.content, store)? else {
        return Ok(None);
    };
    let mut findings = Vec::new();
    let facts = Facts { form, uses: Default::default(), leaks: Default::default() };
    subjects.iter().for_each(|subject| code::check(file, &facts, subject, &mut findings));
    Ok(findings.into_iter().find_map(|finding| match finding.detail {
        Detail::Architecture { found, .. } => Some(ForeignCode { path: finding.path, found }),
        _ => None,
    }))
}
