//! Configuration files: those that dpkg does not overwrite when somebody changed them.

use xb_core::RelPath;

use crate::merged_usr::merged;

/// What dpkg says in the place of the MD5 of a file that it never had in hand.
const UNKNOWN: &str = "newconffile";
const REMOVE: &str = "remove-on-upgrade";

/// A configuration file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conffile {
    /// Where it lies, beneath the root.
    pub path: RelPath,
    /// Whether the package ships it no longer, and wants it gone.
    pub is_to_be_removed: bool,
}

impl Conffile {
    /// Its line in the status, given the hexadecimal MD5 of the file that the package ships.
    pub(super) fn line(&self, md5: Option<&str>) -> String {
        let Self { path, is_to_be_removed } = self;
        let md5 = md5.unwrap_or(UNKNOWN);
        let flag = if *is_to_be_removed { format!(" {REMOVE}") } else { String::new() };
        format!(" /{path} {md5}{flag}\n")
    }
}

/// The configuration files that the member `conffiles` names; lines that name none are passed over.
pub fn conffiles(text: &str) -> Vec<Conffile> {
    text.lines().filter_map(conffile).collect()
}

fn conffile(line: &str) -> Option<Conffile> {
    let line = line.trim_ascii_end();
    let (flag, path) = line.split_at(line.find('/')?);
    let is_to_be_removed = match flag.trim_ascii() {
        "" => false,
        REMOVE => true,
        _ => return None,
    };
    let path = RelPath::new(&path[1..]).ok().filter(|path| !path.is_root())?;
    Some(Conffile { path: merged(path), is_to_be_removed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ones_those_to_be_removed_and_lines_that_name_none() {
        let text = "/etc/a b\nremove-on-upgrade /etc/old\n\netc/x\nodd /etc/y\n/lib/udev/z \n/../out\n/\n";
        let lines: Vec<_> = conffiles(text).iter().map(|it| it.line(None)).collect();
        let expected =
            [" /etc/a b newconffile\n", " /etc/old newconffile remove-on-upgrade\n", " /usr/lib/udev/z newconffile\n"];
        assert_eq!(lines, expected);
    }
}
