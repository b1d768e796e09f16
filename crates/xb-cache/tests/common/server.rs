//! A cache server in memory, which keeps connections open, and does as a test wants it to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So much of a body is read at once.
const PIECE: usize = 1 << 18;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// `/prefix/cas/0123…`.
    pub path: String,
    /// The headers, one a line, with small names.
    pub headers: String,
    /// What was sent with it.
    pub body: Vec<u8>,
}

impl Request {
    fn read(stream: &mut BufReader<TcpStream>, pace: Duration) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut request = Self { method, path, headers: String::new(), body: Vec::new() };
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok().filter(|read| *read > 0)?;
            match header.trim_end().split_once(':') {
                Some((name, value)) => request.headers += &format!("{}:{}\n", name.to_lowercase(), value.trim()),
                None => break,
            }
        }
        let size = request.header("content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
        request.body = vec![0; size];
        for piece in request.body.chunks_mut(PIECE) {
            std::thread::sleep(pace);
            stream.read_exact(piece).ok()?;
        }
        Some(request)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

/// What a test has the server do.
pub enum Answer {
    /// A status and a body.
    Say(u16, Vec<u8>),
    /// Another place.
    Lead(String),
    /// A promise of all bytes, of which only so many come.
    Cut(Vec<u8>, usize),
    /// Bytes for ever, of which nobody said how many.
    Endless,
    /// Nothing at all.
    Silence,
}

type Hook = Arc<dyn Fn(&Request, &Things) -> Option<Answer> + Send + Sync>;

/// What is there, by paths.
pub type Things = BTreeMap<String, Vec<u8>>;

/// A server, which runs until its process ends.
#[derive(Clone)]
pub struct Server {
    /// Its host and port.
    pub name: String,
    /// What it has.
    pub things: Arc<Mutex<Things>>,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
    pace: Duration,
}

impl Server {
    /// A server that does as it should.
    pub fn honest() -> Self {
        Self::start(|_, _| None)
    }

    /// A server that does as it should where `hook` says nothing else.
    pub fn start(hook: impl Fn(&Request, &Things) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::listen(Arc::new(hook), Duration::ZERO)
    }

    /// A server that does as it should, but rests before each piece that it reads.
    pub fn slow(pace: Duration) -> Self {
        Self::listen(Arc::new(|_, _| None), pace)
    }

    fn listen(hook: Hook, pace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let name = listener.local_addr().expect("an address").to_string();
        let server = Self { name, things: Arc::default(), seen: Arc::default(), connections: Arc::default(), pace };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, hook) = (own.clone(), Arc::clone(&hook));
                *own.connections.lock().expect("a number") += 1;
                std::thread::spawn(move || own.serve(stream, &hook));
            }
        });
        server
    }

    /// Its address as one types it.
    pub fn address(&self) -> String {
        format!("http://{}/some/prefix/", self.name)
    }

    /// All requests by a method until now.
    pub fn seen(&self, method: &str) -> Vec<Request> {
        let seen = self.seen.lock().expect("the list");
        seen.iter().filter(|request| request.method == method).cloned().collect()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        *self.connections.lock().expect("a number")
    }

    fn serve(&self, stream: TcpStream, hook: &Hook) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut to = stream.try_clone().ok()?;
        let mut from = BufReader::new(stream);
        loop {
            let request = Request::read(&mut from, self.pace)?;
            self.seen.lock().expect("the list").push(request.clone());
            let answer = hook(&request, &self.things.lock().expect("the things"));
            let is_head = request.method == "HEAD";
            match answer.unwrap_or_else(|| self.answer(request)) {
                Answer::Say(status, body) => {
                    let sent = if is_head { &[] } else { &*body };
                    let head = format!("HTTP/1.1 {status} So\r\nContent-Length: {}\r\n\r\n", body.len());
                    to.write_all(&[head.as_bytes(), sent].concat()).ok()?;
                }
                Answer::Lead(url) => {
                    write!(to, "HTTP/1.1 307 So\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n").ok()?;
                }
                Answer::Cut(body, most) => {
                    write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).ok()?;
                    return to.write_all(&body[..most]).ok();
                }
                Answer::Endless => {
                    write!(to, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
                    while to.write_all(&[0; 1 << 14]).is_ok() {}
                    return None;
                }
                Answer::Silence => {
                    std::thread::sleep(Duration::from_secs(3));
                    return None;
                }
            }
        }
    }

    fn answer(&self, request: Request) -> Answer {
        let mut things = self.things.lock().expect("the things");
        match (request.method.as_str(), things.get(&request.path)) {
            ("PUT", _) => {
                things.insert(request.path, request.body);
                Answer::Say(201, Vec::new())
            }
            (_, Some(body)) => Answer::Say(200, body.clone()),
            (_, None) => Answer::Say(404, Vec::new()),
        }
    }
}
