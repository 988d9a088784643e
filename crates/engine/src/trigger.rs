//! Triggers: when to pull and when to push. Two loops, each asleep until something is due, never trusting a timer for
//! more than a minute of wall time, because timers stand still while a laptop sleeps.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::CalendarId;
use reconvene_core::problem::Problem;
use reconvene_core::report::Service;
use tokio_util::sync::CancellationToken;

use crate::engine::Inner;
use crate::failure::later;
use crate::store::calendars::Calendar;
use crate::store::{accounts, calendars, outbox, settings};
use crate::{pull, push};

/// The longest nap.
const NAP: Duration = Duration::from_secs(60);

/// The pause after a failure of the database itself.
const STORE_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Calendar lists are read anew so often: new calendars appear, access changes without notice.
const LIST_AGE: SignedDuration = SignedDuration::from_hours(1);

/// At most so many calendars are read at the same time.
const TOGETHER: usize = 4;

/// Runs both loops until `stop` is cancelled, then lets a refresh under way reach the keyring.
pub(crate) async fn run(engine: &Arc<Inner>, stop: CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = futures::future::join(pulling(engine), pushing(engine)) => {}
    }
    engine.session.tokens.settled().await;
}

async fn pulling(engine: &Inner) {
    loop {
        let next = pull_due(engine).await.unwrap_or_else(|problem| {
            tracing::error!(code = ?problem.code, "pull");
            Some(later(engine.now(), STORE_PAUSE))
        });
        let nap = nap_until(next, engine.now());
        tokio::select! {
            biased;
            () = engine.nudge.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }
}

/// Reads every calendar that is due; says when the next one is.
async fn pull_due(engine: &Inner) -> Result<Option<Timestamp>, Problem> {
    if engine.paused()? {
        return Ok(None);
    }
    relist(engine).await?;
    let now = engine.now();
    let watched = engine.store.read(calendars::watched)?;
    let due: Vec<CalendarId> = watched
        .iter()
        .filter(|calendar| is_due(calendar, now))
        .map(|calendar| calendar.id)
        .collect();
    let passes = futures::stream::iter(due).map(|id| pull::pass(engine, id));
    // Failures are noted with their calendar; one never stops the others (P10).
    passes
        .buffer_unordered(TOGETHER)
        .for_each(|_| std::future::ready(()))
        .await;
    // One that is still due could not even note its failure: the database is in trouble, and must not be hammered.
    let soon = later(engine.now(), STORE_PAUSE);
    let watched = engine.store.read(calendars::watched)?;
    let next = |calendar: &Calendar| {
        calendar
            .health
            .next_try
            .filter(|next| *next > now)
            .unwrap_or(soon)
    };
    Ok(watched.iter().map(next).min())
}

/// Due by its time; or because the clock was set back, which would put it off for as long.
fn is_due(calendar: &Calendar, now: Timestamp) -> bool {
    let health = &calendar.health;
    health.next_try.is_none_or(|next| next <= now) || health.last_attempt.is_some_and(|last| last > now)
}

async fn relist(engine: &Inner) -> Result<(), Problem> {
    let now = engine.now();
    let last = engine
        .store
        .read(|tx| settings::get(tx, "listed"))?
        .and_then(|text| text.parse::<Timestamp>().ok());
    if last.is_some_and(|last| last <= now && now.duration_since(last) < LIST_AGE) {
        return Ok(());
    }
    for account in engine.store.read(|tx| accounts::of(tx, Service::Google))? {
        if account.health.next_try.is_none_or(|next| next <= now) {
            // Noted with the account.
            let _ = engine.list_calendars(&account).await;
        }
    }
    engine
        .store
        .write(|tx| settings::set(tx, "listed", &now.to_string()))
}

async fn pushing(engine: &Inner) {
    let mut changes = engine.store.changes();
    loop {
        changes.mark_unchanged();
        let next = push_due(engine).await.unwrap_or_else(|problem| {
            tracing::error!(code = ?problem.code, "push");
            Some(later(engine.now(), STORE_PAUSE))
        });
        let nap = nap_until(next, engine.now());
        tokio::select! {
            biased;
            _ = changes.changed() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }
}

async fn push_due(engine: &Inner) -> Result<Option<Timestamp>, Problem> {
    push::push_due(engine, false).await?;
    if engine.paused()? {
        return Ok(None);
    }
    Ok(engine.store.read(outbox::next)?.map(|pending| pending.due))
}

fn nap_until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let left = next.map_or(NAP, |next| {
        Duration::try_from(next.duration_since(now)).unwrap_or_default()
    });
    left.clamp(Duration::from_millis(50), NAP)
}
