//! MQTT's bytes in the frames of a WebSocket (MQTT 3.1.1 and MQTT 5, chapter 6). A packet may lie in several frames, and
//! a frame may hold several packets: here they are bytes again.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use model::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::attempt::Lost;

/// A frame is read as a whole, so this bounds it. Larger messages than a station takes are sorted out after that.
const LARGEST_FRAME: usize = 67_108_864;

/// A stream of bytes over a WebSocket.
pub(super) struct Framed<S> {
    inner: WebSocketStream<S>,
    /// What is left of the frame that came last.
    rest: Bytes,
}

/// Asks the other side to speak MQTT over a WebSocket.
pub(super) async fn open<S>(stream: S, host: &str, port: u16, path: &str) -> Result<Framed<S>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    // The scheme does not matter: what the stream is, is settled.
    let uri: Uri = format!("ws://{authority}{path}")
        .parse()
        .map_err(|error| Lost::new(ErrorKind::Refused, format!("\"{path}\" cannot be asked for at {host}: {error}")))?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("mqtt");
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST_FRAME)).max_frame_size(Some(LARGEST_FRAME));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((inner, _response)) => Ok(Framed { inner, rest: Bytes::new() }),
        Err(error) => Err(in_words(&error, host, path)),
    }
}

fn in_words(error: &Error, host: &str, path: &str) -> Lost {
    let no_websocket = |why: &str| {
        let words = format!("{host} opens no WebSocket for MQTT at \"{path}\": {why}");
        Lost::new(ErrorKind::Connect, words)
    };
    match error {
        Error::Http(answer) => no_websocket(&format!("it answers {}", answer.status())),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => no_websocket("it does not speak MQTT there"),
        Error::Protocol(_) | Error::HttpFormat(_) | Error::Url(_) | Error::Utf8(_) | Error::Capacity(_) => {
            no_websocket("it does not answer as a web server does")
        }
        Error::Io(error) => crate::socket::broken(error),
        other => no_websocket(&other.to_string()),
    }
}

/// The error of a WebSocket as one of its stream.
fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::UnexpectedEof.into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => io::ErrorKind::ConnectionReset.into(),
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Framed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => this.rest = bytes,
                // Pings are answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a text where MQTT should be")));
                }
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
            }
        }
        let n = this.rest.len().min(out.remaining());
        out.put_slice(&this.rest[..n]);
        this.rest.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_ready(cx)).map_err(io_error)?;
        let message = Message::Binary(Bytes::copy_from_slice(bytes));
        Pin::new(&mut this.inner).start_send(message).map_err(io_error)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx).map_err(io_error)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_close(cx).map_err(io_error)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio_tungstenite::accept_hdr_async;
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
    use tokio_tungstenite::tungstenite::http::HeaderValue;

    use super::*;

    #[expect(clippy::unnecessary_wraps, clippy::result_large_err, reason = "as the library wants it")]
    fn accept(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        assert_eq!(request.uri().path(), "/mqtt");
        assert_eq!(request.headers()["sec-websocket-protocol"], "mqtt");
        response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("mqtt"));
        Ok(response)
    }

    #[tokio::test]
    async fn frames_may_cut_packets_anywhere() {
        let (station, server) = duplex(4_096);
        let server = tokio::spawn(async move {
            let mut socket = accept_hdr_async(server, accept).await.expect("a handshake");
            let mut heard = Vec::new();
            while heard.len() < 10 {
                let frame = socket.next().await.expect("a frame").expect("a good one");
                heard.extend_from_slice(&frame.into_data());
            }
            for byte in 0..5 {
                socket.send(Message::Binary(vec![byte].into())).await.expect("sent");
                socket.send(Message::Ping(Bytes::new())).await.expect("sent");
                socket.send(Message::Binary(Bytes::new())).await.expect("sent");
            }
            socket.send(Message::Binary(vec![5, 6, 7].into())).await.expect("sent");
            socket.close(None).await.expect("closed");
            while socket.next().await.is_some() {}
            heard
        });
        let mut stream = open(station, "broker", 80, "/mqtt").await.expect("open");
        stream.write_all(b"hello").await.expect("sent");
        stream.flush().await.expect("sent");
        stream.write_all(b"again").await.expect("sent");
        stream.flush().await.expect("sent");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.expect("an end");
        assert_eq!(said, [0, 1, 2, 3, 4, 5, 6, 7]);
        drop(stream);
        assert_eq!(server.await.expect("in order"), b"helloagain");
    }

    #[tokio::test]
    async fn what_is_no_websocket_for_mqtt_is_named() {
        let answers: [(&[u8], &str); 3] = [
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404 Not Found"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "it answers 200 OK"),
            (b"\x20\x02\x00\x00 what is this\r\n\r\n", "it does not answer as a web server does"),
        ];
        for (answer, words) in answers {
            let (station, mut server) = duplex(4_096);
            let server = tokio::spawn(async move {
                assert_ne!(server.read(&mut [0; 1_024]).await.expect("a request"), 0);
                server.write_all(answer).await.expect("sent");
                server
            });
            let lost = open(station, "broker", 80, "/ws").await.err().expect("no WebSocket");
            assert!(lost.words.contains(words) && lost.words.contains("\"/ws\""), "{lost}");
            drop(server.await);
        }
    }

    #[tokio::test]
    async fn a_text_is_not_mqtt() {
        let (station, server) = duplex(4_096);
        let server = tokio::spawn(async move {
            let mut socket = accept_hdr_async(server, accept).await.expect("a handshake");
            socket.send(Message::text("hello")).await.expect("sent");
            socket
        });
        let mut stream = open(station, "broker", 80, "/mqtt").await.expect("open");
        let error = stream.read_u8().await.expect_err("a text");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        drop(server.await);
    }
}
