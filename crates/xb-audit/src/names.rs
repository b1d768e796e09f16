//! Which names are meant, and which are only like them.

/// The folders that only the sandbox has, beneath `/xb/`: those of `stdlib/places.xb`.
const PLACES: &[&str] = &["src", "build", "out", "patches", "inputs"];

/// What follows the machine in names of a system: Debian's, and those of GNU and of Rust.
const SYSTEMS: &[&[u8]] = &[b"linux-gnu", b"pc-linux-gnu", b"unknown-linux-gnu"];

/// How builds write down the machine that they run on, which is called `xb` in every sandbox: behind its user, and as
/// `uname -a` does it.
pub(crate) const HOSTS: [&[u8]; 2] = [b"root@xb", b"Linux xb "];

/// So many bytes before and behind a name are looked at and shown; every name is shorter.
pub(crate) const AROUND: usize = 96;

/// Whether a path of the sandbox begins here.
pub(crate) fn is_place(bytes: &[u8], at: usize, is_text: bool) -> bool {
    let rest = bytes.get(at + "/xb/".len()..).unwrap_or_default();
    let is_one = |place: &str| rest.strip_prefix(place.as_bytes()).is_some_and(|rest| ends(rest, is_of_a_name));
    PLACES.iter().any(|place| is_one(place)) && (!is_text || begins(bytes.get(..at).unwrap_or_default()))
}

/// Whether a path can begin behind this text: in `-I/xb/src` it does, in `/home/xb/src` it does not.
fn begins(before: &[u8]) -> bool {
    let is_of_a_path = |byte: &u8| is_of_a_name(*byte) || *byte == b'/';
    let word = before.iter().rev().take(AROUND).take_while(|byte| is_of_a_path(byte)).count();
    let word = before.get(before.len() - word..).unwrap_or_default();
    word.is_empty() || word.starts_with(b"-")
}

/// Whether the name of a machine goes on as that of a system.
pub(crate) fn is_system(rest: &[u8]) -> bool {
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric();
    SYSTEMS.iter().any(|system| rest.strip_prefix(*system).is_some_and(|rest| ends(rest, goes_on)))
}

/// What names the machine at a place where one of [`HOSTS`] begins, if it is no other name that begins alike.
pub(crate) fn host(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let (user, system) = (HOSTS[0], HOSTS[1]);
    if let Some(rest) = rest.strip_prefix(user) {
        return ends(rest, is_of_a_name).then(|| shown(bytes, at));
    }
    // The version of the kernel is told as well, which is that of the machine and not the sandbox's.
    let kernel = rest.strip_prefix(system)?;
    let len = kernel.iter().take(AROUND).take_while(|byte| is_of_a_name(**byte)).count();
    let is_version = kernel.first().is_some_and(u8::is_ascii_digit);
    is_version.then(|| String::from_utf8_lossy(rest.get(..system.len() + len).unwrap_or_default()).into_owned())
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn ends(rest: &[u8], goes_on: impl Fn(u8) -> bool) -> bool {
    !rest.first().is_some_and(|byte| goes_on(*byte))
}

/// The word in which something was found.
pub(crate) fn shown(bytes: &[u8], at: usize) -> String {
    let is_shown = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
    let before = bytes.get(..at).unwrap_or_default().iter().rev().take(AROUND).take_while(is_shown).count();
    let after = bytes.get(at..).unwrap_or_default().iter().take(AROUND).take_while(is_shown).count();
    String::from_utf8_lossy(bytes.get(at - before..at + after).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_the_one_of_the_sandbox() {
        assert_eq!(xb_run::HOST_NAME, "xb");
        let check = |text: &str, expected: Option<&str>| assert_eq!(host(text.as_bytes(), 0).as_deref(), expected);
        check("root@xb", Some("root@xb"));
        check("root@xb) #1", Some("root@xb)"));
        check("Linux xb 6.12.3-amd64 #1 SMP", Some("Linux xb 6.12.3-amd64"));
        for other in ["root@xbox", "root@xb.org", "Linux xb is", "Linux xb ", "Linux box 6.1"] {
            check(other, None);
        }
    }

    #[test]
    fn the_places_are_those_of_the_standard_library() {
        let places = include_str!("../../../stdlib/places.xb");
        let said: Vec<&str> = places.lines().filter_map(|line| line.split("\"xb/").nth(1)?.split('"').next()).collect();
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(said), sorted(PLACES.to_vec()));
    }
}
