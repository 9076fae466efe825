//! One message by SMTP (RFC 5321), as plain text.

use std::sync::Arc;

use gateway::Credentials;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use plant::{Mail, MailTls};

use super::{Outcome, PATIENCE, certificate, chain, secret};
use crate::letter::{Letter, Sheet};

/// Says that no person wrote it, so that nobody's absence is answered to it (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;

/// Carries the message's id for whoever sorts out what came twice.
#[derive(Clone)]
struct MessageName(String);

pub(super) async fn send(
    mail: &Mail,
    to: &str,
    letter: &Letter,
    sheet: &Sheet,
    credentials: &Arc<dyn Credentials>,
) -> Outcome {
    let message = match compose(mail, to, letter, sheet) {
        Ok(message) => message,
        Err(words) => return Outcome::Never(words),
    };
    let transport = match transport(mail, credentials).await {
        Ok(transport) => transport,
        Err(words) => return Outcome::Later(words),
    };
    match transport.send(message).await {
        Ok(response) => {
            let said = response.message().collect::<Vec<_>>().join(" ");
            Outcome::Delivered(format!("{} took it: {said}", mail.server))
        }
        Err(error) => judge(mail, &error),
    }
}

fn compose(mail: &Mail, to: &str, letter: &Letter, sheet: &Sheet) -> Result<Message, String> {
    let address = |text: &str| -> Result<Address, String> {
        text.parse().map_err(|error| format!("{text} is no e-mail address: {error}"))
    };
    let from = address(&mail.from)?;
    let id = format!("<{}@{}>", letter.id, from.domain());
    Message::builder()
        .from(lettre::message::Mailbox::new(Some(format!("Andon {}", sheet.station)), from))
        .to(lettre::message::Mailbox::new(None, address(to)?))
        .subject(letter.heading(sheet))
        .message_id(Some(id))
        .header(AutoSubmitted)
        .header(MessageName(letter.id.clone()))
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text(sheet))
        .map_err(|error| format!("the message cannot be written: {}", chain(&error)))
}

async fn transport(
    mail: &Mail,
    credentials: &Arc<dyn Credentials>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match mail.tls {
        MailTls::StartTls => Tls::Required(parameters(mail, credentials).await?),
        MailTls::Implicit => Tls::Wrapper(parameters(mail, credentials).await?),
        MailTls::Off => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server)
        .port(mail.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    let Some(name) = &mail.login else { return Ok(builder.build()) };
    let login = secret(credentials, name.clone()).await?;
    let Some((user, password)) = login.reveal().split_once('\n') else {
        return Err(format!("the secret \"{name}\" has no user: store it with `andon secret set {name} --login`"));
    };
    let login = authentication::Credentials::new(user.to_owned(), password.to_owned());
    Ok(builder.credentials(login).build())
}

async fn parameters(mail: &Mail, credentials: &Arc<dyn Credentials>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(mail.server.clone());
    if let Some(file) = &mail.ca {
        let pem = certificate(credentials, file.clone()).await?;
        let authority =
            Certificate::from_pem(&pem).map_err(|error| format!("{file} cannot be read: {}", chain(&error)))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    builder.build().map_err(|error| format!("TLS cannot be set up: {}", chain(&error)))
}

/// Whether it is worth to try again. What a server refuses for good it says with a 5 (RFC 5321, 4.2.1); a log-in that is refused
/// is one that somebody may mend (RFC 4954, 6).
fn judge(mail: &Mail, error: &Error) -> Outcome {
    let words = format!("{}: {}", mail.server, chain(error));
    let code = error.status().map(|code| code.to_string());
    let is_login = code.is_some_and(|code| ["530", "534", "535", "538"].contains(&code.as_str()));
    if error.is_permanent() && !is_login { Outcome::Never(words) } else { Outcome::Later(words) }
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Header for MessageName {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Andon-Message-Id")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}
