//! Deletions that wait for the person's word: many at once (P8), and the first for a host.

use jiff::Timestamp;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, Remedy};
use rusqlite::Transaction;

use crate::plan::{self, Dossier};
use crate::store::accounts;
use crate::store::activity::{self, Draft};
use crate::store::outbox::{self, Pending};

/// Holds a deletion, and says whether it did, when it would be the first write for its host (what is written first waits for
/// the person's word), or when more than `limit` wait together (P8).
pub(super) fn hold_back(
    tx: &Transaction<'_>,
    pending: &Pending,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    if is_first(tx, pending)? {
        hold(tx, pending, first(), now)?;
        return Ok(true);
    }
    hold_if_many(tx, limit, now)
}

/// Whether nothing was agreed to yet for whoever may host the meeting.
fn is_first(tx: &Transaction<'_>, pending: &Pending) -> rusqlite::Result<bool> {
    let Some(dossier) = Dossier::of(tx, pending.meeting)? else {
        return Ok(false);
    };
    let host = dossier.known.seen.as_ref().map(|seen| &seen.host);
    let mut hosts = accounts::of(tx, plan::service_of(&dossier.known.target))?;
    hosts.retain(|account| host.is_none_or(|host| account.subject == *host));
    Ok(hosts.iter().all(|account| !account.agreed))
}

/// Holds all deletions that wait together when they are more than `limit`. Those still in their grace period count: what is
/// cancelled within minutes belongs together.
fn hold_if_many(tx: &Transaction<'_>, limit: u32, now: Timestamp) -> rusqlite::Result<bool> {
    let waiting = outbox::unapproved_deletions(tx)?;
    if waiting.len() <= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(false);
    }
    for pending in waiting.iter().filter(|pending| !pending.held) {
        hold(tx, pending, many(waiting.len()), now)?;
    }
    Ok(true)
}

/// Holds a deletion until the person agrees.
fn hold(tx: &Transaction<'_>, pending: &Pending, why: Problem, now: Timestamp) -> rusqlite::Result<()> {
    let Some(dossier) = Dossier::of(tx, pending.meeting)? else {
        return outbox::strike(tx, pending.meeting);
    };
    let draft = Draft {
        meeting: Some(pending.meeting),
        title: dossier.title(),
        service: plan::service_of(&dossier.known.target),
        outcome: Outcome::NeedsYou,
        changes: Vec::new(),
        problem: Some(why),
        answer: None,
        attempts: pending.attempts,
        next_try: None,
        remedies: vec![Remedy::Approve, Remedy::Ignore],
    };
    let entry = activity::write(tx, pending.entry, &draft, now)?;
    outbox::hold(tx, pending.meeting, entry)
}

fn many(together: usize) -> Problem {
    Problem::lasting(
        Code::Held,
        format!("{together} events were cancelled together, so their meetings are not deleted without you."),
        "Agree to delete the meetings, or keep them.",
    )
}

fn first() -> Problem {
    Problem::lasting(
        Code::Held,
        "The event was cancelled before you had agreed to what Reconvene does at its provider, so its meeting is not deleted \
         without you.",
        "Agree to delete the meeting, or keep it.",
    )
}
