//! A package as its control file describes it.

use std::fmt::Write as _;

use super::Conffile;
use crate::control::paragraphs;

/// What is dpkg's to say in the status, whatever the control file says.
const NOT_ITS_OWN: [&str; 3] = ["Package", "Status", "Conffiles"];

/// Why a control file is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It is no text.
    #[error("its control file is not UTF-8; the package is damaged: take another version of it")]
    NotText,
    /// A field is missing, or names nothing.
    #[error("its control file has no proper field `{0}`; the package is damaged: take another version of it")]
    Field(&'static str),
}

/// A package, by its control file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    name: String,
    arch: String,
    version: String,
    /// Whether several architectures of it may stand beside each other.
    is_multi_arch_same: bool,
    /// Every other field, as it is written.
    fields: String,
}

impl Package {
    /// Reads a control file.
    ///
    /// # Errors
    /// When it is no text, or names no package.
    pub fn parse(control: &[u8]) -> Result<Self, PackageError> {
        let text = str::from_utf8(control).map_err(|_| PackageError::NotText)?;
        let paragraph = paragraphs(text).next().ok_or(PackageError::Field("Package"))?;
        let field = |name, is_proper: fn(&str) -> bool| {
            let value = paragraph.field(name).filter(|value| is_proper(value));
            value.map(str::to_owned).ok_or(PackageError::Field(name))
        };
        let own = |name: &str| !NOT_ITS_OWN.iter().any(|other| name.eq_ignore_ascii_case(other));
        let mut fields = String::new();
        for (_, field) in paragraph.written_fields().filter(|(name, _)| own(name)) {
            fields.extend([field.trim_ascii_end(), "\n"]);
        }
        Ok(Self {
            name: field("Package", is_name)?,
            arch: field("Architecture", is_name)?,
            version: field("Version", |version| !version.is_empty() && !version.contains('\n'))?,
            is_multi_arch_same: paragraph.field("Multi-Arch") == Some("same"),
            fields,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its architecture, or `all`.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How dpkg names it in its records: `tzdata`, `zlib1g:amd64`.
    pub fn record_name(&self) -> String {
        let Self { name, arch, .. } = self;
        if self.is_multi_arch_same { format!("{name}:{arch}") } else { name.clone() }
    }

    /// Its paragraph in the status, given its configuration files and the MD5 of each that it ships.
    pub fn status(&self, conffiles: &[(Conffile, Option<String>)]) -> String {
        let Self { name, fields, .. } = self;
        let mut paragraph = format!("Package: {name}\nStatus: install ok installed\n{fields}");
        for (at, (conffile, md5)) in conffiles.iter().enumerate() {
            let head = if at == 0 { "Conffiles:\n" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(paragraph, "{head}{}", conffile.line(md5.as_deref()));
        }
        paragraph.push('\n');
        paragraph
    }
}

/// Whether dpkg takes it as the name of a package, a trigger or an architecture.
pub(super) fn is_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.bytes().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_kept_as_they_are_written_and_dpkgs_own_are_added() {
        let control = "Package: libx\nStatus: odd\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1:2-3\n\
                       Description: short\n long\n .\n  verse\n\nPackage: second\n";
        let package = Package::parse(control.as_bytes()).unwrap();
        assert_eq!(package.record_name(), "libx:amd64");
        let conffiles = super::super::conffiles("/etc/x\n/etc/y\n");
        let conffiles: Vec<_> = conffiles.into_iter().zip([Some("0a".to_owned()), None]).collect();
        let expected = "Package: libx\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\
                        Version: 1:2-3\nDescription: short\n long\n .\n  verse\nConffiles:\n /etc/x 0a\n \
                        /etc/y newconffile\n\n";
        assert_eq!(package.status(&conffiles), expected);
    }

    #[track_caller]
    fn check_refused(control: &[u8], because: PackageError) {
        assert_eq!(Package::parse(control), Err(because));
    }

    #[test]
    fn what_names_no_package_is_refused() {
        check_refused(b"", PackageError::Field("Package"));
        check_refused(b"Package: ../x\nVersion: 1\nArchitecture: all\n", PackageError::Field("Package"));
        check_refused(b"Package: x\nVersion: 1\nArchitecture: a/b\n", PackageError::Field("Architecture"));
        check_refused(b"Package: x\nVersion:\nArchitecture: all\n", PackageError::Field("Version"));
        check_refused(b"Package: \xff\n", PackageError::NotText);
    }
}
