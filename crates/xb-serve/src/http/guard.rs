//! What every request passes: whether its sender may, and how it was answered.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tonic::Status;

use super::call::{Call, call};
use crate::access::Caller;
use crate::metrics::{Answer, Metrics};
use crate::{Access, Rights};

/// What the guard knows.
#[derive(Clone)]
pub(crate) struct Guard {
    pub access: Arc<Access>,
    pub metrics: Arc<Metrics>,
}

/// Lets through whoever may, and counts.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let Some(call) = call(request.method(), request.uri().path()) else {
        guard.metrics.answered("unknown", Answer::NotFound);
        return unknown(&request);
    };
    let nobody = Caller { rights: Rights::Nothing, name: None };
    let caller = guard.access.caller(request.headers()).unwrap_or(nobody);
    if caller.rights < call.needs {
        guard.metrics.answered(call.name, Answer::Denied);
        return denied(call, caller.rights > Rights::Nothing);
    }
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    guard.metrics.answered(call.name, answer(&response));
    response
}

/// How something was answered: by the status of HTTP, and by that of gRPC where it stands at the beginning.
fn answer(response: &Response) -> Answer {
    let grpc = Status::from_header_map(response.headers()).map(|status| status.code());
    match (response.status(), grpc) {
        (StatusCode::NOT_FOUND, _) | (_, Some(tonic::Code::NotFound)) => Answer::NotFound,
        (status, None | Some(tonic::Code::Ok)) if status.is_success() => Answer::Ok,
        (status, _) if status.is_client_error() => Answer::Wrong,
        (_, Some(tonic::Code::InvalidArgument | tonic::Code::Aborted)) => Answer::Wrong,
        _ => Answer::Failed,
    }
}

fn denied(call: Call, is_known: bool) -> Response {
    let needed = match call.needs {
        Rights::Nothing | Rights::Read => "read",
        Rights::Write => "write",
        Rights::Execute => "have actions run",
    };
    let why = match is_known {
        true => format!("you may not {needed} here"),
        false => format!("show a token that may {needed} here"),
    };
    match (call.is_grpc, is_known) {
        (true, true) => Status::permission_denied(why).into_http(),
        (true, false) => Status::unauthenticated(why).into_http(),
        (false, true) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        (false, false) => {
            let asked = [(WWW_AUTHENTICATE, "Basic realm=\"xb serve\", Bearer")];
            (StatusCode::UNAUTHORIZED, asked, format!("{why}\n")).into_response()
        }
    }
}

fn unknown(request: &Request) -> Response {
    let is_grpc =
        request.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    match is_grpc {
        true => Status::unimplemented(format!("nothing is known of {}", request.uri().path())).into_http(),
        false => {
            (StatusCode::NOT_FOUND, "there is nothing here but /ac, /cas, /metrics and /healthz\n").into_response()
        }
    }
}
