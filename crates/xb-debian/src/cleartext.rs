//! OpenPGP's cleartext signature framework, taken apart strictly.
//!
//! What comes before the signed text, between it and the signature, or after the signature is an error: nobody
//! vouches for it, and a reader who took it for signed would be deceived.

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &str = "-----END PGP SIGNATURE-----";

/// The two halves of a signed text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cleartext<'a> {
    /// What was signed: escapes undone, blanks at the ends of lines gone, lines joined by newlines.
    pub(crate) text: String,
    /// The armoured signatures, with their first and last line.
    pub(crate) armour: &'a str,
}

/// Takes a signed text apart.
///
/// # Errors
/// What is not as it should be, for a person.
pub(crate) fn split(input: &str) -> Result<Cleartext<'_>, &'static str> {
    let mut lines = Lines { rest: input };
    if lines.next() != Some(BEGIN) {
        return Err("it does not begin with a signed message");
    }
    skip_headers(&mut lines)?;
    let (text, start) = read_text(&mut lines)?;
    let armour = read_armour(start, &mut lines)?;
    if lines.rest.trim().is_empty() { Ok(Cleartext { text, armour }) } else { Err("there is text after the signature") }
}

/// Lines without their ends, and what is left behind them.
struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line.trim_end_matches([' ', '\t', '\r']))
    }
}

fn skip_headers(lines: &mut Lines<'_>) -> Result<(), &'static str> {
    loop {
        match lines.next() {
            Some("") => return Ok(()),
            Some(header) if header.starts_with("Hash: ") => {}
            _ => return Err("its header has something other than `Hash:` lines"),
        }
    }
}

/// The signed text, and the rest of the input from the first line of the armour on.
fn read_text<'a>(lines: &mut Lines<'a>) -> Result<(String, &'a str), &'static str> {
    let mut text = String::with_capacity(lines.rest.len());
    let mut first = true;
    loop {
        let start = lines.rest;
        let line = lines.next().ok_or("it ends before its signature")?;
        if line == BEGIN_SIGNATURE {
            return Ok((text, start));
        }
        let line = match line.strip_prefix('-') {
            None => line,
            Some(escaped) => escaped.strip_prefix(' ').ok_or("a signed line begins with an unescaped dash")?,
        };
        if !std::mem::take(&mut first) {
            text.push('\n');
        }
        text.push_str(line);
    }
}

/// What lies between `start` and the end of the armour.
fn read_armour<'a>(start: &'a str, lines: &mut Lines<'a>) -> Result<&'a str, &'static str> {
    while let Some(line) = lines.next() {
        if line == END_SIGNATURE {
            return Ok(&start[..start.len() - lines.rest.len()]);
        }
    }
    Err("its signature is cut off")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nA: 1  \n- -B\n\n\
        -----BEGIN PGP SIGNATURE-----\n\nxyz\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn text_and_armour_are_taken_apart() {
        let cleartext = split(SIGNED).unwrap();
        assert_eq!(cleartext.text, "A: 1\n-B\n");
        let armour = "-----BEGIN PGP SIGNATURE-----\n\nxyz\n-----END PGP SIGNATURE-----\n";
        assert_eq!(cleartext.armour, armour);
        assert_eq!(split(&SIGNED.replace('\n', "\r\n")).unwrap().text, "A: 1\n-B\n");
    }

    #[test]
    fn anything_outside_of_the_signed_part_is_refused() {
        for (from, to) in [
            ("-----BEGIN PGP SIGNED", "Origin: evil\n-----BEGIN PGP SIGNED"),
            ("Hash: SHA256\n", "Origin: evil\n"),
            ("- -B", "-B"),
            ("-----END PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----\nOrigin: evil\n"),
            ("-----END PGP SIGNATURE-----\n", ""),
            ("-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP SIGNATUR-----"),
        ] {
            assert!(split(&SIGNED.replace(from, to)).is_err(), "{to}");
        }
    }
}
