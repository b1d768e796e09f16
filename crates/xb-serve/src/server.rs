//! The process: who connects is answered, until it is to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::connection::{answer, greet};
use crate::http::{Guard, guard};
use crate::worker::Workshop;
use crate::{Access, Shelf, Tls, Worker, grpc, http};

/// How many may be connected at one time.
const CONNECTIONS: usize = 4096;

/// How long those are waited for who are being answered when the server is to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Why nobody can listen at an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {listen}: {error}")]
pub struct ListenError {
    listen: SocketAddr,
    error: io::Error,
}

/// A server, which answers once it [listens](Self::listen), or is [at the end of a line](Self::answer).
pub struct Server {
    router: Router,
    workshop: Option<Arc<Workshop>>,
}

impl Server {
    /// A server over a folder: who may do what there, and who runs actions, where somebody does.
    pub fn over(shelf: Shelf, access: Access, worker: Option<Worker>) -> Self {
        let shelf = Arc::new(shelf);
        let workshop = worker.map(|worker| Arc::new(Workshop::new(worker, &shelf)));
        Self { router: router(&shelf, workshop.as_ref(), access), workshop }
    }

    /// Listens at an address, of which port 0 is for any, with TLS or without.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub async fn listen(self, listen: SocketAddr, tls: Option<Tls>) -> Result<Listening, ListenError> {
        let listener = TcpListener::bind(listen).await.map_err(|error| ListenError { listen, error })?;
        Ok(Listening { server: self, listener, tls })
    }

    /// Answers who is at the other end of a line, by HTTP/2, until they hang up or `stop`.
    pub async fn answer(
        self,
        line: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        stop: impl Future<Output = ()>,
    ) {
        let graceful = GracefulShutdown::new();
        let answered = answer(line, true, self.router.clone(), graceful.watcher());
        tokio::select! {
            () = answered => {}
            () = stop => {}
        }
        self.stop();
    }

    /// Who waits for a run is told now that it was stopped, and may have it run elsewhere.
    fn stop(&self) {
        self.workshop.iter().for_each(|workshop| workshop.operations.stop());
    }
}

/// A server that listens, and answers once it [runs](Self::run).
pub struct Listening {
    server: Server,
    listener: TcpListener,
    tls: Option<Tls>,
}

impl Listening {
    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop`; who is being answered then is answered to the end, for half a minute at most.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { server, listener, tls } = self;
        let (graceful, seats) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
        let mut stop = std::pin::pin!(stop);
        loop {
            let connected = async {
                let seat = Arc::clone(&seats).acquire_owned().await;
                (seat, listener.accept().await)
            };
            let (seat, stream) = tokio::select! {
                () = &mut stop => break,
                (seat, accepted) = connected => match accepted {
                    Ok((stream, _)) => (seat, stream),
                    // There are too many open files, for instance: others may be closed by then.
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let (tls, router, watcher) = (tls.clone(), server.router.clone(), graceful.watcher());
            tokio::spawn(async move {
                greet(stream, tls, router, watcher).await;
                drop(seat);
            });
        }
        drop(listener);
        server.stop();
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
}

/// All that is answered.
fn router(shelf: &Arc<Shelf>, workshop: Option<&Arc<Workshop>>, access: Access) -> Router {
    let state = Guard { access: Arc::new(access), metrics: Arc::clone(&shelf.metrics) };
    http::routes(shelf).merge(grpc::routes(shelf, workshop)).layer(from_fn_with_state(state, guard))
}
