//! One who is connected is answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::Tls;

/// How many requests of one connection are answered at one time.
const STREAMS: u32 = 256;

/// How many bytes may be under way before the server has taken them: of one stream, and of one connection.
const STREAM_WINDOW: u32 = 4 << 20;
const WINDOW: u32 = 16 << 20;

/// Who has not said who they are by then, or what they want, does not mean it.
const GREETING: Duration = Duration::from_secs(15);

/// How often somebody who is connected and silent is asked whether they are there.
const PULSE: Duration = Duration::from_secs(30);

/// A connection on which nothing has come or gone in so long is ended.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// How many bytes of a stream wait to be sent.
const SEND_BUFFER: usize = 128 << 10;

/// Answers who has connected, with TLS or without.
pub(crate) async fn greet(stream: TcpStream, tls: Option<Tls>, router: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => {
            if let Ok(Ok(http2)) = tokio::time::timeout(GREETING, speaks_http2(&stream)).await {
                answer(stream, http2, router, watcher).await;
            }
        }
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(GREETING, tls.greet(stream)).await {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                answer(stream, http2, router, watcher).await;
            }
        }
    }
}

/// Whether a client begins as those of HTTP/2 do (RFC 9113, section 3.4), once it has begun.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut begin = [0; 3];
    loop {
        match stream.peek(&mut begin).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            3 => return Ok(begin == *b"PRI"),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Answers who is connected, until they have gone, or the watcher's server stops.
pub(crate) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    router: Router,
    watcher: Watcher,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(GREETING);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PULSE)
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW);
    let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    let moved = Arc::new(AtomicU64::new(0));
    let router = router.layer(from_fn_with_state(Arc::clone(&moved), count));
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).into_owned();
    // A connection that ends in an error has ended.
    tokio::select! {
        _ = watcher.watch(connection) => {}
        () = until_idle(&moved) => {}
    }
}

/// Counts a request, and each piece that comes of it and goes of its answer.
async fn count(State(moved): State<Arc<AtomicU64>>, request: Request, next: Next) -> Response {
    next.run(request.map(|body| counted(body, &moved))).await.map(|body| counted(body, &moved))
}

fn counted(body: Body, moved: &Arc<AtomicU64>) -> Body {
    let moved = Arc::clone(moved);
    moved.fetch_add(1, Ordering::Relaxed);
    Body::new(body.map_frame(move |frame| {
        moved.fetch_add(1, Ordering::Relaxed);
        frame
    }))
}

/// Waits until nothing has come or gone for so long that whoever is connected has gone, or never wanted anything.
async fn until_idle(moved: &AtomicU64) {
    let mut before = 0;
    loop {
        tokio::time::sleep(IDLE).await;
        match moved.load(Ordering::Relaxed) {
            now if now == before => return,
            now => before = now,
        }
    }
}
