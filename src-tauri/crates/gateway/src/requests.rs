//! What people ask of a link: to write a value, to show what the gateway offers.
//!
//! A request belongs to the connection on which it was made. It is refused while there is none, it does not wait for the
//! next one, and it has an end: a setpoint typed before the link broke must not arrive when it is back.
//!
//! **Invariant:** every request is answered, and an answer never says less than is true: what was not sent is refused,
//! what was sent and not answered is unknown.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Browse, Browsed, Write, Written};
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that may wait for their turn on one link.
const WAITING: usize = 16;
/// The longest look around.
const LOOK: Duration = Duration::from_secs(60);
/// How much longer than its own end the answer to a write may take: what was sent in time is still being confirmed.
const CONFIRMING: Duration = Duration::from_secs(15);

/// The connection that a request belongs to; no two of a link have the same.
type Epoch = u64;

/// The asking side of a link. Clones share one queue.
#[derive(Clone, Debug)]
pub struct LinkHandle {
    queue: mpsc::Sender<(Epoch, Request)>,
    /// The connection that is up now.
    up: watch::Receiver<Option<Epoch>>,
}

/// The answering side, handed from one connection of a link to the next.
#[derive(Clone, Debug)]
pub struct Requests {
    queue: Arc<Mutex<mpsc::Receiver<(Epoch, Request)>>>,
    up: Arc<watch::Sender<Option<Epoch>>>,
}

/// Something asked of a connection.
#[derive(Debug)]
pub enum Request {
    /// A value to write.
    Write(Write, Answer),
    /// A look at what the gateway offers.
    Browse(Browse, oneshot::Sender<Result<Browsed, String>>),
}

/// Where the answer to a write goes. Dropped without one it answers for itself: refused, or unknown after
/// [`Answer::sent`].
#[derive(Debug)]
pub struct Answer {
    reply: Option<oneshot::Sender<Written>>,
    is_sent: bool,
}

/// A link's two sides.
pub fn channel() -> (LinkHandle, Requests) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (up, is_up) = watch::channel(None);
    (LinkHandle { queue: sender, up: is_up }, Requests { queue: Arc::new(Mutex::new(receiver)), up: Arc::new(up) })
}

impl LinkHandle {
    /// Writes a value and waits for what became of it.
    pub async fn write(&self, write: Write) -> Written {
        let Some(epoch) = *self.up.borrow() else { return Written::Refused("the gateway is not connected".into()) };
        let (reply, answer) = oneshot::channel();
        let request = Request::Write(write, Answer { reply: Some(reply), is_sent: false });
        if self.queue.try_send((epoch, request)).is_err() {
            return Written::Refused("the gateway is busy with other commands".into());
        }
        match tokio::time::timeout(CONFIRMING, answer).await {
            Ok(Ok(written)) => written,
            Ok(Err(_dropped)) => Written::Unknown("the link ended without a word".into()),
            Err(_elapsed) => Written::Unknown(format!("there was no answer within {} s", CONFIRMING.as_secs())),
        }
    }

    /// Looks at what the gateway offers.
    ///
    /// # Errors
    /// Why that is not possible, in words.
    pub async fn browse(&self, browse: Browse) -> Result<Browsed, String> {
        let not_connected = || "the gateway is not connected".to_owned();
        let epoch = self.up.borrow().ok_or_else(not_connected)?;
        let (reply, answer) = oneshot::channel();
        let request = Request::Browse(browse, reply);
        self.queue.try_send((epoch, request)).map_err(|_| "the gateway is busy with other requests".to_owned())?;
        match tokio::time::timeout(LOOK, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped)) => Err("the connection was lost meanwhile".into()),
            Err(_elapsed) => Err(format!("there was no answer within {} s", LOOK.as_secs())),
        }
    }
}

impl Requests {
    /// The next request of a connection. Those of an earlier one are refused. Never ends while the link is open.
    pub async fn next(&self, epoch: Epoch) -> Request {
        loop {
            let next = poll_fn(|cx| self.queue.lock().unwrap_or_else(PoisonError::into_inner).poll_recv(cx)).await;
            match next {
                Some((of, request)) if of == epoch => return request,
                Some(_of_an_earlier_connection) => {}
                // Nobody holds a handle any more, and nobody will.
                None => std::future::pending().await,
            }
        }
    }

    /// From now on requests are taken, for this connection.
    pub fn open(&self, epoch: Epoch) {
        self.up.send_replace(Some(epoch));
    }

    /// The connection is gone: nothing is taken any more, and what waits is refused.
    pub fn close(&self) {
        self.up.send_replace(None);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(refused) = queue.try_recv() {
            drop(refused);
        }
    }
}

impl Answer {
    /// The command is about to leave this station: from now on nobody can say that nothing happened.
    pub fn sent(&mut self) {
        self.is_sent = true;
    }

    /// Answers.
    pub fn give(mut self, written: Written) {
        self.reply_with(written);
    }

    fn reply_with(&mut self, written: Written) {
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone.
            let _gone = reply.send(written);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let written = if self.is_sent {
            Written::Unknown("the connection was lost before the answer".into())
        } else {
            Written::Refused("the connection was lost before it was sent".into())
        };
        self.reply_with(written);
    }
}

#[cfg(test)]
mod tests {
    use model::{TagIndex, Uptime, Value};

    use super::*;

    fn write() -> Write {
        Write { tag: TagIndex(0), value: Value::Int(1), expires: Uptime::default() }
    }

    #[tokio::test]
    async fn nothing_is_taken_while_there_is_no_connection() {
        let (handle, requests) = channel();
        assert_eq!(handle.write(write()).await, Written::Refused("the gateway is not connected".into()));
        requests.open(1);
        requests.close();
        assert_eq!(handle.write(write()).await, Written::Refused("the gateway is not connected".into()));
    }

    #[tokio::test]
    async fn a_command_never_waits_for_the_next_connection() {
        let (handle, requests) = channel();
        requests.open(1);
        let waiting = tokio::spawn(async move { handle.write(write()).await });
        // Taken by nobody: the connection ends first, and another one is made.
        tokio::task::yield_now().await;
        requests.open(2);
        let next = tokio::time::timeout(Duration::from_millis(50), requests.next(2)).await;
        assert!(next.is_err(), "the old command was handed to the new connection: {next:?}");
        assert!(matches!(waiting.await.expect("in order"), Written::Refused(_)));
    }

    #[tokio::test]
    async fn what_was_sent_is_unknown_and_what_was_not_is_refused() {
        for (sent, expect_unknown) in [(false, false), (true, true)] {
            let (handle, requests) = channel();
            requests.open(1);
            let waiting = tokio::spawn(async move { handle.write(write()).await });
            let Request::Write(_, mut answer) = requests.next(1).await else { panic!("not a write") };
            if sent {
                answer.sent();
            }
            drop(answer);
            let written = waiting.await.expect("in order");
            assert_eq!(matches!(written, Written::Unknown(_)), expect_unknown, "{written:?}");
        }
    }
}
