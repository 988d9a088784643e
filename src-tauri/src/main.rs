//! Reconvene keeps video meetings in step with Google Calendar.
//!
//! One binary, three roles: the agent (tray or headless), its window, and the command line. Window and command line
//! are equal clients of the agent's local socket.

mod agent;
mod cli;
mod client;
mod commands;
mod demo;
mod logs;
mod notify;
mod open;
mod place;
mod quit;
mod socket;
mod surroundings;
mod tray;
mod window;
mod windows;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use reconvene_core::problem::{Code, Problem};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use agent::Start;
use cli::{Cli, Verb};
use place::Place;

/// How long blocking work that does not end, such as a locked keyring's prompt, may hold up the end.
const LAST_WORK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(problem) => return cli::fail(&problem, false),
    };
    let stop = quit::asked(&runtime);
    let cli = Cli::parse();
    // Logs, database and whatever a library writes are for the owner alone.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let json = cli.json;
    let ended = start(&runtime, cli, stop);
    runtime.shutdown_timeout(LAST_WORK);
    ended.unwrap_or_else(|problem| cli::fail(&problem, json))
}

fn start(runtime: &Runtime, cli: Cli, stop: CancellationToken) -> Result<ExitCode, Problem> {
    match cli.verb {
        Some(Verb::Demo(options)) => demo::run(runtime, &options, stop),
        verb => {
            let place = Place::find(cli.profile.as_deref())?;
            let _log = logs::begin(&place.profile, matches!(verb, None | Some(Verb::Window)));
            match verb {
                None => {
                    let start = Start {
                        background: cli.background,
                        stop,
                        started: None,
                    };
                    if cli.headless {
                        agent::run_headless(runtime, &place, start)
                    } else {
                        agent::run_with_tray(runtime, &place, start)
                    }
                }
                Some(Verb::Window) => window::run(runtime, &place, stop),
                Some(verb) => runtime.block_on(cli::run(&place, verb, cli.json, &stop)),
            }
        }
    }
}

/// Two threads: this program waits more than it works.
fn runtime() -> Result<Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("reconvene")
        .enable_all()
        .build()
        .map_err(|error| Problem::lasting(Code::Internal, format!("No threads can be started: {error}."), ""))
}

/// What `tauri.conf.json` and the capability say, with the page. Expanded once for tray and window.
#[expect(
    clippy::disallowed_methods,
    reason = "the macro's own code, for a case that cannot come up in a build"
)]
fn tauri_context() -> tauri::Context<tauri::Wry> {
    tauri::generate_context!()
}
