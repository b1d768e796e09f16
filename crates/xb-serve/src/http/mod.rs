//! Bazel's HTTP caching protocol: GET, HEAD and PUT of `/ac/SHA-256` and `/cas/SHA-256`; and what looks after servers.

mod call;
mod guard;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};

pub(crate) use guard::{Guard, guard};

use crate::Shelf;
use crate::apart::apart;
use crate::shelf::{Kind, Name, Refusal, Whole, outgoing};

/// A body that stands still for so long has been given up.
const SILENCE: Duration = Duration::from_secs(60);

/// What is answered at one address.
pub(crate) fn routes(shelf: &Arc<Shelf>) -> Router {
    Router::new()
        .route("/ac/{name}", get(give_entry).put(take_entry))
        .route("/cas/{name}", get(give_blob).put(take_blob))
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .with_state(Arc::clone(shelf))
}

async fn give_entry(State(shelf): State<Arc<Shelf>>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let key = sha256(&name)?;
    Ok(match apart(move || shelf.entry(key)).await? {
        Some(bytes) => ([(CONTENT_TYPE, OCTETS)], bytes).into_response(),
        None => nothing(),
    })
}

async fn give_blob(
    State(shelf): State<Arc<Shelf>>,
    method: Method,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let name = Name::blob(sha256(&name)?);
    if name.is_of_nothing() {
        return Ok(([(CONTENT_TYPE, OCTETS)], Body::empty()).into_response());
    }
    let asked = Arc::clone(&shelf);
    let found = apart(move || asked.opened(name)).await?;
    shelf.metrics.looked_up(name.kind.folder(), found.is_some());
    let Some((file, size)) = found else {
        return Ok(nothing());
    };
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => {
            let whole = Whole::new(Arc::clone(&shelf), name, file, size);
            Body::from_stream(outgoing(whole, false, Arc::clone(&shelf.metrics)))
        }
    };
    Ok(([(CONTENT_TYPE, OCTETS), (CONTENT_LENGTH, &size.to_string())], body).into_response())
}

async fn take_entry(
    State(shelf): State<Arc<Shelf>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    take(&shelf, Name::entry(sha256(&name)?), &headers, body).await
}

async fn take_blob(
    State(shelf): State<Arc<Shelf>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    take(&shelf, Name::blob(sha256(&name)?), &headers, body).await
}

async fn take(shelf: &Arc<Shelf>, name: Name, headers: &HeaderMap, body: Body) -> Result<StatusCode, Refusal> {
    let size = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // A refusal before all has come is heard by those who listen; a size that is too large need not come at all.
    let most = shelf.most(name.kind);
    if size.is_some_and(|size: u64| size > most) {
        return Err(Refusal::TooLarge { most });
    }
    let pieces = stream::unfold(body.into_data_stream(), async |mut pieces| {
        let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
            Ok(piece) => piece?.map_err(|error| Refusal::Cut(error.to_string())),
            Err(_) => Err(Refusal::Cut(format!("nothing came for {} seconds", SILENCE.as_secs()))),
        };
        Some((piece, pieces))
    });
    shelf.receive(name, size, pieces, Ok).await?;
    Ok(if name.kind == Kind::Blob { StatusCode::CREATED } else { StatusCode::OK })
}

async fn metrics(State(shelf): State<Arc<Shelf>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], shelf.metrics.text()).into_response()
}

const OCTETS: &str = "application/octet-stream";

fn sha256(name: &str) -> Result<xb_core::Sha256, Refusal> {
    name.parse().map_err(|_| Refusal::Wrong("what is here is named by a SHA-256: 64 hexadecimal digits".to_owned()))
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such thing here\n").into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Wrong(_) | Self::Cut(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Self::Folder(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{self}\n")).into_response()
    }
}
