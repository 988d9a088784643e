//! The person's word: before the first write after connecting; before a meeting found to repeat, at first or since, is made
//! a single one; and, if they want to be asked, before a change made at the provider is undone. What asks is shown with both
//! values and left as it is until then.

use jiff::Timestamp;
use reconvene_core::amend::{amend, between};
use reconvene_core::event::{Schedule, Times};
use reconvene_core::id::MeetingId;
use reconvene_core::meeting::{Carry, Meeting, Nature};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Change, Outcome, PlannedAction, Remedy};
use rusqlite::{Connection, Transaction};

use super::Attempt;
use crate::choices;
use crate::plan;
use crate::shared::Shared;
use crate::store::activity::{self, Draft};
use crate::store::meetings::{self, Known};
use crate::store::{accounts, calendars, creations, outbox};

impl Attempt<'_> {
    /// Keeps that the meeting asks, where what was just read of it raises the question. It is kept together with the reading:
    /// an attempt that ends in between must not leave a meeting that looks known and asks nothing.
    pub(super) fn raise_question(
        &self,
        tx: &Connection,
        known: Option<&Known>,
        seen: &Meeting,
        wanted: &Schedule,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        // Whoever hosts it writes it, whichever account has shown it.
        let hosts = accounts::of(tx, self.account.service)?;
        let host = hosts.iter().find(|account| account.subject == seen.host);
        let looks = self.first_look || self.pending.action == PlannedAction::Look;
        let before_us = looks
            && !host.unwrap_or(&self.account).agreed
            && !(self.first_look && creations::is_ours(tx, self.account.service, &self.number)?);
        let changed = known.is_some_and(|known| match &known.seen {
            Some(before) => changed_since(before, seen, now),
            // It had vanished, and is back: how it was before is not known any more.
            None => known.found && known.is_gone(),
        });
        let ask_on_drift = choices::current(tx, &self.shared.session.config)?.ask_on_drift;
        let drifted = changed && (ask_on_drift || before_us) && self.pending.action == PlannedAction::Look;
        let repeats_since = !self.repeated && gives_dates_up(seen, wanted);
        let carry = self.shared.plan_settings(tx)?.carry;
        if !differs(seen, wanted, carry, now) {
            return Ok(());
        }
        if drifted && !repeats_since {
            return meetings::ask_about_drift(tx, self.pending.meeting);
        }
        match before_us || repeats_since {
            true => meetings::set_asks(tx, self.pending.meeting, true),
            false => Ok(()),
        }
    }

    /// Keeps that the meeting was changed at its provider while nobody understands its event: once that is understood, what was
    /// read now is all that is known of how it was.
    pub(super) fn note_drift(
        &self,
        tx: &Connection,
        known: Option<&Known>,
        seen: &Meeting,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let before = known.and_then(|known| known.seen.as_ref());
        let changed = before.is_some_and(|before| changed_since(before, seen, now));
        if changed && choices::current(tx, &self.shared.session.config)?.ask_on_drift {
            meetings::ask_about_drift(tx, self.pending.meeting)?;
        }
        Ok(())
    }

    /// Why the meeting, found to differ from its event, is not brought in step without the person; none when it is.
    pub(super) fn question(&self, seen: &Meeting, wanted: &Schedule) -> Result<Option<Problem>, Problem> {
        let meeting = self.pending.meeting;
        let (known, carry) = self.shared.store.read(|tx| {
            let carry = self.shared.plan_settings(tx)?.carry;
            Ok((meetings::get(tx, meeting)?, carry))
        })?;
        let Some(known) = known.filter(|known| known.asks) else {
            return Ok(None);
        };
        if !differs(seen, wanted, carry, self.shared.now()) {
            return Ok(None);
        }
        // A question that waits for its answer stays the same.
        let drifted = match known.problem.map(|problem| problem.code) {
            Some(Code::Drifted) => true,
            Some(Code::OutOfStepBefore) => false,
            _ => known.drifted,
        };
        let (code, message, hint) = if drifted {
            (
                Code::Drifted,
                "The meeting was changed at Zoom and now differs from its event.",
                "Bring it in step with the event, or leave it as it is.",
            )
        } else if gives_dates_up(seen, wanted) {
            (
                Code::OutOfStepBefore,
                "The meeting repeats at Zoom, and its event does not.",
                "Bring it in step with the event, and its other dates go; or leave it as it is.",
            )
        } else {
            (
                Code::OutOfStepBefore,
                "The meeting differed from its event when Reconvene first saw it.",
                "Bring it in step with the event, or leave it as it is.",
            )
        };
        Ok(Some(Problem::lasting(code, message, hint)))
    }

    /// Shows the question, and lets the meeting be.
    pub(super) fn ask(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        seen: &Meeting,
        problem: Problem,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        meetings::seen(tx, id, seen, now)?;
        match problem.code {
            Code::Drifted => meetings::ask_about_drift(tx, id)?,
            _ => meetings::set_asks(tx, id, true)?,
        }
        meetings::set_problem(tx, id, Some(&problem))?;
        let draft = Draft {
            outcome: Outcome::NeedsYou,
            problem: Some(problem),
            remedies: vec![Remedy::Fix, Remedy::Ignore],
            ..draft
        };
        activity::write(tx, self.pending.entry, &draft, now)?;
        outbox::strike(tx, id)
    }
}

/// Whether to bring a meeting in step would take dates away that somebody may have made on purpose.
fn gives_dates_up(seen: &Meeting, wanted: &Schedule) -> bool {
    seen.nature == Nature::Recurring && matches!(wanted.times, Times::Once { .. })
}

/// Whether they differ in what is worth a question. The zone in which the host sees the meeting changes nothing for anybody.
fn differs(seen: &Meeting, wanted: &Schedule, carry: Carry, now: Timestamp) -> bool {
    let changes = amend(seen, wanted, carry, now).changes;
    changes
        .iter()
        .any(|change| !matches!(change, Change::Zone { .. }))
}

/// Whether what lies ahead of a meeting was changed at its provider between two readings. That dates of it have passed, or
/// that its event wants more of them by now, is no change.
fn changed_since(before: &Meeting, seen: &Meeting, now: Timestamp) -> bool {
    let ahead = |meeting: &Meeting| {
        let mut meeting = meeting.clone();
        meeting.occurrences.retain(|date| date.start > now);
        meeting
    };
    let changes = between(&ahead(before), &ahead(seen));
    changes
        .iter()
        .any(|change| !matches!(change, Change::Zone { .. }))
}

/// Takes an account for agreed once every watched calendar was read, every meeting of its service looked at, and nothing is
/// left that asks: from then on an edit is carried over without a word.
pub(super) fn settle(shared: &Shared) -> Result<(), Problem> {
    let waiting = shared.store.read(|tx| {
        let mut waiting = accounts::all(tx)?;
        waiting.retain(|account| !account.agreed);
        Ok(if waiting.is_empty() || is_looked_at(tx)? {
            waiting
        } else {
            Vec::new()
        })
    })?;
    // Only when there is something to write: each write wakes whoever follows the store.
    waiting
        .into_iter()
        .try_for_each(|account| shared.store.write(|tx| accounts::agree(tx, account.id)))
}

fn is_looked_at(tx: &Connection) -> rusqlite::Result<bool> {
    let watched = calendars::watched(tx)?;
    let read = watched
        .iter()
        .any(|calendar| calendar.health.last_success.is_some())
        && watched
            .iter()
            .all(|calendar| calendar.health.last_success.is_some() || !calendar.available);
    let idle = outbox::all(tx)?
        .iter()
        .all(|pending| pending.action == PlannedAction::Delete);
    Ok(read && idle && meetings::asking(tx)?.is_empty())
}

/// The meetings that ask the person whether to be brought in step. One that is to go asks about that instead.
pub(crate) fn asking(tx: &Connection) -> rusqlite::Result<Vec<MeetingId>> {
    let mut asking = meetings::asking(tx)?;
    let going: Vec<MeetingId> = outbox::all(tx)?
        .into_iter()
        .filter(|pending| pending.action == PlannedAction::Delete)
        .map(|pending| pending.meeting)
        .collect();
    asking.retain(|meeting| !going.contains(meeting));
    Ok(asking)
}

/// The person agrees that a meeting be brought in step.
pub(crate) fn agree(
    tx: &Transaction<'_>,
    meeting: MeetingId,
    settings: &reconvene_core::plan::Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    meetings::set_asks(tx, meeting, false)?;
    meetings::set_problem(tx, meeting, None)?;
    meetings::set_ignored(tx, meeting, false)?;
    activity::settle(tx, meeting)?;
    plan::replan(tx, meeting, settings, now)?;
    outbox::asked(tx, meeting)
}
