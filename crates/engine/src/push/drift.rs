//! Drift: a meeting changed at its provider makes no event change, so nothing would look at it. Each one that follows an
//! event is therefore read again on a slow timer, and when the person asks. So is one whose event was not understood, which
//! no later change may tell of. None is, while what its event says is old: a calendar that is lost, or was not read since the
//! machine slept, must not have a meeting changed back. Nor must a change that waited for longer than that be made before
//! its calendar was read again: another installation may have made it, and the next one, meanwhile (P14).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::CalendarId;
use reconvene_core::plan::{Decision, Reason};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::PlannedAction;
use rusqlite::Connection;

use crate::failure::{Failure, FailureKind};
use crate::plan::Dossier;
use crate::pull;
use crate::push::{Attempt, Stopped, addressees};
use crate::shared::Shared;
use crate::store::calendars::{self, Calendar};
use crate::store::meetings::{self, Known};
use crate::store::outbox::{self, Pending};

/// A meeting is read again so long after it was read last. A provider with a few thousand light requests a day has room
/// for hundreds of meetings (<https://developers.zoom.us/docs/api/rate-limits/>).
const EVERY: SignedDuration = SignedDuration::from_hours(6);

/// One whose event was not understood, or could not be had, is read again so soon: it may have been a bad moment.
const RIDDLES: SignedDuration = SignedDuration::from_mins(15);

/// What a calendar said is old after so long without a pass.
const OLD: SignedDuration = SignedDuration::from_mins(15);

/// Puts every meeting whose turn has come into the outbox, to be looked at.
pub(crate) fn look_when_due(shared: &Shared) -> Result<(), Problem> {
    let now = shared.now();
    look(shared, now.checked_sub(EVERY).unwrap_or(Timestamp::MIN))
}

/// Puts every meeting that follows an event into the outbox, to be looked at now.
pub(crate) fn look_at_all(shared: &Shared) -> Result<(), Problem> {
    look(shared, shared.now())
}

fn look(shared: &Shared, before: Timestamp) -> Result<(), Problem> {
    let now = shared.now();
    let due = shared.store.read(|tx| {
        let settings = shared.plan_settings(tx)?;
        let fresh = read_lately(tx, now)?;
        let mut due = Vec::new();
        let soon = now.checked_sub(RIDDLES).unwrap_or(before).max(before);
        for known in meetings::seen_before(tx, before, soon, now)? {
            let id = known.id;
            if before < now && shared.was_in_vain(id, soon) {
                continue;
            }
            let looks = |dossier: &Dossier| {
                // Whatever the person said about it, or refused it, an edit takes back, and a riddle may be one.
                let riddle = dossier.riddles().next().is_some();
                dossier.calendars().is_subset(&fresh)
                    && match dossier.decide(&settings, now) {
                        // It was not shown when it was first looked for.
                        Decision::Look => riddle || known.problem.is_some(),
                        // One that an event only leads to may agree with it by now.
                        Decision::InStep | Decision::Update(_) | Decision::Leave(Reason::NotBonded) => {
                            riddle || may_have_changed(&known)
                        }
                        _ => riddle,
                    }
            };
            let follows = outbox::get(tx, id)?.is_none()
                && Dossier::of(tx, id)?.as_ref().is_some_and(looks)
                && addressees(tx, id)?.is_some();
            if follows {
                due.push(id);
            }
        }
        Ok(due)
    })?;
    if due.is_empty() {
        return Ok(());
    }
    shared.store.write(|tx| {
        due.into_iter()
            .try_for_each(|id| outbox::put(tx, id, PlannedAction::Look, now))
    })
}

/// Whether what the events of a meeting say grew old while something waited to be done about it. A lost calendar is not
/// waited for with what it was last known to ask for; but for its sake nothing is looked at.
pub(super) fn is_late(shared: &Shared, pending: &Pending) -> Result<bool, Problem> {
    let now = shared.now();
    shared.store.read(|tx| {
        let mut fresh = read_lately(tx, now)?;
        if pending.action != PlannedAction::Look {
            let lost = calendars::watched(tx)?
                .into_iter()
                .filter(|calendar| !calendar.available);
            fresh.extend(lost.map(|calendar| calendar.id));
        }
        let dossier = Dossier::of(tx, pending.meeting)?;
        Ok(dossier.is_some_and(|dossier| !dossier.calendars().is_subset(&fresh)))
    })
}

impl Attempt<'_> {
    /// Reads the calendars of the meeting's events that were not read since an instant, or not by this process: what one that
    /// was killed left over may have been done by another installation, and the next thing as well (P14). While one cannot be
    /// read, the look waits: nobody knows whether it found a difference.
    pub(super) async fn read_since(&self, since: Timestamp) -> Result<(), Stopped> {
        let stale = self.shared.store.read(|tx| {
            let dossier = Dossier::of(tx, self.pending.meeting)?;
            let spoken_from = dossier.map(|dossier| dossier.calendars()).unwrap_or_default();
            let mut calendars = calendars::watched(tx)?;
            calendars.retain(|calendar| {
                let read = calendar.health.last_success.is_some_and(|last| last >= since);
                let fresh = read && self.shared.has_heard(calendar.id);
                // What is lost is not waited for; but for its sake nothing is looked at again.
                let again = self.pending.action == PlannedAction::Look && !self.first_look;
                let had = calendar.available || again;
                spoken_from.contains(&calendar.id) && had && !fresh
            });
            Ok(calendars)
        })?;
        for calendar in stale {
            let read = pull::pass(self.shared, calendar.id).await;
            read.map_err(|problem| Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)))?;
        }
        Ok(())
    }
}

/// The calendars whose events are known as they are now.
fn read_lately(tx: &Connection, now: Timestamp) -> rusqlite::Result<BTreeSet<CalendarId>> {
    let mut calendars = calendars::watched(tx)?;
    calendars.retain(|calendar| calendar.available && was_read_lately(calendar, now));
    Ok(calendars.into_iter().map(|calendar| calendar.id).collect())
}

/// What was said since then is not old.
pub(super) fn not_old(now: Timestamp) -> Timestamp {
    now.checked_sub(OLD).unwrap_or(Timestamp::MIN)
}

/// Whether what a calendar last said is not old.
pub(crate) fn was_read_lately(calendar: &Calendar, now: Timestamp) -> bool {
    let lately = |last: Timestamp| last >= not_old(now);
    calendar.health.last_success.is_some_and(lately)
}

/// A meeting that a refusal stopped waits for the person. One that could not be had in full, or differed, or was not there,
/// may be another by now.
fn may_have_changed(known: &Known) -> bool {
    known.problem.as_ref().is_none_or(|problem| {
        matches!(
            problem.code,
            Code::NotExpressible | Code::MeetingGone | Code::Drifted | Code::OutOfStepBefore
        )
    })
}
