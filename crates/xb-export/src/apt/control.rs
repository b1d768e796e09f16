//! The control file of a package, read strictly: its text goes into an index that others believe.

/// The fields that an index adds, and those that only dpkg's own records have.
const FOREIGN: [&str; 11] = [
    "Conffiles",
    "Config-Version",
    "Filename",
    "MD5sum",
    "MSDOS-Filename",
    "SHA1",
    "SHA256",
    "SHA512",
    "Size",
    "Status",
    "Triggers-Pending",
];

/// One paragraph: names of fields, and their values as they are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Control(Vec<(String, String)>);

impl Control {
    /// Reads a control file.
    ///
    /// # Errors
    /// Why it cannot stand in an index, as half a sentence: more than one paragraph, a field twice, a line that belongs
    /// to no field, a sign that no text has.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(bytes).map_err(|_| "its control file is not UTF-8 text".to_owned())?;
        if let Some(sign) = text.chars().find(|sign| sign.is_control() && !matches!(sign, '\n' | '\t')) {
            return Err(format!("its control file has the sign U+{:04X} in it", u32::from(sign)));
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.trim_end_matches('\n').lines() {
            if line.trim().is_empty() {
                return Err("its control file has an empty line in it, so more than one paragraph".to_owned());
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or("its control file begins with a blank")?;
                value.push('\n');
                value.push_str(line);
                continue;
            }
            let (name, value) = line.split_once(':').filter(|(name, _)| is_name(name)).ok_or_else(|| {
                let start: String = line.chars().take(40).collect();
                format!("its control file has the line `{start}`, which belongs to no field")
            })?;
            if fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(format!("its control file has the field `{name}` twice"));
            }
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self(fields))
    }

    /// The value of a field that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, String> {
        let value = self.field(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("its control file has no field `{name}`"))
    }

    /// The value of a field, by its name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The fields as an index has them, the package's name first, each with a newline at its end.
    pub(crate) fn index_text(&self) -> String {
        let is_name = |name: &str| name.eq_ignore_ascii_case("Package");
        let first = self.0.iter().filter(|(name, _)| is_name(name));
        let rest = self.0.iter().filter(|(name, _)| !is_name(name) && !is_foreign(name));
        let mut text = String::new();
        for (name, value) in first.chain(rest) {
            let blank = if value.is_empty() || value.starts_with('\n') { "" } else { " " };
            text.extend([name, ":", blank, value, "\n"]);
        }
        text
    }
}

fn is_foreign(name: &str) -> bool {
    FOREIGN.iter().any(|foreign| foreign.eq_ignore_ascii_case(name))
}

/// Whether this can be the name of a field: printable ASCII without blanks and colons.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['#', '-']) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kept_with_the_name_first() {
        let control =
            Control::parse(b"Version:1\nPackage: x\nSize: 4\nDescription: a\n b\n .\n  c\nFiles:\n d\n").unwrap();
        let text = "Package: x\nVersion: 1\nDescription: a\n b\n .\n  c\nFiles:\n d\n";
        assert_eq!(control.index_text(), text);
        assert_eq!((control.field("package"), control.need("Section").is_err()), (Some("x"), true));
    }

    #[test]
    fn what_would_be_more_than_a_paragraph_is_refused() {
        for (text, reason) in [
            (&b"Package: a\n\nPackage: b\n"[..], "more than one paragraph"),
            (b"Package: a\n \nPackage: b\n", "more than one paragraph"),
            (b"Package: a\r\nVersion: 1\n", "U+000D"),
            (b"Package: a\npackage: b\n", "`package` twice"),
            (b" x\n", "begins with a blank"),
            (b"Package a\n", "`Package a`"),
            (b"#: a\n", "belongs to no field"),
            (b"A b: a\n", "belongs to no field"),
            (b"\xff: a\n", "UTF-8"),
        ] {
            let error = Control::parse(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
