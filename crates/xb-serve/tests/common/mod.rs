//! A server in a thread of its own, and servers that others have made.

#![allow(dead_code, reason = "each test takes what it needs")]

pub mod casd;
pub mod moto;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::sync::watch;
use xb_serve::{Access, Server, Shelf, Tls};

/// A server that runs.
pub struct Running {
    /// Its host and port.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: Receiver<()>,
}

/// A server that executes nothing.
pub fn cache(folder: &Path, access: Access) -> Server {
    Server::over(Shelf::open(folder, None).expect("a folder"), access, None)
}

impl Running {
    /// Starts a server, which is asked to stop when this is dropped.
    pub fn start(server: Server) -> Self {
        Self::with(server, None)
    }

    /// The same, with TLS or without.
    pub fn with(server: Server, tls: Option<Tls>) -> Self {
        let (tell, told) = channel();
        let (stop, stopped) = watch::channel(false);
        let (tell_end, ended) = channel();
        std::thread::spawn(move || {
            run(async {
                let anywhere = "127.0.0.1:0".parse().expect("an address");
                let server = server.listen(anywhere, tls).await.expect("it listens");
                tell.send(server.address().expect("an address")).expect("somebody waits");
                let mut stopped = stopped;
                server
                    .run(async move {
                        // Whoever is gone wants it to stop, too.
                        let _ = stopped.wait_for(|stopped| *stopped).await;
                    })
                    .await;
            });
            let _ = tell_end.send(());
        });
        Self { address: told.recv().expect("it listens"), stop, ended }
    }

    /// Asks it to stop.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has stopped.
    pub fn ended(&self) {
        self.ended.recv_timeout(Duration::from_secs(20)).expect("it stops");
    }
}

/// Runs what is asynchronous to its end.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    // Fails only when somebody was here before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads").block_on(work)
}

/// What a variable names, of a server that others have made; none with the reason.
pub fn program(variable: &str, what: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let reason = format!("{variable} does not say where {what} is (.ci/run installs it)");
    assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
    writeln!(std::io::stderr(), "skipped: {reason}").expect("it is told");
    None
}

/// A host and port at which nobody listens, nor will before whoever asked does: an address of this machine that is given
/// out once, since servers that listen anywhere take the ports of the usual one.
pub fn free_address() -> String {
    static GIVEN: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, high | 128, low, GIVEN.fetch_add(1, Ordering::Relaxed));
    TcpListener::bind((host, 0)).and_then(|free| free.local_addr()).expect("a port").to_string()
}

/// Waits until somebody listens.
pub fn wait_for(address: &str) {
    for _ in 0..1500 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nobody listens at {address}")
}
