//! A way to a server on which every connection is cut after a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// How long connections last, one after the other.
const LIVES: [Duration; 4] =
    [Duration::from_millis(900), Duration::from_millis(4000), Duration::from_millis(300), Duration::from_millis(2200)];

/// A way to a server on which every connection is cut after a while.
pub struct Cut {
    pub address: String,
    cut: Arc<AtomicUsize>,
}

impl Cut {
    /// The way to the server of an address, until the runtime ends.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("an address").to_string();
        let cut = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cut);
        tokio::spawn(async move {
            for life in LIVES.into_iter().cycle() {
                let (mut from, _) = listener.accept().await.expect("a connection");
                let (server, counted) = (server.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    // Where no server is, the connection ends at once.
                    let Ok(mut to) = TcpStream::connect(server).await else { return };
                    if tokio::time::timeout(life, copy_bidirectional(&mut from, &mut to)).await.is_err() {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { address, cut }
    }

    /// How many connections were cut.
    pub fn count(&self) -> usize {
        self.cut.load(Ordering::Relaxed)
    }
}
