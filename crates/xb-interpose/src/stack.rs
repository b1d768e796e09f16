//! What a program finds on its stack when it starts: its arguments, its environment, and what the kernel tells it.
//!
//! From the stack's end: the number of arguments, the address of each, a zero, the address of each text of the
//! environment, a zero, and pairs of numbers up to one whose first is zero (System V ABI, "Process Initialization").

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use rustix::process::Pid;

/// One of the arguments that take the place of a program's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A text.
    Text(CString),
    /// What was the first argument, or an empty text where there was none.
    First,
}

/// Bytes of a word, and what the kernel aligns the stack to.
const WORD: u64 = 8;
const ALIGNMENT: u64 = 16;

/// Bytes that are read at first.
const FIRST_READ: usize = 16 << 10;

/// More than the kernel puts there: the addresses of all that a quarter of the largest stack has room for.
const LONGEST: usize = 64 << 20;

/// Gives the program that a stopped thread is about to start other first arguments; returns where the stack ends then.
///
/// # Errors
/// When the stack cannot be read or written to, or is none.
pub fn replace_first(thread: Pid, stack: u64, words: &[Word]) -> io::Result<u64> {
    let path = format!("/proc/{}/mem", thread.as_raw_pid());
    let memory = OpenOptions::new().read(true).write(true).open(path)?;
    let old = read(&memory, stack)?;
    let (stack, bytes) = rearranged(stack, &old, words).ok_or(io::ErrorKind::InvalidData)?;
    memory.write_all_at(&bytes, stack)?;
    Ok(stack)
}

/// Everything from the stack's end to the last pair.
fn read(memory: &File, stack: u64) -> io::Result<Vec<u64>> {
    let mut bytes = vec![0; FIRST_READ];
    loop {
        // Reading ends where the stack begins.
        let length = memory.read_at(&mut bytes, stack)?;
        let words = bytes[..length].chunks_exact(WORD as usize).filter_map(|word| word.try_into().ok());
        let words: Vec<u64> = words.map(u64::from_ne_bytes).collect();
        if let Some(length) = length_of(&words) {
            return Ok(words[..length].to_vec());
        }
        if length < bytes.len() || length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        bytes.resize(length * 4, 0);
    }
}

/// How many words there are up to the last pair, when it is among them.
fn length_of(words: &[u64]) -> Option<usize> {
    let arguments = usize::try_from(*words.first()?).ok()?;
    let environment = arguments.checked_add(2)?;
    let zero = words.get(environment..)?.iter().position(|word| *word == 0)?;
    let pairs = environment + zero + 1;
    let last = words.get(pairs..)?.chunks_exact(2).position(|pair| pair[0] == 0)?;
    Some(pairs + (last + 1) * 2)
}

/// The stack with other first arguments, whose texts lie where it ended before, or lower: its new end, and its bytes.
fn rearranged(stack: u64, old: &[u64], words: &[Word]) -> Option<(u64, Vec<u8>)> {
    let count = usize::try_from(*old.first()?).ok()?;
    let kept = old.get(1 + count.min(1)..)?;
    let empty = Word::Text(CString::default());
    let words: Vec<&Word> =
        words.iter().map(|word| if count == 0 && *word == Word::First { &empty } else { word }).collect();
    let texts: usize = words.iter().map(|word| text(word).len()).sum();
    let block = (1 + words.len() + kept.len()) as u64 * WORD;
    let begin = stack.checked_add(old.len() as u64 * WORD)?;
    let end = begin.checked_sub(block + texts as u64)? & !(ALIGNMENT - 1);
    let mut place = end + block;
    let mut new = vec![(count.saturating_sub(1) + words.len()) as u64];
    for word in &words {
        match word {
            Word::First => new.push(*old.get(1)?),
            Word::Text(text) => {
                new.push(place);
                place += text.as_bytes_with_nul().len() as u64;
            }
        }
    }
    new.extend(kept);
    let mut bytes: Vec<u8> = new.into_iter().flat_map(u64::to_ne_bytes).collect();
    words.iter().for_each(|word| bytes.extend(text(word)));
    Some((end, bytes))
}

fn text(word: &Word) -> &[u8] {
    match word {
        Word::Text(text) => text.as_bytes_with_nul(),
        Word::First => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Word {
        Word::Text(CString::new(text).unwrap())
    }

    /// The words at the stack's end, and the texts after them.
    fn after(old: &[u64], words: &[Word]) -> (u64, Vec<u64>, String) {
        let (end, bytes) = rearranged(0x1000, old, words).unwrap();
        let words: Vec<u64> = bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect();
        let length = length_of(&words).unwrap();
        (end, words[..length].to_vec(), String::from_utf8(bytes[length * 8..].to_vec()).unwrap())
    }

    #[test]
    fn the_first_argument_makes_room_for_others() {
        let old = [2, 0xa, 0xb, 0, 0xe, 0, 6, 4096, 0, 0];
        let (end, words, texts) = after(&old, &[text("emulator"), Word::First, text("it")]);
        assert_eq!(end % 16, 0);
        let place = end + 12 * 8;
        assert_eq!(words, [4, place, 0xa, place + 9, 0xb, 0, 0xe, 0, 6, 4096, 0, 0]);
        assert_eq!(texts, "emulator\0it\0");
        assert!(place + 12 <= 0x1000 + 10 * 8, "what lies above is left alone");
    }

    #[test]
    fn without_arguments_the_first_is_empty() {
        let (end, words, texts) = after(&[0, 0, 0, 0, 0], &[text("e"), Word::First]);
        let place = end + 7 * 8;
        assert_eq!(words, [2, place, place + 2, 0, 0, 0, 0]);
        assert_eq!(texts, "e\0\0");
    }

    #[test]
    fn what_is_no_stack_is_not_changed() {
        for words in [&[][..], &[u64::MAX, 0, 0, 0, 0], &[1, 0xa, 0, 0xe], &[1, 0xa, 0, 0, 6]] {
            assert_eq!(length_of(words), None, "{words:?}");
        }
        assert!(rearranged(0, &[0, 0, 0, 0, 0], &[text("much too long for a stack that ends at zero")]).is_none());
    }
}
