//! As much HTTP as a WebDriver client needs: one request a connection, on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// The longest that a single request may take; a page that loads is the slowest.
const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request and gives status and document of the answer, or why there is none.
pub fn request(port: u16, method: &str, path: &str, body: &Value) -> Result<(u16, Value), String> {
    let body = if method == "POST" { body.to_string() } else { String::new() };
    let answer = exchange(port, method, path, &body).map_err(|error| format!("{method} {path}: {error}"))?;
    let (status, document) = parse(&answer).ok_or_else(|| format!("{method} {path}: the answer is no HTTP"))?;
    let value = serde_json::from_slice(&document).map_err(|error| format!("{method} {path}: {error}"))?;
    Ok((status, value))
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &answer[end + 4..];
    if head.contains("transfer-encoding: chunked") {
        Some((status, unchunked(body)?))
    } else {
        Some((status, body.to_vec()))
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(end + 2..end + 2 + length)?);
        body = body.get(end + 2 + length + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_sending_a_document_are_understood() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(plain), Some((200, b"{}".to_vec())));
        let chunked =
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(parse(chunked), Some((404, b"{\"a\":1}".to_vec())));
    }
}
