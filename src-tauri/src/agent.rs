//! The agent: whoever holds the profile's lock, runs the engine and answers at the socket. With a desktop it also
//! has the tray, the window and notifications; headless it has neither GTK nor a display to miss.

mod desk;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use reconvene_api::Command;
use reconvene_core::problem::{Code, Problem};
use reconvene_engine::Engine;
use reconvene_engine::config::Config;
use reconvene_engine::ports::Ports;
use reconvene_engine::profile::ProfileLock;
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::commands::{Commands, Desktop, NoDesktop};
use crate::place::Place;
use crate::{socket, surroundings};

pub(crate) use desk::{display, run as run_with_tray};

/// How long a start waits for a Reconvene that holds the profile and does not answer: one that is just coming up or
/// going, or a command that runs the engine itself.
const PATIENCE: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long the engine and the clients may take to come to an end: longer than any one request, because a renewed
/// grant that was not kept is a sign-in lost. Tray and window are gone by then.
const LEAVE: Duration = Duration::from_secs(35);

/// What a start found.
pub(crate) enum Found {
    /// Nobody: this process is the agent now.
    Free(ProfileLock),
    /// An agent that answers.
    Running(Client),
}

/// Takes the profile, or finds whoever has it.
pub(crate) async fn find(place: &Place, patience: Duration) -> Result<Found, Problem> {
    let started = Instant::now();
    loop {
        let refused = match ProfileLock::acquire(&place.profile, Duration::ZERO).await {
            Ok(lock) => return Ok(Found::Free(lock)),
            Err(problem) if problem.code == Code::ProfileInUse => problem,
            // The lock cannot be asked for on a read-only disk; whoever holds it can be.
            Err(problem) => {
                return match Client::connect(&place.address).await {
                    Ok((client, _)) => Ok(Found::Running(client)),
                    Err(_) => Err(problem),
                };
            }
        };
        match Client::connect(&place.address).await {
            Ok((client, _)) => return Ok(Found::Running(client)),
            Err(_) if started.elapsed() < patience => tokio::time::sleep(LOOK_AGAIN).await,
            Err(_) => return Err(refused),
        }
    }
}

/// A running agent, and how to end it.
pub(crate) struct Agent {
    pub(crate) commands: Arc<Commands>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    place: Place,
    _lock: ProfileLock,
}

impl Agent {
    /// Opens the engine, runs it and answers at the socket.
    pub(crate) fn start(
        place: &Place,
        lock: ProfileLock,
        ports: Ports,
        desktop: Arc<dyn Desktop>,
        raise: broadcast::Sender<()>,
        stop: CancellationToken,
    ) -> Result<Self, Problem> {
        let config = Config::load(&place.profile)?;
        let engine = Engine::open(&place.profile, config, ports)?;
        let listener = socket::bind(&place.address).map_err(|error| {
            Problem::lasting(
                Code::DiskFull,
                format!("Reconvene cannot listen at {}: {error}.", place.address.display()),
                "Mend that folder's permissions and start Reconvene again.",
            )
        })?;
        let attended = desktop.attended();
        let commands = Arc::new(Commands::new(engine.clone(), desktop, raise, stop.clone()));
        let tasks = TaskTracker::new();
        tasks.spawn(socket::serve(listener, Arc::clone(&commands) as _, stop.clone()));
        tasks.spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(stop).await }
        });
        tasks.spawn(surroundings::follow(engine, attended, stop.clone()));
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
        Ok(Self {
            commands,
            stop,
            tasks,
            place: place.clone(),
            _lock: lock,
        })
    }

    /// Ends everything, and gives the socket and then the lock back.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(LEAVE, self.tasks.wait()).await.is_err() {
            // What was under way is taken up at the next start: the outbox is durable.
            tracing::warn!("something did not end in time and is left behind");
        }
        #[cfg(unix)]
        std::fs::remove_file(&self.place.address).ok();
        tracing::info!("ended");
    }
}

/// How an agent is started.
pub(crate) struct Start {
    /// Show no window, whatever there is to set up.
    pub(crate) background: bool,
    /// Ends the agent. Cancelled already when the process is asked to end while it starts.
    pub(crate) stop: CancellationToken,
    /// Hears of the agent once it runs.
    pub(crate) started: Option<oneshot::Sender<Arc<Commands>>>,
}

impl Start {
    fn announce(started: Option<oneshot::Sender<Arc<Commands>>>, agent: &Agent) {
        if let Some(started) = started {
            // Whoever wanted to know may have given up.
            started.send(Arc::clone(&agent.commands)).ok();
        }
    }
}

/// `reconvene --headless`: until told to quit.
pub(crate) fn run_headless(runtime: &Runtime, place: &Place, start: Start) -> Result<ExitCode, Problem> {
    runtime.block_on(async {
        let Some(found) = start.stop.run_until_cancelled(find(place, PATIENCE)).await else {
            return Ok(ExitCode::SUCCESS);
        };
        let lock = match found? {
            Found::Free(lock) => lock,
            Found::Running(_) => {
                return Err(Problem::lasting(
                    Code::ProfileInUse,
                    "Reconvene is running already on this profile.",
                    "Use that one, or quit it first.",
                ));
            }
        };
        let stop = start.stop;
        let raise = broadcast::Sender::new(4);
        let agent = Agent::start(
            place,
            lock,
            Ports::real()?,
            Arc::new(NoDesktop),
            raise,
            stop.clone(),
        )?;
        Start::announce(start.started, &agent);
        stop.cancelled().await;
        agent.end().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Asks the agent that is there to show its window.
async fn show_the_first_ones_window(client: &Client) -> Result<(), Problem> {
    let silent = || {
        Problem::passing(
            Code::ProfileInUse,
            "Reconvene is running, but does not answer.",
            "Wait a little. If it stays silent, end its process and start it again.",
        )
    };
    let asked = tokio::time::timeout(PATIENCE, client.ask(Command::OpenWindow)).await;
    asked.map_err(|_| silent())?.map(drop)
}
