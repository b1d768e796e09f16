//! Programs of other architectures, by what is said of them where nobody watches what is started.

/// How a program of another machine begins, where a shell takes it for a script.
const ELF: &str = "\u{7f}ELF";

/// What shells and others say of a program that the machine cannot run.
const FOREIGN: &str = "Exec format error";

/// The last program of another architecture that was started, by what is said of it.
pub fn foreign(log: &[u8]) -> Option<String> {
    const LOOKED_AT: usize = 256 << 10;
    let log = String::from_utf8_lossy(&log[log.len().saturating_sub(LOOKED_AT)..]);
    log.lines().rev().find_map(program)
}

/// `sh: 1: ./gen: Exec format error`, `bash: ./gen: cannot execute binary file: Exec format error`, and Python's
/// `OSError: [Errno 8] Exec format error: './gen'`.
fn program(line: &str) -> Option<String> {
    // `./gen: 1: \x7fELF...: not found` is what dash says.
    if let Some((before, _)) = line.split_once(ELF) {
        let named = before.trim_end().trim_end_matches(':').rsplit_once(": ").map_or(before, |(named, _)| named);
        return named.rsplit(": ").next().filter(|named| !named.is_empty()).map(str::to_owned);
    }
    let (before, after) = line.split_once(FOREIGN)?;
    let after = after.trim_start_matches(':').trim().trim_matches(['\'', '"', '`']);
    if !after.is_empty() && !after.contains(char::is_whitespace) {
        return Some(after.to_owned());
    }
    let before = before.trim_end().trim_end_matches(':');
    let before = before.strip_suffix(": cannot execute binary file").unwrap_or(before);
    let named = before.rsplit(": ").next()?.trim().trim_matches(['\'', '"', '`', '‘', '’']);
    (!named.is_empty()).then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_another_architecture_are_named_by_whoever_started_them() {
        let check = |log: &str, program: Option<&str>| assert_eq!(foreign(log.as_bytes()).as_deref(), program, "{log}");
        check("/xb/run.sh: 3: ./gen: Exec format error\nmake: *** Error 126\n", Some("./gen"));
        check("bash: line 1: /xb/build/gen: cannot execute binary file: Exec format error", Some("/xb/build/gen"));
        check("OSError: [Errno 8] Exec format error: './gen'\n", Some("./gen"));
        check("env: ‘./gen’: Exec format error\n", Some("./gen"));
        check("make: ./gen: Exec format error\n", Some("./gen"));
        check("./gen: 1: \u{7f}ELF\u{2}\u{1}: not found\n./gen: 2: Syntax error", Some("./gen"));
        check("a.c:1:1: error: x\n", None);
    }
}
