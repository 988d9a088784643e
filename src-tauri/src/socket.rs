//! The agent's end of the local socket: one line a request, one line an answer, events for subscribers.
//!
//! A client can be slow, rude or gone; that ends its own connection and nothing else. Nothing queues without bound:
//! a client that does not read holds back only itself, and status events are coalesced into the newest one.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use interprocess::local_socket::tokio::{Listener, Stream};
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::local_socket::{ListenerOptions, Name};
use reconvene_api::{Command, Event, MAX_LINE, Message, Reply, Request};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Status;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many clients at once; one more waits until another leaves.
const CLIENTS: usize = 64;
/// So many requests of one client at once; it is not read from while they run.
const REQUESTS: usize = 32;
/// A client that takes no line for so long is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whoever knows the answers.
#[async_trait]
pub(crate) trait Answers: Send + Sync + 'static {
    /// Carries a command out.
    async fn answer(&self, command: Command) -> Result<Reply, Problem>;
    /// Everything at a glance.
    fn status(&self) -> Result<Status, Problem>;
    /// Changes whenever the status does.
    fn changes(&self) -> watch::Receiver<u64>;
    /// Signals that the window is to come to the front.
    fn raises(&self) -> broadcast::Receiver<()>;
    /// Ends the agent; called once the answer to [`Command::Quit`] is on its way.
    fn quit(&self);
}

/// The address as the platform's local sockets want it.
pub(crate) fn name(address: &Path) -> io::Result<Name<'_>> {
    #[cfg(unix)]
    {
        use interprocess::local_socket::{GenericFilePath, ToFsName};
        address.to_fs_name::<GenericFilePath>()
    }
    #[cfg(not(unix))]
    {
        use interprocess::local_socket::{GenericNamespaced, ToNsName};
        address.as_os_str().to_ns_name::<GenericNamespaced>()
    }
}

/// Binds the socket. Only the holder of the profile's lock may call this: it takes the address over from an agent
/// that ended without cleaning up, and no other could tell that agent from a living one.
pub(crate) fn bind(address: &Path) -> io::Result<Listener> {
    #[cfg(unix)]
    match std::fs::remove_file(address) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = ListenerOptions::new().name(name(address)?).create_tokio()?;
    // The folder is private already; this is for those who look at the socket alone.
    #[cfg(unix)]
    std::fs::set_permissions(address, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// Serves clients until `stop`, then tells subscribers, lets answers under way go out and returns.
pub(crate) async fn serve(listener: Listener, answers: Arc<dyn Answers>, stop: CancellationToken) {
    let clients = TaskTracker::new();
    let room = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = async {
                let seat = Arc::clone(&room).acquire_owned().await;
                (seat, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(seat), Ok(stream)) => {
                let (answers, stop) = (Arc::clone(&answers), stop.clone());
                clients.spawn(async move {
                    attend(stream, answers, stop).await;
                    drop(seat);
                });
            }
            (_, Err(error)) => {
                // Out of file descriptors, most likely: others must leave first.
                tracing::warn!(%error, "a client could not be let in");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            (Err(_), Ok(_)) => break,
        }
    }
    clients.close();
    clients.wait().await;
}

/// What goes out to one client.
enum Outgoing {
    Message(Box<Message>),
    Subscribed,
    Last(Box<Message>),
}

async fn attend(stream: Stream, answers: Arc<dyn Answers>, stop: CancellationToken) {
    let (incoming, outgoing) = tokio::io::split(stream);
    let (out, queue) = mpsc::channel(REQUESTS);
    let writer = write(outgoing, queue, Arc::clone(&answers), stop.clone());
    let reader = read(incoming, out, answers, stop);
    // The reader ends when the client does; what it asked for before may still be answered.
    tokio::join!(reader, writer);
}

async fn read(
    incoming: ReadHalf<Stream>,
    out: mpsc::Sender<Outgoing>,
    answers: Arc<dyn Answers>,
    stop: CancellationToken,
) {
    let mut lines = FramedRead::new(incoming, LinesCodec::new_with_max_length(MAX_LINE));
    let room = Arc::new(Semaphore::new(REQUESTS));
    loop {
        let line = tokio::select! {
            () = stop.cancelled() => return,
            () = out.closed() => return,
            line = lines.next() => line,
        };
        let request = match line {
            None | Some(Err(LinesCodecError::Io(_))) => return,
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                let problem = bad_line(format!("A line is longer than {MAX_LINE} bytes."));
                out.send(Outgoing::Last(Box::new(problem))).await.ok();
                return;
            }
            Some(Ok(line)) if line.trim().is_empty() => continue,
            Some(Ok(line)) => match serde_json::from_str::<Request>(&line) {
                Ok(request) => request,
                Err(error) => {
                    let message = bad_line(format!("The request cannot be read: {error}."));
                    out.send(Outgoing::Message(Box::new(message))).await.ok();
                    continue;
                }
            },
        };
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let (answers, out) = (Arc::clone(&answers), out.clone());
        // Not tied to the connection: a write that has begun is finished even when nobody waits for its result.
        tokio::spawn(async move {
            respond(request, answers, out).await;
            drop(seat);
        });
    }
}

async fn respond(request: Request, answers: Arc<dyn Answers>, out: mpsc::Sender<Outgoing>) {
    let Request { id, command } = request;
    let (subscribes, quits) = (command == Command::Subscribe, command == Command::Quit);
    let message = match answers.answer(command).await {
        Ok(result) => Message::Answer { id, result },
        Err(error) => Message::Failure { id: Some(id), error },
    };
    // A client that is gone needs no answer.
    out.send(Outgoing::Message(Box::new(message))).await.ok();
    if subscribes {
        out.send(Outgoing::Subscribed).await.ok();
    }
    if quits {
        answers.quit();
    }
}

async fn write(
    outgoing: WriteHalf<Stream>,
    mut queue: mpsc::Receiver<Outgoing>,
    answers: Arc<dyn Answers>,
    stop: CancellationToken,
) {
    let mut lines = FramedWrite::new(outgoing, LinesCodec::new_with_max_length(MAX_LINE));
    let mut changes = answers.changes();
    let mut raises = answers.raises();
    let mut subscribed = false;
    loop {
        let message = tokio::select! {
            biased;
            next = queue.recv() => match next {
                None => return,
                Some(Outgoing::Message(message)) => *message,
                Some(Outgoing::Subscribed) => {
                    subscribed = true;
                    changes.mark_changed();
                    continue;
                }
                Some(Outgoing::Last(message)) => {
                    send(&mut lines, *message).await;
                    return;
                }
            },
            () = stop.cancelled() => break,
            Ok(()) = raises.recv(), if subscribed => Message::Event(Event::Raise),
            Ok(()) = changes.changed(), if subscribed => match answers.status() {
                Ok(status) => Message::Event(Event::Status(Box::new(status))),
                Err(problem) => {
                    tracing::warn!(%problem, "the status cannot be told");
                    continue;
                }
            },
        };
        if !send(&mut lines, message).await {
            return;
        }
    }
    if subscribed {
        send(&mut lines, Message::Event(Event::Closing)).await;
    }
}

/// Sends one line; whether it went out.
async fn send(lines: &mut FramedWrite<WriteHalf<Stream>, LinesCodec>, message: Message) -> bool {
    let Ok(line) = serde_json::to_string(&message) else {
        return true;
    };
    matches!(tokio::time::timeout(PATIENCE, lines.send(line)).await, Ok(Ok(())))
}

fn bad_line(message: String) -> Message {
    Message::Failure {
        id: None,
        error: Problem::lasting(
            Code::BadUsage,
            message,
            "One request is one line of JSON, such as {\"id\":1,\"command\":\"status\"}.",
        ),
    }
}

#[cfg(all(test, unix))]
mod hostile;
#[cfg(all(test, unix))]
mod tests;
