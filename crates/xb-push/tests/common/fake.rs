//! A server that answers as a test wants it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request, whose body is not read yet.
pub struct Request {
    /// `PUT /v2/a/manifests/1`.
    pub line: String,
    /// The headers, one a line, with small names.
    pub headers: String,
    /// How much of the body is not read yet.
    left: u64,
    stream: BufReader<TcpStream>,
}

impl Request {
    fn read(stream: TcpStream) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut headers = String::new();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok().filter(|read| *read > 0)?;
            match header.trim_end().split_once(':') {
                Some((name, value)) => headers += &format!("{}:{}\n", name.to_lowercase(), value.trim()),
                None => break,
            }
        }
        let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
        let mut request = Self { line, headers, left: 0, stream };
        request.left = request.header("content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
        Some(request)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }

    /// At most so many bytes of what is left of the body.
    pub fn body(&mut self, at_most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = (&mut self.stream).take(self.left.min(at_most)).read_to_end(&mut bytes).unwrap_or(0);
        self.left -= read as u64;
        bytes
    }
}

/// An answer: its status and its headers; nothing, when the connection is to be cut.
pub type Answer = Option<(u16, Vec<(&'static str, String)>)>;

/// A server, which runs until its process ends.
#[derive(Clone)]
pub struct Fake {
    /// Its host and port.
    pub name: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(&mut Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let name = listener.local_addr().expect("an address").to_string();
        let fake = Self { name, seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&fake.seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(mut request) = stream.try_clone().ok().and_then(Request::read) else { return };
                    seen.lock().expect("the list").push(request.line.clone());
                    if let Some((status, headers)) = answer(&mut request) {
                        say(stream, &mut request, status, &headers);
                    }
                });
            }
        });
        fake
    }

    /// The first lines of all requests until now that begin so.
    pub fn seen(&self, beginning: &str) -> Vec<String> {
        let seen = self.seen.lock().expect("the list");
        seen.iter().filter(|line| line.starts_with(beginning)).cloned().collect()
    }
}

fn say(mut stream: TcpStream, request: &mut Request, status: u16, headers: &[(&str, String)]) {
    request.body(u64::MAX);
    let mut text = format!("HTTP/1.1 {status} Answer\r\nConnection: close\r\n");
    let body = headers.iter().find(|(name, _)| name.is_empty()).map_or("", |(_, body)| body);
    for (name, value) in headers.iter().filter(|(name, _)| !name.is_empty()) {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n", body.len());
    if !request.line.starts_with("HEAD") {
        text += body;
    }
    let _ = stream.write_all(text.as_bytes());
}
