//! An attempt that did not succeed: refused for good, or to be tried again.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::plan::Decision;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, PlannedAction, Remedy};
use rusqlite::Transaction;

use crate::budget;
use crate::failure::{Failure, FailureKind, account_pause, backoff, later};
use crate::plan::Dossier;
use crate::push::{Attempt, anew};
use crate::store::activity::{self, Draft};
use crate::store::{accounts, meetings, outbox};

/// What was known too long ago to write by is asked for anew after so long: a line that is slow now may be faster then.
const AFRESH: SignedDuration = SignedDuration::from_mins(1);

impl Attempt<'_> {
    /// The answer is no. The action ends; the person can try again or leave it.
    pub(super) fn refuse(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        problem: Problem,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if self.is_outdated(tx, now)? {
            // The refusal was of something nobody wants now.
            return anew(self.shared, tx, &self.pending);
        }
        self.tell_refusal(tx, draft, problem, now)
    }

    /// Shows what was refused, and lets the meeting be.
    pub(super) fn tell_refusal(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        problem: Problem,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        if problem.code == Code::MeetingGone {
            meetings::not_found(tx, id, now)?;
        }
        let looked = self.pending.action == PlannedAction::Look && self.pending.entry.is_none();
        let known = meetings::get(tx, id)?;
        let found = known.as_ref().is_some_and(|known| known.found);
        if looked && known.and_then(|known| known.problem).as_ref() == Some(&problem) {
            // Looked at again, and no news: it was told already.
            self.shared.looked_in_vain(id);
            return outbox::strike(tx, id);
        }
        meetings::set_problem(tx, id, Some(&problem))?;
        let remedies = match problem.code {
            // What was never seen may well be there, for another account: a second one would only confuse (P5).
            Code::MeetingGone if found => vec![Remedy::Recreate, Remedy::Retry, Remedy::Ignore],
            _ => vec![Remedy::Retry, Remedy::Ignore],
        };
        let draft = Draft {
            outcome: Outcome::Refused,
            problem: Some(problem),
            remedies,
            ..draft
        };
        activity::write(tx, self.pending.entry, &draft, now)?;
        outbox::strike(tx, id)
    }

    /// Whether something else is to be done by now than what was attempted: the event was edited or cancelled, or the person
    /// said something else, while the provider was being asked.
    pub(super) fn is_outdated(&self, tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<bool> {
        let row = outbox::get(tx, self.pending.meeting)?;
        if row.is_none_or(|row| row.action != self.pending.action) {
            return Ok(true);
        }
        let Some(attempted) = &self.attempted else {
            return Ok(false);
        };
        let settings = self.shared.plan_settings(tx)?;
        let decision = Dossier::of(tx, self.pending.meeting)?.map(|dossier| dossier.decide(&settings, now));
        Ok(!matches!(decision, Some(Decision::Update(wanted)) if wanted == *attempted))
    }

    pub(in crate::push) fn failed(
        &self,
        tx: &Transaction<'_>,
        failure: Failure,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.heed(tx, &failure, now)?;
        let Failure {
            kind,
            problem,
            answer,
        } = failure;
        tracing::warn!(meeting = %self.pending.meeting, code = ?problem.code, attempts = self.pending.attempts, "attempt failed");
        let (outcome, next) = match kind {
            FailureKind::Final | FailureKind::Gone | FailureKind::StaleToken => {
                return self.refuse(tx, Draft { answer, ..draft }, problem, now);
            }
            FailureKind::Late => {
                let meeting = self.pending.meeting;
                outbox::untried(tx, meeting)?;
                anew(self.shared, tx, &self.pending)?;
                return outbox::put_off(tx, meeting, later(now, AFRESH));
            }
            FailureKind::Passing => (Outcome::Waiting, self.backoff(now)),
            FailureKind::Limited(until) | FailureKind::NotBefore(until) => (Outcome::Waiting, until),
            FailureKind::Account => (Outcome::NeedsYou, account_pause(&problem, now)),
        };
        self.wait(tx, Draft { answer, ..draft }, outcome, problem, next, now)
    }

    /// What a failure says about more than this action holds, whatever becomes of that.
    pub(super) fn heed(
        &self,
        tx: &Transaction<'_>,
        failure: &Failure,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let until = match failure.kind {
            FailureKind::Limited(until) => until,
            // The limit is the account's, so its other meetings wait as well.
            FailureKind::Passing if failure.problem.code == Code::RateLimited => self.backoff(now),
            // The provider counts what others write, too.
            FailureKind::NotBefore(_)
                if failure.problem.code == Code::DailyBudget && failure.answer.is_some() =>
            {
                return budget::used_up(tx, &self.account, now);
            }
            // It can be read. What it lacks is the right to this one thing, and others may go on (P10).
            FailureKind::Account if failure.problem.code == Code::MissingScope && self.heard.is_some() => {
                return Ok(());
            }
            FailureKind::Account => account_pause(&failure.problem, now),
            _ => return Ok(()),
        };
        accounts::failed(tx, self.account.id, &failure.problem, Some(until), now)
    }

    pub(super) fn backoff(&self, now: Timestamp) -> Timestamp {
        backoff(
            self.pending.attempts,
            now,
            self.shared.session.ports.dice.as_ref(),
        )
    }

    pub(super) fn wait(
        &self,
        tx: &Transaction<'_>,
        draft: Draft,
        outcome: Outcome,
        problem: Problem,
        next: Timestamp,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let remedies = match problem.code {
            Code::SignInAgain | Code::MissingScope => vec![Remedy::SignIn, Remedy::Ignore],
            _ => vec![Remedy::Retry, Remedy::Ignore],
        };
        let draft = Draft {
            outcome,
            problem: Some(problem),
            next_try: Some(next),
            remedies,
            ..draft
        };
        let entry = activity::write(tx, self.pending.entry, &draft, now)?;
        outbox::postpone(tx, self.pending.meeting, next, Some(entry))
    }
}
