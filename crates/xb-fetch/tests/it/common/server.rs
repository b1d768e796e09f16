//! An HTTP server that answers as it is told.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How a request is answered.
#[derive(Clone)]
pub enum Answer {
    /// All bytes, or the part that was asked for.
    Bytes(Vec<u8>),
    /// A promise of all bytes, of which only so many come before the connection is cut.
    Cut(Vec<u8>, usize),
    /// All bytes, whatever part was asked for.
    Whole(Vec<u8>),
    /// All bytes, without a promise of how many.
    Unsized(Vec<u8>),
    /// Bytes without a promise of how many, for as long as somebody takes them.
    Endless,
    /// A status without a body.
    Status(u16),
    /// Another place.
    Redirect(String),
    /// Nothing at all, for a while.
    Silence,
}

type Script = HashMap<String, Vec<Answer>>;

/// A server on a port of its own. Each path has a list of answers; the last one is given for ever.
pub struct Server {
    pub root: String,
    script: Arc<Mutex<Script>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let script: Arc<Mutex<Script>> = Arc::default();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (answers, seen) = (Arc::clone(&script), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
                thread::spawn(move || serve(stream, &answers, &seen));
            }
        });
        Self { root, script, requests }
    }

    pub fn on(&self, path: &str, answers: impl IntoIterator<Item = Answer>) -> String {
        self.script.lock().unwrap().insert(path.to_owned(), answers.into_iter().collect());
        format!("{}{path}", self.root)
    }

    /// Every request so far: its path, and the part that it asked for.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, script: &Mutex<Script>, requests: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let range = range(&mut reader)?;
    let shown = range.map_or(path.clone(), |from| format!("{path} from {from}"));
    requests.lock().unwrap().push(shown);
    let answer = next(&mut script.lock().unwrap(), &path);
    respond(stream, answer, range.unwrap_or(0))
}

fn range(reader: &mut BufReader<TcpStream>) -> Option<Option<usize>> {
    let mut range = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Some(range);
        }
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = value.trim_end_matches('-').parse().ok();
        }
    }
}

fn next(script: &mut Script, path: &str) -> Answer {
    match script.get_mut(path) {
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers.first().cloned().unwrap_or(Answer::Status(404)),
        None => Answer::Status(404),
    }
}

fn respond(mut to: TcpStream, answer: Answer, from: usize) -> Option<()> {
    let close = "Connection: close\r\n\r\n";
    match answer {
        Answer::Bytes(bytes) if from > 0 => {
            let rest = bytes.get(from..).unwrap_or_default();
            let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            write!(to, "HTTP/1.1 206 Partial\r\nContent-Range: {range}\r\nContent-Length: {}\r\n{close}", rest.len())
                .ok()?;
            to.write_all(rest).ok()
        }
        Answer::Bytes(bytes) | Answer::Whole(bytes) => {
            write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"1\"\r\n{close}", bytes.len()).ok()?;
            to.write_all(&bytes).ok()
        }
        Answer::Cut(bytes, after) => {
            write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"1\"\r\n{close}", bytes.len()).ok()?;
            to.write_all(&bytes[..after]).ok()
        }
        Answer::Unsized(bytes) => {
            write!(to, "HTTP/1.1 200 OK\r\n{close}").ok()?;
            to.write_all(&bytes).ok()
        }
        Answer::Endless => {
            write!(to, "HTTP/1.1 200 OK\r\n{close}").ok()?;
            while to.write_all(&[0; 1 << 14]).is_ok() {}
            None
        }
        Answer::Status(status) => write!(to, "HTTP/1.1 {status} So\r\nContent-Length: 0\r\n{close}").ok(),
        Answer::Redirect(url) => {
            write!(to, "HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n{close}").ok()
        }
        Answer::Silence => {
            thread::sleep(std::time::Duration::from_secs(3));
            None
        }
    }
}
