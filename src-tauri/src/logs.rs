//! Logs: a file a day in the profile for support, and errors on standard error for whoever watches an agent.

use std::io::IsTerminal;

use reconvene_engine::profile::Profile;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// So many days are kept.
const DAYS: usize = 7;

/// What is written when `RECONVENE_LOG` does not say otherwise. Other crates say what they did in words of their own,
/// which may hold addresses; only their warnings are kept.
const USUAL: &str = "warn,reconvene=info,reconvene_engine=info";

/// Begins to log, when `watched` on standard error too; a verb says there in one line of its own what failed. Lines that
/// wait are written when the guard is dropped.
pub(crate) fn begin(profile: &Profile, watched: bool) -> Option<WorkerGuard> {
    let filter = || EnvFilter::try_from_env("RECONVENE_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL));
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("reconvene")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(profile.logs());
    let (to_file, guard) = match file {
        Ok(file) => {
            let (writer, guard) = tracing_appender::non_blocking(file);
            let layer = fmt::layer()
                .with_ansi(false)
                .with_writer(writer)
                .with_filter(filter());
            (Some(layer), Some(guard))
        }
        // Without a log everything still works.
        Err(_) => (None, None),
    };
    let to_terminal = watched.then(|| {
        fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .without_time()
            .with_target(false)
            .with_filter(LevelFilter::ERROR)
    });
    tracing_subscriber::registry()
        .with(to_file)
        .with(to_terminal)
        .try_init()
        .ok();
    guard
}
