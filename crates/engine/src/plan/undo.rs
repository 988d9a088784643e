//! Undo, before it is attempted: put into the outbox, called off, or lost with its host.

use jiff::Timestamp;
use reconvene_core::id::MeetingId;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Outcome;
use rusqlite::Connection;

use super::replan::drop_action;
use super::service_of;
use crate::store::activity::{self, Draft};
use crate::store::meetings;
use crate::store::outbox::{self, Pending, Undo};

/// Calls off what was to be taken back and is not yet: the event asks for something new, or the person thought better of it.
pub(crate) fn call_off_undo(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    match outbox::get(tx, meeting)?.and_then(|row| row.undo) {
        Some(_) => drop_action(tx, meeting),
        None => Ok(()),
    }
}

/// Puts into the outbox that something is to be taken back, whatever else was to be done to the meeting.
pub(crate) fn undo(tx: &Connection, undo: &Undo, now: Timestamp) -> rusqlite::Result<MeetingId> {
    let meeting = meetings::of(tx, &undo.reversal.target)?;
    drop_action(tx, meeting)?;
    activity::settle(tx, meeting)?;
    activity::settle_entry(tx, undo.of)?;
    outbox::put_undo(tx, meeting, undo, now)?;
    Ok(meeting)
}

/// Nothing is taken back for a host who signed out; the person hears it, and can ask for it anew.
pub(super) fn host_left(
    tx: &Connection,
    pending: &Pending,
    undo: &Undo,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let service = service_of(&undo.reversal.target);
    let problem = Problem::lasting(
        Code::NotSignedIn,
        format!("It was not taken back: you signed out of {}.", service.name()),
        "Sign in again and press Undo once more.",
    );
    let draft = Draft {
        meeting: Some(pending.meeting),
        title: undo.title.clone(),
        service,
        outcome: Outcome::Refused,
        changes: Vec::new(),
        problem: Some(problem),
        answer: None,
        attempts: pending.attempts,
        next_try: None,
        remedies: Vec::new(),
    };
    let entry = activity::write(tx, pending.entry, &draft, now)?;
    activity::offer_undo(tx, entry, &undo.reversal)?;
    outbox::strike(tx, pending.meeting)
}
