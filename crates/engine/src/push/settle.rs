//! How an attempt ended, written down: the activity entry, the outbox row, what is known of the meeting, and the
//! account's health, all in one transaction.

mod failed;
mod kept;

use jiff::Timestamp;
use reconvene_core::amend::between;
use reconvene_core::conference::Target;
use reconvene_core::id::EntryId;
use reconvene_core::meeting::Meeting;
use reconvene_core::plan::{Decision, Reason};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Change, Outcome, PlannedAction, Service};
use rusqlite::{Connection, Transaction};

pub(super) use self::kept::{closed_to_us, lost_from_sight, moved_out_of_sight};
use super::{Attempt, anew};
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Dossier};
use crate::store::activity::{self, Draft, Reversal};
use crate::store::outbox::Undo;
use crate::store::{accounts, meetings, outbox};

/// How an attempt ended.
pub(super) enum Ending {
    /// The meeting, as just read, already equals its event.
    InStep(Meeting),
    /// It differs, and the person is to be asked first.
    Asks { meeting: Meeting, problem: Problem },
    /// It was written and read back.
    Updated { after: Meeting, answer: Option<Answer> },
    /// It is gone, as it should be.
    Deleted(Option<Answer>),
    /// No account shows the meeting of a cancelled event, and none ever did.
    NeverSeen(Problem),
    /// The provider took the write and did not carry it out.
    Refused {
        after: Meeting,
        answer: Option<Answer>,
        problem: Problem,
    },
    /// It is as near to its event as the provider can hold; the problem says what differs.
    Nearest {
        after: Meeting,
        answer: Option<Answer>,
        problem: Problem,
    },
    /// No account shows a meeting that was only to be looked at.
    OutOfSight(Problem),
    /// It was called off, by the person or the event, when some of it may have been written.
    CalledOff { after: Meeting, answer: Option<Answer> },
    /// The person wants to see it before it is written.
    Previewed,
    /// What was to be done is not to be done any more; the outbox is right already or is put right now.
    Replanned,
    /// A request to the provider failed.
    Failed(Failure),
    /// Google could not be asked whether the event is really gone, so nothing was deleted.
    Unconfirmed(Failure),
}

impl Attempt<'_> {
    pub(super) fn settle(&self, ending: Ending) -> Result<(), Problem> {
        let now = self.shared.now();
        self.shared.store.write(|tx| {
            let Some(dossier) = Dossier::of(tx, self.pending.meeting)? else {
                return match (ending, &self.pending.undo) {
                    (Ending::Deleted(answer), _) => self.deleted_unattended(tx, answer, now),
                    (Ending::Updated { answer, .. }, Some(undo)) => {
                        self.undone_unattended(tx, undo, answer, now)
                    }
                    (Ending::Failed(failure), _) => self.heed(tx, &failure, now),
                    _ => Ok(()),
                };
            };
            let failed = matches!(ending, Ending::Failed(_) | Ending::Unconfirmed(_));
            self.write_down(tx, &dossier, ending, now)?;
            if !failed {
                accounts::went_well(tx, self.account.id, now, now)?;
            }
            Ok(())
        })
    }

    fn write_down(
        &self,
        tx: &Transaction<'_>,
        dossier: &Dossier,
        ending: Ending,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if let Some(undo) = &self.pending.undo {
            return self.write_down_undo(tx, dossier, undo, ending, now);
        }
        let id = self.pending.meeting;
        let draft = self.draft(dossier);
        if outbox::get(tx, id)?.is_some_and(|row| row.undo.is_some()) {
            return self.overtaken(tx, ending, draft, now);
        }
        match ending {
            Ending::InStep(meeting) => match self.changes(tx, &meeting)? {
                // An earlier attempt wrote it and did not live to read it back.
                changes if !changes.is_empty() => self.updated(tx, meeting, changes, draft, now),
                _ => {
                    // Nobody waits for what was only looked at.
                    let shown = !self.first_look && self.pending.action != PlannedAction::Look;
                    self.finish(
                        tx,
                        Draft {
                            outcome: Outcome::InStep,
                            ..draft
                        },
                        shown,
                        now,
                    )
                }
            },
            Ending::Updated { after, answer } => {
                let changes = self.changes(tx, &after)?;
                self.updated(tx, after, changes, Draft { answer, ..draft }, now)
            }
            Ending::Asks { .. } | Ending::OutOfSight(_) if self.is_outdated(tx, now)? => {
                anew(self.shared, tx, &self.pending)
            }
            Ending::Asks { meeting, problem } => {
                let known = &dossier.known;
                if known.asks && known.problem.as_ref() == Some(&problem) {
                    return self.still(tx, &meeting, now);
                }
                self.ask(tx, draft, &meeting, problem, now)
            }
            Ending::Deleted(answer) => {
                meetings::unsee(tx, id)?;
                // A series that has no date left lives on, and asks for nothing.
                let settings = self.shared.plan_settings(tx)?;
                let left = Dossier::of(tx, id)?.map(|left| left.decide(&settings, now));
                let spent = left == Some(Decision::Leave(Reason::Over));
                let draft = Draft {
                    outcome: Outcome::Deleted,
                    answer,
                    problem: spent.then(no_date_left),
                    ..draft
                };
                let entry = activity::write(tx, self.pending.entry, &draft, now)?;
                self.offer_undo(tx, entry, true)?;
                outbox::strike(tx, id)?;
                plan::forget(tx, dossier)?;
                // An event that came back while its meeting went has to be told.
                match Dossier::of(tx, id)? {
                    Some(left) if !left.links.is_empty() && !spent => {
                        self.tell_refusal(tx, draft, meeting_gone(), now)
                    }
                    _ => Ok(()),
                }
            }
            Ending::NeverSeen(problem) => {
                self.kept(tx, dossier, problem)?;
                outbox::strike(tx, id)?;
                plan::forget(tx, dossier)
            }
            Ending::Refused {
                after,
                answer,
                problem,
            } => {
                meetings::seen(tx, id, &after, now)?;
                self.refuse(tx, Draft { answer, ..draft }, problem, now)
            }
            Ending::Nearest {
                after,
                answer,
                problem,
            } => {
                let changes = self.changes(tx, &after)?;
                meetings::seen(tx, id, &after, now)?;
                let draft = Draft {
                    answer,
                    changes,
                    ..draft
                };
                let told = dossier.known.problem.as_ref() == Some(&problem);
                if draft.changes.is_empty() && told && !self.is_outdated(tx, now)? {
                    return self.still(tx, &after, now);
                }
                if problem.code == Code::InThePast {
                    return self.refuse(tx, draft, problem, now);
                }
                self.nearest(tx, draft, problem, now)
            }
            Ending::OutOfSight(problem) => {
                meetings::not_found(tx, id, now)?;
                meetings::set_problem(tx, id, Some(&problem))?;
                if let Some(entry) = self.pending.entry {
                    activity::supersede(tx, entry)?;
                }
                outbox::strike(tx, id)
            }
            Ending::CalledOff { after, answer } => {
                self.called_off(tx, &after, Draft { answer, ..draft }, now)
            }
            Ending::Previewed => {
                outbox::untried(tx, id)?;
                anew(self.shared, tx, &self.pending)
            }
            Ending::Replanned => anew(self.shared, tx, &self.pending),
            Ending::Failed(failure) => self.failed(tx, failure, draft, now),
            Ending::Unconfirmed(failure) => self.unconfirmed(tx, failure, draft, now),
        }
    }

    /// Google did not say what the write would rest on: it waits.
    pub(super) fn unconfirmed(
        &self,
        tx: &Transaction<'_>,
        failure: Failure,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let next = match failure.kind {
            FailureKind::Limited(until) => until,
            _ => self.backoff(now),
        };
        let draft = Draft {
            answer: failure.answer,
            service: Service::Google,
            ..draft
        };
        self.wait(tx, draft, Outcome::Waiting, failure.problem, next, now)
    }

    /// While it was under way the person wanted an earlier change taken back. That is still to be done; what came of this is
    /// told, and what must be heeded is.
    fn overtaken(
        &self,
        tx: &Transaction<'_>,
        ending: Ending,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match ending {
            Ending::InStep(after) | Ending::Asks { meeting: after, .. } => {
                self.called_off(tx, &after, draft, now)
            }
            Ending::Updated { after, answer }
            | Ending::CalledOff { after, answer }
            | Ending::Refused { after, answer, .. }
            | Ending::Nearest { after, answer, .. } => {
                self.called_off(tx, &after, Draft { answer, ..draft }, now)
            }
            Ending::Deleted(answer) => {
                outbox::strike(tx, self.pending.meeting)?;
                meetings::unsee(tx, self.pending.meeting)?;
                self.deleted_unattended(tx, answer, now)?;
                self.shared.replan_in(tx, self.pending.meeting)
            }
            Ending::Failed(failure) => self.heed(tx, &failure, now),
            Ending::NeverSeen(_)
            | Ending::OutOfSight(_)
            | Ending::Previewed
            | Ending::Replanned
            | Ending::Unconfirmed(_) => Ok(()),
        }
    }

    /// What had been written by then is told, and can be taken back.
    pub(super) fn called_off(
        &self,
        tx: &Transaction<'_>,
        after: &Meeting,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let changes = self.changes(tx, after)?;
        meetings::seen(tx, self.pending.meeting, after, now)?;
        if !changes.is_empty() {
            let draft = Draft {
                changes,
                problem: Some(half_done()),
                ..draft
            };
            let entry = activity::write(tx, None, &draft, now)?;
            self.offer_undo(tx, entry, false)?;
        }
        self.shared.replan_in(tx, self.pending.meeting)
    }

    /// It was called off, and the meeting forgotten, when the deletion had been sent: that is told all the same.
    fn deleted_unattended(
        &self,
        tx: &Transaction<'_>,
        answer: Option<Answer>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let title = self.pending.written.as_ref().map(|before| before.topic.clone());
        let draft = Draft {
            outcome: Outcome::Deleted,
            answer,
            ..self.draft_titled(title.unwrap_or_default())
        };
        let entry = activity::write(tx, None, &draft, now)?;
        self.offer_undo(tx, entry, true)
    }

    /// Something was taken back, and its last event was forgotten meanwhile.
    fn undone_unattended(
        &self,
        tx: &Transaction<'_>,
        undo: &Undo,
        answer: Option<Answer>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let draft = Draft {
            outcome: Outcome::Undone,
            answer,
            ..self.draft_titled(undo.title.clone())
        };
        activity::write(tx, None, &draft, now)?;
        activity::undone(tx, undo.of)
    }

    pub(super) fn draft(&self, dossier: &Dossier) -> Draft {
        self.draft_titled(dossier.title())
    }

    fn draft_titled(&self, title: String) -> Draft {
        Draft {
            meeting: Some(self.pending.meeting),
            title,
            service: self.account.service,
            outcome: Outcome::Updated,
            changes: Vec::new(),
            problem: None,
            answer: None,
            attempts: self.pending.attempts,
            next_try: None,
            remedies: Vec::new(),
        }
    }

    /// What this action changed, from the meeting as it was before its first write to the meeting as it is.
    pub(super) fn changes(&self, tx: &Connection, after: &Meeting) -> rusqlite::Result<Vec<Change>> {
        let written = self.before(tx)?;
        Ok(written.map_or_else(Vec::new, |before| between(&before, after)))
    }

    /// The meeting as it was before the first write of this action, which may have been struck off since.
    fn before(&self, tx: &Connection) -> rusqlite::Result<Option<Meeting>> {
        let written = outbox::get(tx, self.pending.meeting)?.and_then(|row| row.written);
        Ok(written.or_else(|| self.pending.written.clone()))
    }

    fn updated(
        &self,
        tx: &Transaction<'_>,
        after: Meeting,
        changes: Vec<Change>,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        meetings::seen(tx, id, &after, now)?;
        if let Some(Change::Start { before, .. }) = changes
            .iter()
            .find(|change| matches!(change, Change::Start { .. }))
        {
            meetings::moved(tx, id, *before, now)?;
        }
        self.finish(
            tx,
            Draft {
                outcome: Outcome::Updated,
                changes,
                ..draft
            },
            true,
            now,
        )
    }

    /// The action is done. The event may have changed again meanwhile, so the meeting is decided about once more.
    fn finish(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        shown: bool,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        if shown || self.pending.entry.is_some() {
            let entry = activity::write(tx, self.pending.entry, &draft, now)?;
            if !draft.changes.is_empty() {
                self.offer_undo(tx, entry, false)?;
            }
        } else {
            // A question about it has settled itself. What was done before can be undone as before.
            activity::outlive(tx, id)?;
        }
        outbox::strike(tx, id)?;
        meetings::set_problem(tx, id, None)?;
        meetings::set_asks(tx, id, false)?;
        self.shared.replan_in(tx, id)
    }

    /// Nothing new: it was looked at, and stands as was told before.
    fn still(&self, tx: &Transaction<'_>, seen: &Meeting, now: Timestamp) -> rusqlite::Result<()> {
        meetings::seen(tx, self.pending.meeting, seen, now)?;
        outbox::strike(tx, self.pending.meeting)
    }

    /// Done, as far as it can be. What differs stays shown until the event is edited.
    fn nearest(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        problem: Problem,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        if self.is_outdated(tx, now)? {
            return self.shared.replan_in(tx, id);
        }
        meetings::set_problem(tx, id, Some(&problem))?;
        let outcome = match draft.changes.is_empty() {
            true => Outcome::Kept,
            false => Outcome::Updated,
        };
        let draft = Draft {
            outcome,
            problem: Some(problem),
            ..draft
        };
        let entry = activity::write(tx, self.pending.entry, &draft, now)?;
        if outcome == Outcome::Updated {
            self.offer_undo(tx, entry, false)?;
        }
        outbox::strike(tx, id)
    }

    /// Lets the person take back what this action did: with the whole meeting as it was before the first write.
    fn offer_undo(&self, tx: &Transaction<'_>, entry: EntryId, deleted: bool) -> rusqlite::Result<()> {
        let Some(before) = self.before(tx)? else {
            return Ok(());
        };
        let (service, number) = (self.account.service, self.number.clone());
        let reversal = Reversal {
            target: Target::Meeting { service, number },
            before,
            deleted,
        };
        activity::offer_undo(tx, entry, &reversal)
    }
}

fn half_done() -> Problem {
    Problem::lasting(
        Code::Held,
        "The change was called off when it was half done.",
        "Undo takes back what had been done by then.",
    )
}

fn no_date_left() -> Problem {
    Problem::lasting(
        Code::EventGone,
        "No date of the series is left, so its meeting went as with a cancelled event.",
        "",
    )
}

fn meeting_gone() -> Problem {
    Problem::lasting(
        Code::MeetingGone,
        "The event came back when its meeting had just been deleted.",
        "Recover the meeting at Zoom within seven days, or add a new one to the event in Google Calendar.",
    )
}
