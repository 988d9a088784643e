//! Looking closer: events asked for one by one, because a listing did not show them or showed what nobody understands.

use reconvene_core::event::Observation;
use reconvene_core::problem::Code;
use rusqlite::Transaction;

use super::pages::obey;
use super::{PATIENCE, Pass, Stopped};
use crate::calendar::{self, Odd};
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Riddle, Source};
use crate::store::events::{self, Puzzle};

/// Asks for one event that a full list did not show. An answer that proves nothing leaves the event as it is known, and
/// says so.
pub(super) async fn look_up(pass: &Pass<'_>, google_id: &str) -> Result<Looked, Failure> {
    obey(pass)?;
    let (session, calendar) = (&pass.shared.session, pass.calendar);
    match calendar::event(session, pass.account, calendar, google_id).await {
        Ok(found) => Ok(Looked::Row(calendar::or_gone(found, google_id))),
        Err(failure) if failure.problem.code == Code::EventNotUnderstood => Ok(Looked::Odd),
        Err(failure) => match failure.kind {
            FailureKind::Limited(_) | FailureKind::Account => Err(failure),
            // Worth another pass, but not for ever: one event must not stall its calendar (P10). After that it shows that
            // nothing is known of it. Google's refusals of single requests have been seen to pass, too.
            FailureKind::Passing | FailureKind::Final if calendar.failures < PATIENCE => Err(failure),
            _ => Ok(Looked::Odd),
        },
    }
}

/// What asking for one event brought.
pub(super) enum Looked {
    /// The event, or that it is gone.
    Row(Observation),
    /// Nothing that proves anything: it is not understood, or it is refused for good.
    Odd,
}

/// What became of rows that were not understood.
#[derive(Default)]
pub(super) struct Cleared {
    /// Asked for one by one, these were understood.
    pub(super) rows: Vec<Observation>,
    /// The known events that stay a riddle.
    pub(super) odd: Vec<Riddle>,
}

impl Cleared {
    pub(super) fn tells_of(&self, google_id: &str) -> bool {
        self.odd.iter().any(|riddle| riddle.google_id == google_id)
            || self.rows.iter().any(|row| row.google_id() == google_id)
    }

    pub(super) fn take_over(&self, of: &Pass<'_>, tx: &Transaction<'_>, pass: i64) -> rusqlite::Result<()> {
        let (shared, calendar) = (of.shared, of.calendar);
        let (settings, now) = (shared.plan_settings(tx)?, shared.now());
        plan::observe(tx, calendar.id, pass, (&self.rows, Source::Asked), &settings, now)?;
        plan::not_understood(tx, calendar.id, pass, &self.odd, &settings, now)
    }
}

/// Asks once more, one by one, for those events that point at a meeting, or are dates of a series that does, and came in a
/// row that was not understood.
pub(super) async fn look_closer(pass: &Pass<'_>, odd: &[Odd]) -> Result<Cleared, Stopped> {
    let (shared, calendar) = (pass.shared, pass.calendar);
    let mut cleared = Cleared::default();
    for Odd {
        google_id,
        series,
        closed,
    } in odd
    {
        let concerned = shared.store.read(|tx| {
            for id in [Some(google_id), series.as_ref()].into_iter().flatten() {
                if events::get(tx, calendar.id, id)?.is_some() {
                    return Ok(Some(id.clone()));
                }
            }
            Ok(None)
        })?;
        let Some(concerned) = concerned else {
            // Nothing is known of it, so nothing can be out of step.
            tracing::warn!(calendar = %calendar.id, "a row was not understood");
            continue;
        };
        match look_up(pass, google_id).await? {
            Looked::Row(observation) => cleared.rows.push(observation),
            Looked::Odd => cleared.odd.push(Riddle {
                about: match concerned == *google_id {
                    true if *closed => Puzzle::Closed,
                    true => Puzzle::Itself,
                    false => Puzzle::OfADate,
                },
                google_id: concerned,
            }),
        }
    }
    Ok(cleared)
}
