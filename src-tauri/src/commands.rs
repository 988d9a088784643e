//! From a command to the engine and back: the one place, whether the command came over the socket, from the tray or
//! from a command line that runs the engine itself.

use std::sync::Arc;

use async_trait::async_trait;
use reconvene_api::{Command, Reply, SignIn};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Check, MeetingView, Status};
use reconvene_engine::Engine;
use tokio::sync::{broadcast, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::open::GivenOut;
use crate::socket::Answers;

/// The most activity entries one answer carries.
const MOST_ENTRIES: u32 = 1000;

/// The farthest that one look at events without a meeting reaches.
const MOST_DAYS: u32 = 60;

/// What the process around the engine can do for the person.
#[async_trait]
pub(crate) trait Desktop: Send + Sync + 'static {
    /// Opens the window, or brings it to the front.
    async fn open_window(&self) -> Result<(), Problem>;
    /// What of the desktop works.
    async fn checks(&self) -> Vec<Check>;
    /// Whether a person uses it.
    fn attended(&self) -> bool;
}

/// Carries commands out.
pub(crate) struct Commands {
    engine: Engine,
    desktop: Arc<dyn Desktop>,
    given_out: GivenOut,
    raise: broadcast::Sender<()>,
    stop: CancellationToken,
}

impl Commands {
    /// `raise` tells windows to come to the front; `stop` ends the process.
    pub(crate) fn new(
        engine: Engine,
        desktop: Arc<dyn Desktop>,
        raise: broadcast::Sender<()>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            engine,
            desktop,
            given_out: GivenOut::default(),
            raise,
            stop,
        }
    }

    /// Waits for what must not be cut off when the process ends.
    pub(crate) async fn settled(&self) {
        self.engine.settled().await;
    }
}

#[async_trait]
impl Answers for Commands {
    async fn answer(&self, command: Command) -> Result<Reply, Problem> {
        let engine = &self.engine;
        match command {
            Command::Status => Ok(Reply::Status(Box::new(engine.status()?))),
            Command::Meetings => Ok(Reply::Meetings(engine.meetings()?)),
            Command::Activity { limit, before } => {
                Ok(Reply::Activity(engine.activity(limit.min(MOST_ENTRIES), before)?))
            }
            Command::Accounts => Ok(Reply::Accounts(engine.accounts()?)),
            Command::SignIn { service, write } => {
                let (ticket, url) = match write {
                    true => engine.begin_sign_in_to_write().await?,
                    false => engine.begin_sign_in(service).await?,
                };
                self.given_out.remember(&url);
                Ok(Reply::SignIn(SignIn { ticket, url }))
            }
            Command::AwaitSignIn { ticket } => Ok(Reply::Account(engine.await_sign_in(&ticket).await?)),
            Command::CancelSignIn { ticket } => engine.cancel_sign_in(&ticket).map(|()| Reply::Done),
            Command::RemoveAccount { account } => done(engine.remove_account(account).await),
            Command::Calendars => Ok(Reply::Calendars(engine.calendars()?)),
            Command::RefreshCalendars => Ok(Reply::Calendars(engine.refresh_calendars().await?)),
            Command::Watch { calendar, watched } => {
                Ok(Reply::Calendars(engine.watch_calendar(&calendar, watched).await?))
            }
            Command::Sync { calendar, meetings } => {
                Ok(Reply::Sync(engine.sync(calendar.as_deref(), meetings).await?))
            }
            Command::Plan => Ok(Reply::Plan(engine.plan().await?)),
            Command::Retry { meeting } => done(engine.retry(meeting)),
            Command::Ignore { meeting } => done(engine.ignore(meeting)),
            Command::Bond { meeting } => done(engine.bond(meeting).await),
            Command::Unbond { meeting } => done(engine.unbond(meeting)),
            Command::Undo { what } => Ok(Reply::Activity(engine.undo(&what).await?)),
            Command::Approve { meetings } => done(engine.approve(&meetings)),
            Command::Refuse { meetings } => done(engine.refuse(&meetings)),
            Command::JoinLink { meeting } => {
                let link = engine.join_link(meeting).await?;
                self.given_out.remember(&link);
                Ok(Reply::Link(link))
            }
            Command::WithoutMeeting { days } => Ok(Reply::Events(
                engine.without_meeting(days.clamp(1, MOST_DAYS)).await?,
            )),
            Command::AddMeeting {
                calendar,
                event,
                service,
            } => meeting(engine.add_meeting(&calendar, &event, service).await),
            Command::Recreate { meeting: vanished } => meeting(engine.recreate(vanished).await),
            Command::Settings => Ok(Reply::Settings(engine.settings()?)),
            Command::ChangeSettings { settings } => Ok(Reply::Settings(engine.change_settings(settings)?)),
            Command::Pause { paused } => engine.pause(paused).map(|()| Reply::Done),
            Command::Doctor => {
                let mut checks = engine.doctor().await;
                checks.extend(self.desktop.checks().await);
                Ok(Reply::Checks(checks))
            }
            // The socket does the rest for these two: it alone knows who is subscribed and when an answer is out.
            Command::Subscribe | Command::Quit => Ok(Reply::Done),
            Command::OpenWindow => done(self.desktop.open_window().await),
            Command::OpenLink { url } => {
                if !self.given_out.holds(&url) {
                    return Err(Problem::lasting(
                        Code::BadUsage,
                        "That address was not given out by this Reconvene.",
                        "Ask for the sign-in or the join link again.",
                    ));
                }
                let opened = spawn_blocking(move || crate::open::in_browser(&url)).await;
                done(opened.map_err(|_| broke("Opening the browser"))?)
            }
        }
    }

    fn status(&self) -> Result<Status, Problem> {
        self.engine.status()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.engine.changes()
    }

    fn raises(&self) -> broadcast::Receiver<()> {
        self.raise.subscribe()
    }

    fn quit(&self) {
        self.stop.cancel();
    }
}

fn meeting(result: Result<MeetingView, Problem>) -> Result<Reply, Problem> {
    result.map(|view| Reply::Meeting(Box::new(view)))
}

fn done(result: Result<(), Problem>) -> Result<Reply, Problem> {
    result.map(|()| Reply::Done)
}

fn broke(what: &str) -> Problem {
    Problem::lasting(
        Code::Internal,
        format!("{what} broke off."),
        "The log says more; please report it.",
    )
}

/// No desktop at all: the headless agent, and a command line that runs the engine itself.
pub(crate) struct NoDesktop;

#[async_trait]
impl Desktop for NoDesktop {
    async fn open_window(&self) -> Result<(), Problem> {
        Err(Problem::lasting(
            Code::BadUsage,
            "Reconvene runs without a window here.",
            "Quit it and start `reconvene` on a desktop, or use the command line: `reconvene status`.",
        ))
    }

    async fn checks(&self) -> Vec<Check> {
        vec![crate::tray::host::check().await]
    }

    fn attended(&self) -> bool {
        false
    }
}
