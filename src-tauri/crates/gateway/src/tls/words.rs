//! What is wrong with a handshake, for whoever has to mend it.

use std::io;

use model::{Certificate, ErrorKind, Timestamp};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::{certificate, fingerprint, inner, refused};
use crate::attempt::Lost;

/// The other side, as far as the words need it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) host: String,
    /// This station has a certificate to show.
    pub(super) shows_itself: bool,
    pub(super) now: Timestamp,
}

/// What is wrong with the other side's certificate.
pub(super) fn of_certificate(
    error: &Error,
    peer: &Peer,
    seen: Option<&Certificate>,
    der: &[u8],
    name: &ServerName<'_>,
) -> String {
    use CertificateError as Wrong;
    let host = &peer.host;
    let Error::InvalidCertificate(wrong) = error else {
        return format!("the certificate of {host} cannot be checked: {error}");
    };
    let (not_before, not_after) =
        seen.map_or((peer.now, peer.now), |certificate| (certificate.not_before, certificate.not_after));
    match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } if not_after < peer.now => {
            format!("the certificate of {host} expired on {}", date(not_after))
        }
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            format!("a certificate of an authority above that of {host} has expired")
        }
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } if not_before > peer.now => format!(
            "the certificate of {host} is valid only from {} on, or this station's clock is wrong: it says {}",
            date(not_before),
            date(peer.now)
        ),
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => format!(
            "a certificate of an authority above that of {host} is not valid yet, or this station's clock is wrong: it \
             says {}",
            date(peer.now)
        ),
        Wrong::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            // rustls writes names as `DnsName("broker")`; the name is what counts.
            let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
            format!("the certificate of {host} is made out for {}, not for {}", names.join(", "), name.to_str())
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            format!("the certificate of {host} is made out for nobody, and so not for {}", name.to_str())
        }
        Wrong::UnknownIssuer => {
            let issuer = certificate::issuer(der).unwrap_or_default();
            format!(
                "the certificate of {host} comes from an authority that is not known here, \"{issuer}\": name it by \
                 `ca`, or the certificate by its fingerprint, {}",
                certificate::hex(&fingerprint(der))
            )
        }
        Wrong::ApplicationVerificationFailure => format!(
            "the certificate of {host} is not the one in the plant file: its fingerprint is {}",
            certificate::hex(&fingerprint(der))
        ),
        Wrong::Revoked => format!("the certificate of {host} was revoked"),
        Wrong::BadEncoding => format!("the certificate of {host} cannot be read"),
        Wrong::InvalidPurpose | Wrong::InvalidPurposeContext { .. } => {
            format!("the certificate of {host} is not made for a server")
        }
        other => format!(
            "the certificate of {host} cannot be used: {other}; it can be named by its fingerprint, {}",
            certificate::hex(&fingerprint(der))
        ),
    }
}

/// What else went wrong before the connection was made.
pub(super) fn of_handshake(error: &io::Error, peer: &Peer) -> Lost {
    let host = &peer.host;
    let plain = || {
        let words = format!("{host} does not answer with TLS; perhaps this is its port without TLS");
        Lost::new(ErrorKind::Connect, words)
    };
    match inner(error) {
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Lost::new(
                ErrorKind::Connect,
                format!("{host} closed the connection where TLS begins; perhaps this is its port without TLS"),
            ),
            _ => Lost::new(ErrorKind::Connect, format!("{host}: TLS failed: {error}")),
        },
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion)) => {
            plain()
        }
        Some(Error::InvalidMessage(_)) => plain(),
        Some(
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
            | Error::AlertReceived(AlertDescription::ProtocolVersion),
        ) => refused(format!("{host} speaks no TLS newer than 1.1, which is not safe")),
        Some(Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::HandshakeFailure))
            if peer.shows_itself =>
        {
            refused(format!("{host} and this station have no kind of TLS in common, or it refuses the certificate"))
        }
        Some(Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::HandshakeFailure)) => {
            refused(format!("{host} and this station have no kind of TLS in common, or it wants a certificate"))
        }
        Some(Error::AlertReceived(alert)) => of_alert(*alert),
        Some(error) => Lost::new(ErrorKind::Connect, format!("{host}: TLS failed: {error}")),
    }
}

/// What an error of a stream that was made means; `None` where it is none of TLS. With TLS 1.3 the other side may refuse
/// this station's certificate after the handshake.
pub(crate) fn in_words(error: &io::Error) -> Option<Lost> {
    Some(match inner(error)? {
        Error::AlertReceived(alert) => of_alert(*alert),
        other => Lost::new(ErrorKind::Protocol, format!("TLS failed: {other}")),
    })
}

/// What the other side says of this one.
fn of_alert(alert: AlertDescription) -> Lost {
    refused(match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "the other side wants a certificate of this station: write `certificate` and `key_secret`".to_owned()
        }
        AlertDescription::CertificateExpired => {
            "the other side does not accept this station's certificate: it has expired".to_owned()
        }
        AlertDescription::CertificateRevoked => {
            "the other side does not accept this station's certificate: it was revoked".to_owned()
        }
        AlertDescription::UnknownCA => {
            "the other side does not accept this station's certificate: it does not know its authority".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => "the other side does not accept this station's certificate".to_owned(),
        AlertDescription::UnrecognisedName => {
            "the other side does not know the name that it was called by: write another `server_name`".to_owned()
        }
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
            "the other side does not accept this station's kind of TLS".to_owned()
        }
        other => return Lost::new(ErrorKind::Lost, format!("the other side ended TLS: {other:?}")),
    })
}

fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| "a date beyond counting".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
