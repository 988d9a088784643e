//! What was decided about a meeting becomes a row of the outbox, or takes one away.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::MeetingId;
use reconvene_core::plan::{Decision, Settings};
use reconvene_core::report::PlannedAction;
use rusqlite::Connection;

use super::Dossier;
use super::undo::host_left;
use crate::store::events::{self, Stored};
use crate::store::outbox::Pending;
use crate::store::{activity, meetings, outbox};

/// A series waits so long for the end of a full pass, which may have shown one half of it alone, unless that comes before.
const PASS_UNDER_WAY: SignedDuration = SignedDuration::from_mins(5);

/// Decides anew about one meeting and puts the outbox right.
pub(crate) fn replan(
    tx: &Connection,
    meeting: MeetingId,
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(dossier) = Dossier::of(tx, meeting)? else {
        return Ok(());
    };
    if let Some(pending) = outbox::get(tx, meeting)?
        && let Some(undo) = &pending.undo
    {
        if dossier.hosts.contains(&undo.reversal.before.host) {
            // The person's word comes first, until the event says something new.
            return Ok(());
        }
        host_left(tx, &pending, undo, now)?;
    }
    let decision = dossier.decide(settings, now);
    if dossier.known.problem.is_some() && !matches!(decision, Decision::Forget) {
        if looks_again(tx, meeting)? {
            return Ok(());
        }
        // It ended without success, and waits for an edit or for the person.
        return drop_action(tx, meeting);
    }
    match decision {
        Decision::Look => outbox::put(tx, meeting, PlannedAction::Look, now),
        // Whether it differs is not known before it was read.
        Decision::Update(_) if dossier.known.seen.is_none() && !half_done(tx, meeting)? => {
            outbox::put(tx, meeting, PlannedAction::Look, now)
        }
        Decision::Update(_) => {
            let grace = dossier.halves_settle_at(settings);
            let pass = now
                .checked_add(PASS_UNDER_WAY)
                .ok()
                .filter(|_| dossier.is_being_read());
            let due = [grace, pass].into_iter().flatten().max();
            outbox::put(
                tx,
                meeting,
                PlannedAction::Update,
                due.map_or(now, |due| due.max(now)),
            )
        }
        Decision::Delete { not_before } => {
            outbox::put(tx, meeting, PlannedAction::Delete, not_before.max(now))
        }
        // What was read before a write whose outcome nobody knows is no longer so: it is looked at once more.
        Decision::InStep if half_done(tx, meeting)? => outbox::put(tx, meeting, PlannedAction::Update, now),
        Decision::InStep if looks_again(tx, meeting)? => Ok(()),
        Decision::InStep | Decision::Leave(_) => drop_action(tx, meeting),
        // Its dates may be those that it had before.
        Decision::Forget if half_done(tx, meeting)? => outbox::put(tx, meeting, PlannedAction::Look, now),
        Decision::Forget => {
            drop_action(tx, meeting)?;
            forget(tx, &dossier)
        }
    }
}

/// Whether something was sent to the provider that was not read back yet.
fn half_done(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<bool> {
    Ok(outbox::get(tx, meeting)?.is_some_and(|pending| pending.written.is_some()))
}

/// Whether the meeting could not be had the last time that it was looked at, and waits to be looked at again.
fn looks_again(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<bool> {
    let waits = |row: Pending| row.action == PlannedAction::Look && row.attempts > 0;
    Ok(outbox::get(tx, meeting)?.is_some_and(waits))
}

/// Strikes an action that is not needed any more, and closes its entry.
pub(super) fn drop_action(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    if let Some(entry) = outbox::get(tx, meeting)?.and_then(|pending| pending.entry) {
        activity::supersede(tx, entry)?;
    }
    outbox::strike(tx, meeting)
}

/// Forgets the cancelled events of a meeting, and the meeting once nothing points at it. One that nothing pointed at before, as
/// when its calendar was unticked, is not forgotten while the person's word on it holds or is waited for.
pub(crate) fn forget(tx: &Connection, dossier: &Dossier) -> rusqlite::Result<()> {
    // Where nothing lives any more, a copy that says otherwise is out of date.
    let lives = |stored: &Stored| stored.gone_since.is_none() && !dossier.is_outdated(stored);
    let any_lives = dossier.links.iter().any(lives);
    let is_gone = |stored: &&Stored| stored.gone_since.is_some() || !any_lives;
    for stored in dossier.links.iter().filter(is_gone) {
        events::forget_with_dates(tx, stored)?;
    }
    let (known, id) = (&dossier.known, dossier.known.id);
    match dossier.links.is_empty() && (known.ignored || known.asks) {
        // Should an event point at it again, it may be another meeting by then.
        true if known.asks => meetings::unsee(tx, id),
        true => Ok(()),
        false => meetings::forget_unlinked(tx, id),
    }
}

/// Decides anew about every meeting whose change waits untried, as for a full pass to come to its end.
pub(crate) fn replan_waiting(tx: &Connection, settings: &Settings, now: Timestamp) -> rusqlite::Result<()> {
    for pending in outbox::all(tx)? {
        if pending.action == PlannedAction::Update && pending.attempts == 0 && pending.due > now {
            replan(tx, pending.meeting, settings, now)?;
        }
    }
    Ok(())
}

/// Decides anew about every meeting, as after an account came or went or a setting changed.
pub(crate) fn replan_all(tx: &Connection, settings: &Settings, now: Timestamp) -> rusqlite::Result<()> {
    for known in meetings::all(tx)? {
        replan(tx, known.id, settings, now)?;
    }
    Ok(())
}
