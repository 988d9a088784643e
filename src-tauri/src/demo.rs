//! `reconvene demo`: the whole app on a throw-away profile against the simulator, with things happening by themselves.
//!
//! Nothing is faked on Reconvene's side: the same agent, the same sign-in, the same keyring. Only the services are
//! simulated, on a loopback port, and the person's hand moves the events.

mod stage;
mod story;

use std::process::ExitCode;

use reconvene_core::problem::{Code, Problem};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::agent::{self, Start};
use crate::cli::DemoOptions;
use crate::logs;
use crate::place::Place;
use stage::Stage;

/// Plays the demo to its end.
pub(crate) fn run(
    runtime: &Runtime,
    options: &DemoOptions,
    stop: CancellationToken,
) -> Result<ExitCode, Problem> {
    let dir = tempfile::Builder::new()
        .prefix("reconvene-demo-")
        .tempdir()
        .map_err(|error| unable("There is no room for a throw-away profile", &error))?;
    let stage = runtime.block_on(Stage::set(dir.path()))?;
    let place = Place::find(Some(dir.path()))?;
    let _log = logs::begin(&place.profile, true);

    let (started, running) = oneshot::channel();
    let start = Start {
        background: true,
        stop: stop.clone(),
        started: Some(started),
    };
    let telling = runtime.spawn(story::play(stage, running, options.into(), stop));
    let ended = if options.headless {
        agent::run_headless(runtime, &place, start)
    } else {
        agent::run_with_tray(runtime, &place, start)
    };
    // The agent has ended; the story notices, or has ended it.
    let told = runtime
        .block_on(telling)
        .map_err(|error| unable("The story broke off", &error))?;
    ended?;
    told
}

fn unable(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem::lasting(Code::Internal, format!("{what}: {error}."), "")
}
