//! One message as JSON, by POST to a webhook.
//!
//! Where the rule names a secret, the header `Andon-Signature` says `t=SECONDS,v1=HEX`: the time it was sent, and HMAC-SHA256 over
//! that time, a full stop and the body. Whoever receives it can tell that it is from this station, and how old it is.

use std::fmt::Write as _;
use std::sync::Arc;

use gateway::{Credentials, Secret};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use model::Timestamp;
use plant::Notification;
use ring::hmac;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Outcome, certificate, chain, secret, tls};
use crate::letter::{Letter, Sheet};

/// Of an answer so many bytes are read, to tell what is wrong.
const ANSWER: usize = 16 * 1024;
/// Of these so many characters are shown.
const QUOTED: usize = 200;

pub(super) async fn send(
    url: &str,
    rule: &Notification,
    letter: &Letter,
    sheet: &Sheet,
    credentials: &Arc<dyn Credentials>,
    now: Timestamp,
) -> Outcome {
    match attempt(url, rule, letter, sheet, credentials, now).await {
        Ok((status, said)) => judge(status, &said),
        Err(words) => Outcome::Later(words),
    }
}

async fn attempt(
    url: &str,
    rule: &Notification,
    letter: &Letter,
    sheet: &Sheet,
    credentials: &Arc<dyn Credentials>,
    now: Timestamp,
) -> Result<(StatusCode, String), String> {
    // The address may be a secret: what is wrong with it is said without it.
    let uri: Uri = url.parse().map_err(|_| "the address is not one of the web".to_owned())?;
    let is_private = uri.scheme_str() == Some("https");
    let host = uri.host().ok_or("the address has no host")?.trim_matches(['[', ']']).to_owned();
    if !is_private && !is_this_machine(&host) {
        return Err("the address is not one of https".to_owned());
    }
    let port = uri.port_u16().unwrap_or(if is_private { 443 } else { 80 });
    let body = letter.json(sheet).to_string();
    let key = match &rule.sign_with {
        Some(name) => Some(secret(credentials, name.clone()).await?),
        None => None,
    };
    let request = request(&uri, &letter.id, body, key.as_ref(), now)?;
    let stream = TcpStream::connect((host.as_str(), port))
        .await
        .map_err(|error| format!("{host}:{port} cannot be reached: {error}"))?;
    if !is_private {
        return exchange(stream, request).await;
    }
    let pem = match &rule.ca {
        Some(file) => Some((file.as_str(), certificate(credentials, file.clone()).await?)),
        None => None,
    };
    let connector = tls::connector(pem.as_ref().map(|(file, pem)| (*file, pem.as_slice())))?;
    let name = ServerName::try_from(host.clone())
        .map_err(|_| format!("no certificate can be made out for the name \"{host}\""))?;
    let stream =
        connector.connect(name, stream).await.map_err(|error| format!("{host} is not believed: {}", chain(&error)))?;
    exchange(stream, request).await
}

fn request(
    uri: &Uri,
    id: &str,
    body: String,
    key: Option<&Secret>,
    now: Timestamp,
) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let mut builder = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("Andon/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header("Andon-Message-Id", id);
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&signature(key.reveal().as_bytes(), &body, now))
            .map_err(|_| "the signature cannot be written".to_owned())?;
        value.set_sensitive(true);
        builder = builder.header("Andon-Signature", value);
    }
    builder.body(Full::from(body)).map_err(|error| format!("the request cannot be written: {error}"))
}

fn signature(key: &[u8], body: &str, now: Timestamp) -> String {
    let seconds = now.millis().div_euclid(1_000);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{seconds}.{body}").as_bytes());
    let mut text = format!("t={seconds},v1=");
    for byte in tag.as_ref() {
        let _written = write!(text, "{byte:02x}");
    }
    text
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(StatusCode, String), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| format!("the connection was lost: {}", chain(&error));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // It ends with the answer; what goes wrong with it the request tells.
    let driving = tokio::spawn(connection);
    let answered = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let status = response.status();
        let said = Limited::new(response.into_body(), ANSWER).collect().await;
        let said = said.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        Ok((status, said))
    };
    let answered = answered.await;
    driving.abort();
    answered
}

/// Whether it is worth to try again. A redirection is not followed: the plant file says where messages go, and nobody else.
fn judge(status: StatusCode, said: &str) -> Outcome {
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect();
    let words = format!("{status}{}{}", if said.trim().is_empty() { "" } else { ": " }, said.trim());
    match status {
        _ if status.is_success() => Outcome::Delivered(words),
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => Outcome::Later(words),
        _ if status.is_client_error() || status.is_redirection() => Outcome::Never(words),
        _ => Outcome::Later(words),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1764136800.{"a":1}' | openssl dgst -sha256 -hmac tr0ub4dor`.
    #[test]
    fn a_signature_is_one_that_others_make() {
        let now = Timestamp::from_millis(1_764_136_800_123);
        let text = signature(b"tr0ub4dor", r#"{"a":1}"#, now);
        assert_eq!(text, "t=1764136800,v1=632bc3ad9c99efeeeae4458ae5d933d21656d6e0650e0a40baecc6919418ad7c");
    }

    #[test]
    fn what_may_be_mended_is_tried_again() {
        for (status, again) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (401, true),
            (400, false),
            (404, false),
            (410, false),
            (302, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let outcome = judge(status, "no\n");
            assert_eq!(matches!(outcome, Outcome::Later(_)), again, "{outcome:?}");
        }
        assert!(matches!(judge(StatusCode::NO_CONTENT, ""), Outcome::Delivered(_)));
    }
}
