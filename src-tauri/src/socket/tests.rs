#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use super::*;
use crate::client::Client;
use reconvene_core::report::{Counts, Overall};
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Answers `Status`, refuses `Doctor`, never answers `Sync`.
struct Parrot {
    revision: watch::Sender<u64>,
    raise: broadcast::Sender<()>,
    stop: CancellationToken,
}

#[async_trait]
impl Answers for Parrot {
    async fn answer(&self, command: Command) -> Result<Reply, Problem> {
        match command {
            Command::Status => Ok(Reply::Status(Box::new(self.status()?))),
            Command::Doctor => Err(Problem::lasting(Code::Internal, "no", "")),
            Command::Sync { .. } => std::future::pending().await,
            _ => Ok(Reply::Done),
        }
    }
    fn status(&self) -> Result<Status, Problem> {
        Ok(Status {
            revision: *self.revision.borrow(),
            overall: Overall::InStep,
            fresh_as_of: None,
            counts: Counts::default(),
            next: None,
            recent: Vec::new(),
            accounts: Vec::new(),
            calendars: Vec::new(),
            problems: Vec::new(),
            asking: Vec::new(),
            held: Vec::new(),
            preview: false,
        })
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }
    fn raises(&self) -> broadcast::Receiver<()> {
        self.raise.subscribe()
    }
    fn quit(&self) {
        self.stop.cancel();
    }
}

pub(super) struct Agent {
    dir: tempfile::TempDir,
    parrot: Arc<Parrot>,
    serving: tokio::task::JoinHandle<()>,
}

impl Agent {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let parrot = Arc::new(Parrot {
            revision: watch::Sender::new(1),
            raise: broadcast::Sender::new(1),
            stop: stop.clone(),
        });
        let listener = bind(&dir.path().join("s")).unwrap();
        let serving = tokio::spawn(serve(listener, parrot.clone(), stop));
        Self { dir, parrot, serving }
    }
    pub(super) fn address(&self) -> std::path::PathBuf {
        self.dir.path().join("s")
    }
    pub(super) fn has_ended(&self) -> bool {
        self.serving.is_finished()
    }
    async fn client(&self) -> (Client, mpsc::Receiver<Event>) {
        Client::connect(&self.address()).await.unwrap()
    }
}

#[tokio::test]
async fn answers_come_back_to_whoever_asked_in_any_order() {
    let agent = Agent::start();
    let (client, _events) = agent.client().await;
    let never = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .ask(Command::Sync {
                    calendar: None,
                    meetings: false,
                })
                .await
        }
    });
    assert!(matches!(client.ask(Command::Status).await, Ok(Reply::Status(_))));
    assert_eq!(
        client.ask(Command::Doctor).await.unwrap_err().code,
        Code::Internal
    );
    assert!(!never.is_finished());
}

#[tokio::test]
async fn a_subscriber_hears_the_status_first_then_changes_raises_and_the_end() {
    let agent = Agent::start();
    let (client, mut events) = agent.client().await;
    client.ask(Command::Subscribe).await.unwrap();
    assert!(matches!(events.recv().await, Some(Event::Status(status)) if status.revision == 1));
    agent.parrot.revision.send(2).unwrap();
    assert!(matches!(events.recv().await, Some(Event::Status(status)) if status.revision == 2));
    agent.parrot.raise.send(()).unwrap();
    assert_eq!(events.recv().await, Some(Event::Raise));
    assert_eq!(
        client.ask(Command::Quit).await,
        Ok(Reply::Done),
        "the answer comes before the end"
    );
    assert_eq!(events.recv().await, Some(Event::Closing));
    assert_eq!(events.recv().await, None);
    agent.serving.await.unwrap();
}

#[tokio::test]
async fn rude_clients_end_alone() {
    let agent = Agent::start();
    let mut mumbler = UnixStream::connect(agent.address()).await.unwrap();
    mumbler.write_all(b"GET / HTTP/1.1\r\n\xff\xfe\n").await.unwrap();
    let mut line = String::new();
    BufReader::new(&mut mumbler).read_line(&mut line).await.unwrap();
    assert!(line.contains("bad_usage"), "{line}");

    let mut endless = UnixStream::connect(agent.address()).await.unwrap();
    let chunk = vec![b'x'; 1024 * 1024];
    while endless.write_all(&chunk).await.is_ok() {}
    let mut rest = Vec::new();
    endless.read_to_end(&mut rest).await.ok();

    // Asks for ever and reads nothing.
    let mut deaf = UnixStream::connect(agent.address()).await.unwrap();
    let ask = "{\"id\":1,\"command\":\"status\"}\n".repeat(200);
    while tokio::time::timeout(Duration::from_millis(100), deaf.write_all(ask.as_bytes()))
        .await
        .is_ok()
    {}

    let (client, _events) = agent.client().await;
    assert!(client.ask(Command::Status).await.is_ok());
}

#[tokio::test]
async fn the_socket_is_the_owners_alone_and_a_dead_ones_is_taken_over() {
    let agent = Agent::start();
    let mode = std::fs::metadata(agent.address()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let dir = tempfile::tempdir().unwrap();
    let address = dir.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&address).unwrap());
    assert!(
        Client::connect(&address).await.is_err(),
        "nobody listens at a dead agent's socket"
    );
    bind(&address).unwrap();
}

#[tokio::test]
async fn asking_an_agent_that_ends_is_a_clear_failure() {
    let agent = Agent::start();
    let (client, _events) = agent.client().await;
    let asking = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .ask(Command::Sync {
                    calendar: None,
                    meetings: false,
                })
                .await
        }
    });
    client.ask(Command::Quit).await.unwrap();
    let problem = asking.await.unwrap().unwrap_err();
    assert!(problem.retryable && problem.message.contains("ended"));
}
