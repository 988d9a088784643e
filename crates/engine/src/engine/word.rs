//! The person's word about one meeting: try again, leave it, bond it, take back what was done, agree or refuse.

use jiff::Timestamp;
use reconvene_core::id::MeetingId;
use reconvene_core::plan::{Proof, Reason};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{ActivityEntry, PlannedAction, Remedy};
use rusqlite::Transaction;

use super::{Engine, not_signed_in, unknown};
use crate::plan::{self, Dossier};
use crate::push::consent;
use crate::store::outbox::{self, Pending, Undo};
use crate::store::{accounts, activity, events, meetings};
use crate::{preview, push};

impl Engine {
    /// Tries a failed or waiting action again now, and agrees to it where the person was asked.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown meeting; those of the database.
    pub fn retry(&self, meeting: MeetingId) -> Result<(), Problem> {
        self.decide_anew(meeting, |tx, now| {
            consent::agree(tx, meeting, &self.shared.plan_settings(tx)?, now)?;
            self.shared.hurry(tx, now)
        })
    }

    /// Leaves a meeting as it is until its event changes again. A held deletion is refused by it.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown meeting; those of the database.
    pub fn ignore(&self, meeting: MeetingId) -> Result<(), Problem> {
        if self.shared.store.write(|tx| forgotten(tx, meeting))? {
            return Ok(());
        }
        self.decide_anew(meeting, |tx, _| self.leave(tx, meeting))
    }

    /// The person says that a meeting was made for the event that points at it: from now on it follows that event. A
    /// meeting that was never read is read first, because a room, or what somebody else hosts, is never bonded.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown meeting, or one that cannot be bonded; the provider's failure; those of the database.
    pub async fn bond(&self, meeting: MeetingId) -> Result<(), Problem> {
        let shared = &self.shared;
        let known = shared.store.read(|tx| meetings::get(tx, meeting))?;
        let known = known.ok_or_else(|| unknown("meeting", &meeting.to_string()))?;
        let mut read = None;
        if known.seen.is_none()
            && let Some(asked) = shared.store.read(|tx| push::addressees(tx, meeting))?
        {
            read = preview::look(shared, &asked, shared.now()).await?;
            if read.is_none() {
                let waits = asked
                    .accounts
                    .into_iter()
                    .find_map(|account| account.health.problem);
                return Err(waits.unwrap_or_else(|| not_bondable(meeting, Reason::NoAccount)));
            }
        }
        let now = shared.now();
        let bonded = shared.store.write(|tx| {
            if let Some(seen) = &read {
                plan::seen(tx, meeting, seen, now)?;
            }
            let settings = shared.plan_settings(tx)?;
            let Some(dossier) = Dossier::of(tx, meeting)? else {
                return Ok(Err(unknown("meeting", &meeting.to_string())));
            };
            let rows = match dossier.bondable(&settings, now) {
                Ok(rows) => rows,
                Err(reason) => return Ok(Err(not_bondable(meeting, reason))),
            };
            for row in rows {
                events::bond(tx, row, Proof::Said)?;
            }
            plan::hand_on_proofs(tx, meeting)?;
            // To follow its event is one thing; that its other dates go is asked for by itself.
            if Dossier::of(tx, meeting)?.is_some_and(|bonded| bonded.gives_dates_up()) {
                meetings::set_asks(tx, meeting, true)?;
            }
            meetings::set_unbonded(tx, meeting, false)?;
            meetings::set_ignored(tx, meeting, false)?;
            meetings::set_problem(tx, meeting, None)?;
            shared.replan_in(tx, meeting)?;
            outbox::asked(tx, meeting).map(Ok)
        })?;
        shared.nudge.notify_one();
        bonded
    }

    /// Leaves a meeting alone, whatever becomes of its event, until it is bonded again.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown meeting; those of the database.
    pub fn unbond(&self, meeting: MeetingId) -> Result<(), Problem> {
        self.decide_anew(meeting, |tx, _| {
            plan::unbond(tx, meeting)?;
            self.shared.replan_in(tx, meeting)
        })
    }

    /// Takes back what was done to a meeting: `what` is the entry that tells of it (`e12`), or the meeting (`m3`) for its
    /// newest entry. An update is written back, a deleted meeting recovered. The meeting is then left alone until its event
    /// changes again. Returns the entries that tell what came of it; when it has to wait, that is none.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for what cannot be undone, any more or at all; [`Code::NotSignedIn`] when the meeting's host is
    /// not signed in; [`Code::Held`] in a preview; those of the database. What the provider refuses is in the entry.
    pub async fn undo(&self, what: &str) -> Result<Vec<ActivityEntry>, Problem> {
        let shared = &self.shared;
        let now = shared.now();
        let last = self.activity(1, None)?.first().map(|entry| entry.id);
        let begun = shared.store.write(|tx| {
            if shared.previews(tx)? {
                return Ok(Err(in_preview()));
            }
            let found = activity::undoable(tx, what.parse().ok(), what.parse().ok())?;
            let found = found.map(|(entry, reversal)| (entry.at(now), reversal));
            let Some((entry, reversal)) = found.filter(|(entry, _)| entry.remedies.contains(&Remedy::Undo))
            else {
                return Ok(Err(not_undoable(what)));
            };
            let service = plan::service_of(&reversal.target);
            let hosts = accounts::of(tx, service)?;
            if !hosts
                .iter()
                .any(|account| account.subject == reversal.before.host)
            {
                return Ok(Err(not_signed_in(
                    service,
                    "Connect the host of the meeting under Accounts.",
                )));
            }
            let undo = Undo {
                of: entry.id,
                title: entry.title,
                reversal,
            };
            plan::undo(tx, &undo, now).map(Ok)
        })?;
        push::push_undo(shared, begun?).await?;
        shared.store.read(|tx| activity::after(tx, last))
    }

    /// Agrees to what waits for the person's word, held deletions and meetings to be brought in step: for the given
    /// meetings, or for all when none is given.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for a meeting that does not wait for a word; those of the database.
    pub fn approve(&self, chosen: &[MeetingId]) -> Result<(), Problem> {
        self.answer(chosen, |tx, meeting, now| {
            if meetings::get(tx, meeting)?.is_some_and(|known| known.asks) {
                consent::agree(tx, meeting, &self.shared.plan_settings(tx)?, now)?;
            }
            outbox::approve(tx, meeting)?;
            outbox::due_now(tx, meeting, now)?;
            activity::settle(tx, meeting)
        })
    }

    /// Says no to what waits for the person's word, for the given meetings or for all when none is given: they stay as
    /// they are.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for a meeting that does not wait for a word; those of the database.
    pub fn refuse(&self, chosen: &[MeetingId]) -> Result<(), Problem> {
        self.answer(chosen, |tx, meeting, _| self.leave(tx, meeting))
    }

    /// One word for all of them: it is kept for each, or for none.
    fn answer(
        &self,
        chosen: &[MeetingId],
        work: impl Fn(&Transaction<'_>, MeetingId, Timestamp) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let now = self.shared.now();
        let answered = self.shared.store.write(|tx| match held(tx, chosen)? {
            Ok(held) => held
                .into_iter()
                .try_for_each(|meeting| work(tx, meeting, now))
                .map(Ok),
            Err(problem) => Ok(Err(problem)),
        })?;
        self.shared.nudge.notify_one();
        answered
    }

    fn leave(&self, tx: &Transaction<'_>, meeting: MeetingId) -> rusqlite::Result<()> {
        plan::call_off_undo(tx, meeting)?;
        meetings::set_problem(tx, meeting, None)?;
        meetings::set_asks(tx, meeting, false)?;
        meetings::set_ignored(tx, meeting, true)?;
        activity::settle(tx, meeting)?;
        let is_look = |row: Pending| row.action == PlannedAction::Look;
        if outbox::get(tx, meeting)?.is_some_and(is_look) {
            outbox::strike(tx, meeting)?;
        }
        self.shared.replan_in(tx, meeting)
    }

    fn decide_anew(
        &self,
        meeting: MeetingId,
        work: impl FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let now = self.shared.now();
        let known = self.shared.store.write(|tx| match meetings::get(tx, meeting)? {
            Some(_) => work(tx, now).map(|()| true),
            None => Ok(false),
        })?;
        self.shared.nudge.notify_one();
        if known {
            Ok(())
        } else {
            Err(unknown("meeting", &meeting.to_string()))
        }
    }
}

/// The chosen ones of what waits for the person's word, or all of it.
fn held(tx: &Transaction<'_>, chosen: &[MeetingId]) -> rusqlite::Result<Result<Vec<MeetingId>, Problem>> {
    let mut held: Vec<MeetingId> = outbox::all(tx)?
        .into_iter()
        .filter(|pending| pending.held)
        .map(|pending| pending.meeting)
        .collect();
    held.extend(consent::asking(tx)?);
    Ok(match chosen.iter().find(|meeting| !held.contains(meeting)) {
        _ if chosen.is_empty() => Ok(held),
        None => Ok(chosen.to_vec()),
        Some(other) => Err(Problem::lasting(
            Code::BadUsage,
            format!("Nothing about {other} waits for your word."),
            "`reconvene status` lists what does.",
        )),
    })
}

/// Closes what still waits for the person about a meeting that was forgotten since; says whether anything did.
fn forgotten(tx: &Transaction<'_>, meeting: MeetingId) -> rusqlite::Result<bool> {
    if meetings::get(tx, meeting)?.is_some() {
        return Ok(false);
    }
    activity::settle(tx, meeting)?;
    Ok(tx.changes() > 0)
}

fn not_bondable(meeting: MeetingId, reason: Reason) -> Problem {
    Problem::lasting(
        Code::BadUsage,
        format!(
            "{meeting} cannot be made to follow an event. {}",
            reason.sentence()
        ),
        "",
    )
}

fn in_preview() -> Problem {
    Problem::lasting(
        Code::Held,
        "This is a preview: nothing is written.",
        "Switch the preview off in the settings first.",
    )
}

fn not_undoable(what: &str) -> Problem {
    Problem::lasting(
        Code::BadUsage,
        format!("There is nothing about {what} that can be undone."),
        "`reconvene activity` shows what can be: the last change of a meeting, until its event changes again, and a deletion for \
         seven days.",
    )
}
