//! What is run on the other machine.
//!
//! Whatever shell its user has is given one word that all shells read alike: `exec sh -c '…'`, with no quotation mark
//! within.

/// How an xb on the other side says that it is ready, and that what follows is its own: what comes before is the shell's.
pub const SPEAKS: &str = "xb-speaks";

/// How it says that it has no copy of the program: its architecture follows, and whether it has an `xb` of its own.
pub(crate) const LACKS: &str = "xb-lacks";

/// How it says that it has taken the copy.
pub(crate) const TAKEN: &str = "xb-taken";

/// The folder of the copies.
const FOLDER: &str = r#"d="${XDG_CACHE_HOME:-$HOME/.cache}/xb/bin""#;

/// What xb is asked to do.
const SERVE: &str = "serve --execute --stdio";

/// Speaks, where the copy is there.
pub(crate) fn speak(hash: &str) -> String {
    whole(&format!(
        r#"{FOLDER}; p="$d/xb-{hash}"; \
if [ -x "$p" ]; then touch "$p"; exec "$p" {SERVE}; fi; \
if command -v xb >/dev/null 2>&1; then h=own; else h=none; fi; \
echo "{LACKS} $(uname -m) $h""#
    ))
}

/// Takes the copy of so many bytes from standard input, and removes those that nobody has used for long: of one that was
/// cut off nothing stays.
pub(crate) fn take(hash: &str, length: u64) -> String {
    whole(&format!(
        r#"set -e; umask 077; {FOLDER}; mkdir -p "$d"; t="$d/.xb-{hash}.$$"; \
trap "rm -f \"$t\"" EXIT; cat > "$t"; \
if [ "$(wc -c < "$t")" -ne {length} ]; then echo "the copy was cut off" >&2; exit 1; fi; chmod 700 "$t"; mv "$t" "$d/xb-{hash}"; \
find "$d" -name "xb-*" -type f -mtime +30 -exec rm -f {{}} + 2>/dev/null || true; \
find "$d" -name ".xb-*" -type f -mtime +1 -exec rm -f {{}} + 2>/dev/null || true; \
echo {TAKEN}"#
    ))
}

/// Has the machine's own xb speak.
pub(crate) fn speak_own() -> String {
    whole(&format!("exec xb {SERVE}"))
}

fn whole(script: &str) -> String {
    let script = script.replace("\\\n", "");
    format!("exec sh -c '{script}'")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a script leaves in a home that is given so many bytes, of five.
    fn left(bytes: &[u8]) -> Vec<String> {
        let home = std::env::temp_dir().join(format!("xb-far-{}-{}", std::process::id(), bytes.len()));
        let mut command = Command::new("sh");
        command.args(["-c", &take("ab", 5)]).env("HOME", &home).env_remove("XDG_CACHE_HOME").stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh starts");
        child.stdin.take().expect("it is piped").write_all(bytes).expect("it is taken");
        child.wait().expect("it ends");
        let folder = home.join(".cache/xb/bin");
        let left = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name());
        let left = left.map(|name| name.to_string_lossy().into_owned()).collect();
        std::fs::remove_dir_all(&home).expect("it is ours");
        left
    }

    #[test]
    fn a_copy_that_is_cut_off_is_none() {
        assert_eq!(left(b"whole"), ["xb-ab"]);
        assert_eq!(left(b"cut"), [""; 0]);
    }

    #[test]
    fn scripts_have_no_quotation_mark_within() {
        for script in [speak("ab"), take("ab", 5), speak_own()] {
            assert_eq!(script.matches('\'').count(), 2, "{script}");
            assert!(!script.contains('\n'), "{script}");
        }
    }
}
