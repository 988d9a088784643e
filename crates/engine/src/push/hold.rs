//! The guard against mass deletion (P8).

use jiff::Timestamp;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, Remedy};
use rusqlite::Transaction;

use crate::plan::{self, Dossier};
use crate::store::activity::{self, Draft};
use crate::store::outbox::{self, Pending};

/// Holds all deletions that wait together when they are more than `limit` (P8), and says whether it did. Those still in
/// their grace period count: what is cancelled within minutes belongs together.
pub(super) fn hold_if_many(tx: &Transaction<'_>, limit: u32, now: Timestamp) -> rusqlite::Result<bool> {
    let waiting = outbox::unapproved_deletions(tx)?;
    if waiting.len() <= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(false);
    }
    for pending in waiting.iter().filter(|pending| !pending.held) {
        hold(tx, pending, waiting.len(), now)?;
    }
    Ok(true)
}

/// Holds a deletion, one of `together`, until the person agrees.
fn hold(tx: &Transaction<'_>, pending: &Pending, together: usize, now: Timestamp) -> rusqlite::Result<()> {
    let Some(dossier) = Dossier::of(tx, pending.meeting)? else {
        return outbox::strike(tx, pending.meeting);
    };
    let draft = Draft {
        meeting: Some(pending.meeting),
        title: dossier.title(),
        service: plan::service_of(&dossier.known.target),
        outcome: Outcome::NeedsYou,
        changes: Vec::new(),
        problem: Some(Problem::lasting(
            Code::Held,
            format!(
                "{together} events were cancelled together, so their meetings are not deleted without you."
            ),
            "Agree to delete the meetings, or keep them.",
        )),
        answer: None,
        attempts: pending.attempts,
        next_try: None,
        remedies: vec![Remedy::Approve, Remedy::Ignore],
    };
    let entry = activity::write(tx, pending.entry, &draft, now)?;
    outbox::hold(tx, pending.meeting, entry)
}
