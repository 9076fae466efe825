//! The routes: two for the contract, the rest are files of the user interface.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Answer, Api, Code, Failure, FrameRequest, Principal};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::guard::{Guard, Refusal};
use crate::{Asset, Assets};

/// Nothing from elsewhere, nothing inline: the same rule as in the window.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) api: Arc<Api>,
    pub(crate) who: Principal,
    pub(crate) assets: Arc<dyn Assets>,
    pub(crate) guard: Guard,
}

pub(crate) fn router(site: Site) -> Router {
    let contract = Router::new()
        .route("/api/call/{command}", post(call))
        .route("/api/frame", post(frame))
        .route_layer(middleware::from_fn_with_state(site.clone(), require_token));
    let files = Router::new().route("/", get(index)).fallback(get(file));
    contract.merge(files).layer(middleware::map_response(harden)).with_state(site)
}

async fn require_token(State(site): State<Site>, request: Request, next: Next) -> Response {
    match site.guard.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refuse(refusal),
    }
}

/// `/?token=...` lets the browser in and takes the token out of its address bar.
async fn index(State(site): State<Site>, headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    let Some(token) = query.get("token") else { return checked_file(&site, &headers, "index.html") };
    if let Err(refusal) = site.guard.check_origin(&headers) {
        return refuse(refusal);
    }
    match site.guard.admit(token) {
        Some(cookie) => {
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, "/".to_owned())]).into_response()
        }
        None => refuse(Refusal::NoToken),
    }
}

async fn file(State(site): State<Site>, headers: HeaderMap, uri: Uri) -> Response {
    checked_file(&site, &headers, uri.path().trim_start_matches('/'))
}

fn checked_file(site: &Site, headers: &HeaderMap, path: &str) -> Response {
    if let Err(refusal) = site.guard.check(headers) {
        return refuse(refusal);
    }
    match site.assets.asset(path) {
        Some(Asset { bytes, content_type }) => {
            ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], bytes.into_owned())
                .into_response()
        }
        None => (StatusCode::NOT_FOUND, "There is no such page.").into_response(),
    }
}

async fn call(State(site): State<Site>, Path(command): Path<String>, request: Bytes) -> Response {
    match site.api.call(&site.who, &command, &request).await {
        Ok(answer) => answered(answer),
        Err(failure) => failed(&failure),
    }
}

async fn frame(State(site): State<Site>, request: Bytes) -> Response {
    match serde_json::from_slice::<FrameRequest>(&request) {
        Ok(request) => {
            answered(Answer::Bytes { content_type: "application/octet-stream", bytes: site.api.frame(&request) })
        }
        Err(error) => failed(&Failure::new(Code::Invalid, format!("the request is not understood: {error}"))),
    }
}

fn answered(answer: Answer) -> Response {
    let (content_type, bytes) = match answer {
        Answer::Json(bytes) => ("application/json", bytes),
        Answer::Bytes { content_type, bytes } => (content_type, bytes),
    };
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
}

fn failed(failure: &Failure) -> Response {
    let status = match failure.code {
        Code::Denied => StatusCode::FORBIDDEN,
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Storage | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = serde_json::to_vec(failure).expect("three strings always serialise");
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn refuse(refusal: Refusal) -> Response {
    let words = match refusal {
        Refusal::WrongHost => "This address is not served here.",
        Refusal::WrongOrigin => "Requests from other pages are not answered.",
        Refusal::NoToken => {
            "Open the address that Andon printed when it started; it carries the token for this session."
        }
    };
    (StatusCode::FORBIDDEN, words).into_response()
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
