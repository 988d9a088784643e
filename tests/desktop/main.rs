//! End to end: the real binary in a desktop session of its own, with a real keyring, tray host and web-view. Only the
//! services are simulated.
//!
//! Every test has its own session, profile and simulator, and ends what it started by process id.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod agent;
mod app;
mod cli;
mod http;
mod killed;
mod processes;
mod session;
mod story;
mod surroundings;
mod tray;
mod window;

use std::time::Duration;

/// How long anything may take on a busy machine. Tests end as soon as what they wait for is there.
const DEADLINE: Duration = Duration::from_secs(40);

/// Waits until `look` finds something, and fails with `what` when it does not in time.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
