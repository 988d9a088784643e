//! The other end of the socket: what the window and the command line ask the agent with.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{SinkExt, StreamExt};
use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::tokio::Stream as _;
use reconvene_api::{Command, Event, MAX_LINE, Message, Reply, Request};
use reconvene_core::problem::{Code, Problem};
use tokio::sync::{mpsc, oneshot};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};

use crate::socket;

type Answer = Result<Reply, Problem>;

/// A connection to the agent. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    requests: mpsc::Sender<(Command, oneshot::Sender<Answer>)>,
}

impl Client {
    /// Connects to the agent at `address`. The receiver yields what it tells subscribers, and ends when the
    /// connection does.
    pub(crate) async fn connect(address: &Path) -> io::Result<(Self, mpsc::Receiver<Event>)> {
        let stream = Stream::connect(socket::name(address)?).await?;
        let (requests, wanted) = mpsc::channel(16);
        let (events, heard) = mpsc::channel(16);
        tokio::spawn(converse(stream, wanted, events));
        Ok((Self { requests }, heard))
    }

    /// Asks, and waits for the answer as long as it takes.
    pub(crate) async fn ask(&self, command: Command) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.requests.send((command, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Carries requests out and answers back until either side ends. Dropping the waiting answers tells their askers.
async fn converse(
    stream: Stream,
    mut wanted: mpsc::Receiver<(Command, oneshot::Sender<Answer>)>,
    events: mpsc::Sender<Event>,
) {
    let (incoming, outgoing) = tokio::io::split(stream);
    let codec = LinesCodec::new_with_max_length(MAX_LINE);
    let mut lines = FramedRead::new(incoming, codec.clone());
    let mut out = FramedWrite::new(outgoing, codec);
    let waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>> = Arc::default();

    let ask = async {
        let mut id = 0;
        while let Some((command, answer)) = wanted.recv().await {
            id += 1;
            lock(&waiting).insert(id, answer);
            let Ok(line) = serde_json::to_string(&Request { id, command }) else {
                lock(&waiting).remove(&id);
                continue;
            };
            if out.send(line).await.is_err() {
                break;
            }
        }
    };
    let listen = async {
        while let Some(Ok(line)) = lines.next().await {
            match serde_json::from_str::<Message>(&line) {
                Ok(Message::Answer { id, result }) => settle(&waiting, id, Ok(result)),
                Ok(Message::Failure { id: Some(id), error }) => settle(&waiting, id, Err(error)),
                Ok(Message::Failure { id: None, error }) => {
                    tracing::warn!(%error, "the agent could not read a request");
                    break;
                }
                // Nobody may be listening for events; answers still matter then.
                Ok(Message::Event(event)) => drop(events.send(event).await),
                // A newer agent may say more than this client knows.
                Err(error) => tracing::debug!(%error, "the agent said something unknown"),
            }
        }
    };
    tokio::select! {
        () = ask => {}
        () = listen => {}
    }
    lock(&waiting).clear();
}

fn settle(waiting: &Mutex<HashMap<u64, oneshot::Sender<Answer>>>, id: u64, answer: Answer) {
    if let Some(asker) = lock(waiting).remove(&id) {
        // Whoever asked may have stopped waiting.
        asker.send(answer).ok();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone() -> Problem {
    Problem::passing(
        Code::Internal,
        "Reconvene ended before it answered.",
        "Start it again; what was under way is taken up again by itself.",
    )
}
