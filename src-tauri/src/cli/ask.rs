//! Whom the command line asks: the agent that is running, or an engine of its own.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use reconvene_api::{Command, Reply, SignIn};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use reconvene_engine::Engine;
use reconvene_engine::config::Config;
use reconvene_engine::ports::Ports;
use reconvene_engine::profile::ProfileLock;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{Retries, note, say};
use crate::agent::{Found, find};
use crate::client::Client;
use crate::commands::{Commands, NoDesktop};
use crate::open;
use crate::place::Place;
use crate::socket::Answers;

/// How long to wait for another command line that holds the profile.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whoever answers.
pub(super) enum Asking {
    /// The agent.
    Agent(Client),
    /// This process, holding the profile meanwhile.
    Here(Box<Commands>, Option<ProfileLock>),
    /// This process, on a profile that cannot be written for this reason: it shows what is known.
    Reading(Box<Commands>, Problem),
}

impl Asking {
    /// Finds the agent, or takes the profile. For what `only_reads` a profile that cannot be written is good enough.
    pub(super) async fn begin(place: &Place, only_reads: bool) -> Result<Self, Problem> {
        let taken = match find(place, PATIENCE).await {
            Ok(Found::Running(client)) => return Ok(Self::Agent(client)),
            Ok(Found::Free(lock)) => Self::take(place, lock, only_reads),
            Err(problem) => Err(problem),
        };
        match taken {
            Err(why) if only_reads && why.code == Code::DiskFull => {
                let config = Config::load(&place.profile)?;
                let engine = Engine::open_read_only(&place.profile, config, Ports::real()?, why.clone())?;
                Ok(Self::Reading(commands(engine), why))
            }
            taken => taken,
        }
    }

    fn take(place: &Place, lock: ProfileLock, only_reads: bool) -> Result<Self, Problem> {
        let config = Config::load(&place.profile)?;
        let engine = Engine::open(&place.profile, config, Ports::real()?)?;
        if only_reads {
            engine.try_writing()?;
        }
        Ok(Self::Here(commands(engine), Some(lock)))
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, command: Command) -> Result<Reply, Problem> {
        match self {
            Self::Agent(client) => client.ask(command).await,
            Self::Here(commands, _) | Self::Reading(commands, _) => commands.answer(command).await,
        }
    }

    /// Who tries again what failed.
    pub(super) fn retries(&self) -> Retries {
        match self {
            Self::Agent(_) => Retries::Agent,
            Self::Here(..) | Self::Reading(..) => Retries::NextSync,
        }
    }

    /// Why nothing can be written, when that is so.
    pub(super) fn hindrance(&self) -> Option<&Problem> {
        match self {
            Self::Reading(_, why) => Some(why),
            _ => None,
        }
    }

    /// Lets what must not be cut off come to its end, and gives the profile back.
    pub(super) async fn end(&mut self) {
        if let Self::Here(commands, lock) = self {
            commands.settled().await;
            lock.take();
        }
    }
}

fn commands(engine: Engine) -> Box<Commands> {
    let (raise, stop) = (broadcast::Sender::new(1), CancellationToken::new());
    Box::new(Commands::new(engine, Arc::new(NoDesktop), raise, stop))
}

/// Signs in: the address when the person has to open it, the wait, the account. Ctrl-C calls it off and leaves everything as it was.
pub(super) async fn sign_in(
    asking: &Asking,
    service: Service,
    write: bool,
    no_browser: bool,
    json: bool,
    stop: &CancellationToken,
) -> Result<ExitCode, Problem> {
    // The keyring may ask for its password first.
    let Some(begun) = stop
        .run_until_cancelled(asking.ask(Command::SignIn { service, write }))
        .await
    else {
        return Err(called_off());
    };
    let SignIn { ticket, url } = match begun? {
        Reply::SignIn(begun) => begun,
        other => return Err(unexpected(&other)),
    };
    let name = service.name();
    // A script hears on standard error what failed, and nothing else.
    let note = |text: &str| {
        if !json {
            note(text);
        }
    };
    if !no_browser && open_browser(url.clone()).await {
        note(&format!("Sign in to {name} in the browser that has just opened."));
    } else {
        note(&format!("Open this address in a browser to sign in to {name}:"));
        // As text the address alone on its line, as JSON a value on its line.
        let ticket = ticket.clone();
        say(&Reply::SignIn(SignIn { ticket, url }), json, asking.retries())?;
    }
    note("Waiting for you there. Ctrl-C calls it off.");

    let waiting = asking.ask(Command::AwaitSignIn {
        ticket: ticket.clone(),
    });
    let account = tokio::select! {
        ended = waiting => match ended? {
            Reply::Account(account) => account,
            other => return Err(unexpected(&other)),
        },
        () = stop.cancelled() => {
            asking.ask(Command::CancelSignIn { ticket }).await?;
            return Err(called_off());
        }
    };
    say(&Reply::Account(account), json, asking.retries())?;
    if service == Service::Google && !write {
        note("Choose what to keep in step: `reconvene calendar list`, then `reconvene calendar watch ID`.");
    }
    Ok(ExitCode::SUCCESS)
}

fn called_off() -> Problem {
    Problem::lasting(
        Code::SignInCancelled,
        "The sign-in was called off.",
        "Nothing has changed.",
    )
}

async fn open_browser(url: String) -> bool {
    let opened = tokio::task::spawn_blocking(move || open::in_browser(&url)).await;
    matches!(opened, Ok(Ok(())))
}

fn unexpected(reply: &Reply) -> Problem {
    tracing::error!(?reply, "not the reply that was asked for");
    Problem::lasting(
        Code::Internal,
        "The running Reconvene answered something else than was asked.",
        "Quit it and start it again; it may be another version.",
    )
}
