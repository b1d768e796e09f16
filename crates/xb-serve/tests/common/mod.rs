//! A server in a thread of its own.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::sync::watch;
use xb_serve::{Access, Server, Settings};

/// A server that runs.
pub struct Running {
    /// Its host and port.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: Receiver<()>,
}

/// The settings of a server that listens anywhere.
pub fn settings(folder: &Path, access: Access) -> Settings {
    let listen = "127.0.0.1:0".parse().expect("an address");
    Settings { folder: folder.to_owned(), quota: None, listen, tls: None, access }
}

impl Running {
    /// Starts a server, which is asked to stop when this is dropped.
    pub fn start(settings: Settings) -> Self {
        let (tell, told) = channel();
        let (stop, stopped) = watch::channel(false);
        let (tell_end, ended) = channel();
        std::thread::spawn(move || {
            run(async {
                let server = Server::bind(settings).await.expect("it listens");
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
