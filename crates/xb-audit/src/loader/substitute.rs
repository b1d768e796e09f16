//! What stands in a `RPATH`, a `RUNPATH` or a `NEEDED` for something else.

use xb_core::Arch;

/// A text with its `$ORIGIN`, `$LIB` and `$PLATFORM` put in, also where they stand in braces.
///
/// `$LIB` is the multiarch folder in Debian, where the C library lies. `$PLATFORM` is what the kernel calls the
/// processor, which is the machine's name unless glibc knows it better (`haswell`).
pub(super) fn substitute(text: &str, origin: &str, arch: Arch) -> String {
    let lib = format!("lib/{}", arch.triplet());
    let tokens = [("ORIGIN", origin), ("LIB", lib.as_str()), ("PLATFORM", arch.machine())];
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        let found = tokens.iter().find_map(|(name, value)| Some((value, token(after, name)?)));
        match found {
            Some((value, after)) => {
                done.push_str(value);
                rest = after;
            }
            None => {
                done.push('$');
                rest = after;
            }
        }
    }
    done + rest
}

/// What follows a token, if this is it.
fn token<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    if let Some(braced) = text.strip_prefix('{') {
        return braced.strip_prefix(name)?.strip_prefix('}');
    }
    let rest = text.strip_prefix(name)?;
    (!rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_put_in() {
        let check = |text: &str, expected: &str| {
            assert_eq!(substitute(text, "/usr/bin", Arch::Arm64), expected);
        };
        check("$ORIGIN/../lib", "/usr/bin/../lib");
        check("${ORIGIN}/x", "/usr/bin/x");
        check("/usr/$LIB/p", "/usr/lib/aarch64-linux-gnu/p");
        check("/o/$PLATFORM:$ORIGINAL:$", "/o/aarch64:$ORIGINAL:$");
        check("${ORIGIN", "${ORIGIN");
        check("$$ORIGIN", "$/usr/bin");
    }
}
