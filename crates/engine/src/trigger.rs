//! Triggers: when to pull and when to push. Two loops, each asleep until something is due, never trusting a timer for
//! more than a minute of wall time, because timers stand still while a laptop sleeps.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::CalendarId;
use reconvene_core::problem::Problem;
use tokio_util::sync::CancellationToken;

use crate::failure::later;
use crate::pull::lists;
use crate::shared::Shared;
use crate::store::calendars;
use crate::store::calendars::Calendar;
use crate::{create, pull, push};

/// The longest nap.
const NAP: Duration = Duration::from_secs(60);

/// The pause after a failure of the database itself.
const STORE_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Runs both loops until `stop` is cancelled.
pub(crate) async fn run(shared: &Shared, stop: CancellationToken) {
    let loops = futures::future::join(pulling(shared), pushing(shared));
    stop.run_until_cancelled(Box::pin(loops)).await;
}

async fn pulling(shared: &Shared) {
    loop {
        let next = pull_due(shared).await.unwrap_or_else(|problem| {
            tracing::error!(code = ?problem.code, "pull");
            Some(later(shared.now(), STORE_PAUSE))
        });
        let nap = nap_until(next, shared.now());
        tokio::select! {
            biased;
            () = shared.nudge.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }
}

/// Reads every calendar that is due; says when the next one is.
async fn pull_due(shared: &Shared) -> Result<Option<Timestamp>, Problem> {
    shared.mind_the_clock()?;
    if shared.paused()? {
        return Ok(None);
    }
    let now = shared.now();
    let watched = shared.store.read(calendars::watched)?;
    let due: Vec<CalendarId> = watched
        .iter()
        .filter(|calendar| calendar.listed && is_due(calendar, now))
        .map(|calendar| calendar.id)
        .collect();
    // Failures are noted with their calendar, or the account whose list it is.
    let (lists, _) = futures::future::join(lists::read_due(shared), pull::passes(shared, due)).await;
    let lists = lists?;
    // One that is still due could not even note its failure: the database is in trouble, and must not be hammered.
    let soon = later(shared.now(), STORE_PAUSE);
    let watched = shared.store.read(calendars::watched)?;
    let next = |calendar: &Calendar| {
        calendar
            .health
            .next_try
            .filter(|next| *next > now)
            .unwrap_or(soon)
    };
    let listed = watched.iter().filter(|calendar| calendar.listed);
    let lists = lists.map(|next| next.max(soon));
    Ok(listed.map(next).chain(lists).min())
}

/// Due by its time; or because the clock was set back, which would put it off for as long.
fn is_due(calendar: &Calendar, now: Timestamp) -> bool {
    let health = &calendar.health;
    health.next_try.is_none_or(|next| next <= now) || health.last_attempt.is_some_and(|last| last > now)
}

async fn pushing(shared: &Shared) {
    let mut changes = shared.store.changes();
    loop {
        changes.mark_unchanged();
        match push_due(shared).await {
            Ok(next) => {
                let nap = nap_until(next, shared.now());
                tokio::select! {
                    biased;
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(nap) => {}
                }
            }
            Err(problem) => {
                tracing::error!(code = ?problem.code, "push");
                // Without an ear for changes: the attempt itself made some, and the database is in trouble.
                tokio::time::sleep(STORE_PAUSE.unsigned_abs()).await;
            }
        }
    }
}

async fn push_due(shared: &Shared) -> Result<Option<Timestamp>, Problem> {
    shared.mind_the_clock()?;
    if !shared.paused()? {
        push::drift::look_when_due(shared)?;
    }
    create::push_due(shared, false).await?;
    push::push_due(shared, false).await?;
    if shared.paused()? {
        return Ok(None);
    }
    shared.store.read(|tx| {
        let next = push::next(shared, tx)?.map(|pending| pending.due);
        Ok(next.into_iter().chain(create::next(shared, tx)?).min())
    })
}

fn nap_until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let left = next.map_or(NAP, |next| {
        Duration::try_from(next.duration_since(now)).unwrap_or_default()
    });
    left.clamp(Duration::from_millis(50), NAP)
}
