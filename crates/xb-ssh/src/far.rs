//! What is run on the other machine.
//!
//! Whatever shell its user has is given one word that all shells read alike: `exec sh -c '…'`, with no quotation mark
//! within.

/// How the other side says that from here on it is xb that speaks: what comes before is the shell's own.
pub(crate) const SPEAKS: &str = "xb-speaks";

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
if [ -x "$p" ]; then touch "$p"; echo {SPEAKS}; exec "$p" {SERVE}; fi; \
if command -v xb >/dev/null 2>&1; then h=own; else h=none; fi; \
echo "{LACKS} $(uname -m) $h""#
    ))
}

/// Takes the copy from standard input, and removes those that nobody has used for long.
pub(crate) fn take(hash: &str) -> String {
    whole(&format!(
        r#"set -e; umask 077; {FOLDER}; mkdir -p "$d"; t="$d/.xb-{hash}.$$"; \
trap "rm -f \"$t\"" EXIT; cat > "$t"; chmod 700 "$t"; mv "$t" "$d/xb-{hash}"; \
find "$d" -name "xb-*" -type f -mtime +30 -exec rm -f {{}} + 2>/dev/null || true; \
echo {TAKEN}"#
    ))
}

/// Has the machine's own xb speak.
pub(crate) fn speak_own() -> String {
    whole(&format!("echo {SPEAKS}; exec xb {SERVE}"))
}

fn whole(script: &str) -> String {
    let script = script.replace("\\\n", "");
    format!("exec sh -c '{script}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_have_no_quotation_mark_within() {
        for script in [speak("ab"), take("ab"), speak_own()] {
            assert_eq!(script.matches('\'').count(), 2, "{script}");
            assert!(!script.contains('\n'), "{script}");
        }
    }
}
