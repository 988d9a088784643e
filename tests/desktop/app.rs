//! The binary under test on a profile of its own, and the simulated services it is configured for.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use reconvene_simulator::google::oauth as google;
use reconvene_simulator::scenario::{self, ANA};
use reconvene_simulator::zoom::oauth as zoom;
use reconvene_simulator::{
    Consent, ConsentMode, ConsentRule, Effect, Fault, Hand, Rule, Service, Simulator, World,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::process::{Child, Command};

use crate::session::Session;
use crate::{http, until};

const BINARY: &str = env!("CARGO_BIN_EXE_reconvene");

pub(crate) struct App {
    pub(crate) session: Arc<Session>,
    pub(crate) simulator: Simulator,
    /// Where the services are.
    page: String,
    profile: TempDir,
}

impl App {
    /// A profile that knows the services and nothing else.
    pub(crate) async fn new(session: Session) -> Self {
        let simulator = Simulator::new(Arc::new(now), 1);
        simulator.with(scenario::demo).unwrap();
        let allow = ConsentRule {
            mode: ConsentMode::Allow,
            user: Some(ANA.to_owned()),
            withhold: Vec::new(),
        };
        simulator.with(|world| {
            world.set_consent(Consent {
                google: allow.clone(),
                zoom: allow,
            });
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        tokio::spawn(async move { served.serve(listener).await });

        let secret = format!("client_secret = \"{}\"", zoom::CLIENT_SECRET);
        let profile = configured(&page, zoom::CLIENT_ID, &secret);
        Self {
            session: Arc::new(session),
            simulator,
            page,
            profile,
        }
    }

    /// Another installation of the same person. It has a client of its own at Zoom, where a sign-in ends the one before to the
    /// same client.
    pub(crate) fn beside(&self) -> Self {
        Self {
            session: Arc::clone(&self.session),
            simulator: self.simulator.clone(),
            page: self.page.clone(),
            profile: configured(&self.page, zoom::PUBLIC_CLIENT_ID, ""),
        }
    }

    /// The same, signed in at both services and watching Ana's calendar, with everything in step.
    pub(crate) async fn set_up(session: Session) -> Self {
        let app = Self::new(session).await;
        app.sign_in("google").await;
        app.sign_in("zoom").await;
        app.json(&["calendar", "watch", ANA]).await;
        app.bring_in_step().await;
        app
    }

    /// Syncs, agrees to bring in step what differed before, and does that.
    pub(crate) async fn bring_in_step(&self) {
        self.run(&["sync"]).await;
        self.json(&["approve", "all"]).await;
        self.json(&["sync"]).await;
    }

    /// Adds a line to what `config.toml` says about syncing.
    pub(crate) fn choose(&self, line: &str) {
        let file = self.profile().join("config.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{text}{line}\n")).unwrap();
    }

    pub(crate) fn profile(&self) -> &Path {
        self.profile.path()
    }

    /// `reconvene` with the profile and `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.session.command(BINARY);
        command.arg("--profile").arg(self.profile()).args(arguments);
        command
    }

    /// Runs a verb to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let ended = tokio::time::timeout(crate::DEADLINE, self.command(arguments).output());
        ended
            .await
            .unwrap_or_else(|_| panic!("`{}` does not end", arguments.join(" ")))
            .unwrap()
    }

    /// Runs a verb that succeeds, and reads its JSON.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat()).await;
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "`{}`: {}{said}{complained}",
            arguments.join(" "),
            output.status
        );
        let value: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(value["version"], 1);
        value["value"].clone()
    }

    /// Signs in as the person would, except that the test follows the address that is printed.
    pub(crate) async fn sign_in(&self, service: &str) {
        self.sign_in_to(&[service]).await;
    }

    /// The same, with what is asked for besides.
    pub(crate) async fn sign_in_to(&self, service: &[&str]) {
        let mut verb = self.command(&[&["account", "add", "--no-browser"], service].concat());
        let mut verb = verb.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(verb.stdout.take().unwrap()).lines();
        let address = lines
            .next_line()
            .await
            .unwrap()
            .expect("the address stands on a line of its own");
        assert_eq!(http::follow(&address).await.status, 200);
        let account = lines.next_line().await.unwrap().unwrap_or_default();
        assert!(account.contains(ANA), "the account is printed: {account}");
        assert!(verb.wait().await.unwrap().success());
    }

    /// Starts an agent and waits until it answers.
    pub(crate) async fn agent(&self, arguments: &[&str]) -> Child {
        self.start(self.command(arguments)).await
    }

    /// The same, from a command that was made for it.
    pub(crate) async fn start(&self, mut command: Command) -> Child {
        let agent = command.spawn().unwrap();
        until("the agent answers at its socket", async || self.connect().await).await;
        agent
    }

    /// Says one line to the agent and hears the answer.
    pub(crate) async fn ask(&self, line: &str) -> Value {
        let mut stream = BufReader::new(self.connect().await.expect("an agent listens"));
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// A connection to whichever agent listens.
    pub(crate) async fn connect(&self) -> Option<UnixStream> {
        for socket in std::fs::read_dir(self.session.sockets()).ok()?.flatten() {
            if let Ok(stream) = UnixStream::connect(socket.path()).await {
                return Some(stream);
            }
        }
        None
    }

    /// Lets the person, or anybody, do something at the services.
    pub(crate) fn hand(&self, hand: Hand) {
        self.simulator.hand(hand).unwrap();
    }

    /// Lets Zoom refuse the next change of a meeting for good, as it does when an administrator forbids it.
    pub(crate) fn refuse_next_change(&self) {
        let answer = Effect::Answer {
            status: 400,
            headers: BTreeMap::new(),
            body: r#"{"code":3161,"message":"Your user account is not allowed meeting hosting."}"#.to_owned(),
        };
        let rule = Rule::once(Service::Zoom, "/meetings/", Fault::before(answer)).method("PATCH");
        self.simulator.with(|world| world.faults().add(rule));
    }

    pub(crate) fn rename(&self, event: &str, title: &str) {
        self.hand(Hand::RenameEvent {
            calendar: ANA.to_owned(),
            event: event.to_owned(),
            title: title.to_owned(),
        });
    }

    /// The topic of the meeting of one of Ana's events, and its start, as Zoom has them; none when it is gone.
    pub(crate) fn at_zoom(&self, event: &str) -> Option<(String, Timestamp)> {
        self.simulator.with(|world| {
            let meeting = world
                .meeting(number(world, event))
                .filter(|meeting| meeting.trashed.is_none())?;
            Some((meeting.topic.clone(), meeting.start.unwrap()))
        })
    }
}

/// Zoom's number of the meeting of one of Ana's events.
pub(crate) fn number(world: &World, event: &str) -> u64 {
    let event = world.event(ANA, event).unwrap();
    let number = event
        .conference()
        .and_then(|data| data["conferenceId"].as_str())
        .unwrap();
    number.parse().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A profile with a configuration: no pass but those that a test asks for, and no grace, so that nothing depends on how quick
/// the machine is.
fn configured(page: &str, zoom_id: &str, zoom_secret: &str) -> TempDir {
    let config = format!(
        r#"[google]
client_id = "{google_id}"
client_secret = "{google_secret}"
api = "{page}/google/calendar/v3"
authorize = "{page}/google/o/oauth2/v2/auth"
token = "{page}/google/token"
revoke = "{page}/google/revoke"

[zoom]
client_id = "{zoom_id}"
{zoom_secret}
api = "{page}/zoom/v2"
authorize = "{page}/zoom/oauth/authorize"
token = "{page}/zoom/oauth/token"
revoke = "{page}/zoom/oauth/revoke"

[sync]
poll = "1h"
delete_grace = "0s"
"#,
        google_id = google::CLIENT_ID,
        google_secret = google::CLIENT_SECRET,
    );
    let profile = tempfile::tempdir().unwrap();
    std::fs::write(profile.path().join("config.toml"), config).unwrap();
    profile
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulated services live in the tester's time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
