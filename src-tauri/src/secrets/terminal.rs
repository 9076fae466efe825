//! Reading a secret: from the terminal without showing it, or from a pipe.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};

use gateway::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{MOST_BYTES, secret};

/// Whether somebody sits in front of this process.
pub fn is_attended() -> bool {
    io::stdin().is_terminal()
}

/// All of standard input as a secret.
pub fn from_pipe() -> Result<Secret, String> {
    let mut bytes = Vec::with_capacity(MOST_BYTES + 1);
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() > MOST_BYTES {
        return Err("it is larger than 64 KiB".to_owned());
    }
    secret(bytes)
}

/// Asks for a line, which is shown as it is typed.
pub fn ask(question: &str) -> io::Result<String> {
    let mut terminal = File::options().read(true).write(true).open(TERMINAL)?;
    write!(terminal, "{question}: ")?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a line that is not shown.
pub fn ask_hidden(question: &str) -> io::Result<Zeroizing<String>> {
    let mut terminal = File::options().read(true).write(true).open(TERMINAL)?;
    write!(terminal, "{question} (not shown): ")?;
    let mut line = Zeroizing::new(String::with_capacity(1024));
    {
        let hidden = Hidden::begin(&terminal)?;
        BufReader::new(hidden.terminal).read_line(&mut line)?;
    }
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// The terminal of this process, whatever its standard streams are.
const TERMINAL: &str = "/dev/tty";

/// What is typed is not shown until this is dropped.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown, so that what follows begins on a new one.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing any more.
        let _gone = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
