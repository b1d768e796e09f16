//! A server as a team has one.

use std::net::SocketAddr;
use std::path::Path;

use tokio::sync::oneshot;
use xb_serve::{Access, Rights, Server, Settings};

/// A server over a folder, which stops when it is dropped.
pub struct Served {
    /// Its host and port.
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Served {
    /// Serves a folder to everybody.
    pub fn folder(folder: &Path) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let access = Access { anonymous: Rights::Write, tokens: None };
        let listen = "127.0.0.1:0".parse().expect("an address");
        let settings = Settings { folder: folder.to_owned(), quota: None, listen, tls: None, access };
        std::thread::spawn(move || {
            super::run_here(async {
                let server = Server::bind(settings).await.expect("it listens");
                tell.send(server.address().expect("an address")).expect("somebody waits");
                server.run(async { drop(stopped.await) }).await;
            });
        });
        Self { address: told.recv().expect("it listens"), _stop: stop }
    }
}
