//! The writes of an attempt: until the meeting equals its event or comes as near as the provider can, or until it is gone.

use reconvene_core::amend::{Write, amend};
use reconvene_core::event::Schedule;
use reconvene_core::meeting::{Carry, Meeting, Occurrence};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Change};
use rusqlite::Connection;

use super::confirm::Confirmed;
use super::layout::{self, is_layout};
use super::settle::Ending;
use super::{Attempt, DONE, Stopped, beyond};
use crate::budget;
use crate::failure::{Failure, FailureKind};
use crate::store::{meetings, outbox};

impl Attempt<'_> {
    /// Writes until the meeting equals its event, or comes as near as the provider can: first what concerns the whole of it,
    /// then, from the meeting as it then is, date by date.
    pub(super) async fn update(
        &mut self,
        before: &Meeting,
        wanted: &Schedule,
        carry: Carry,
    ) -> Result<Ending, Stopped> {
        let mut after = before.clone();
        let mut answer = None;
        // The dates that each layout found.
        let mut found: Vec<Vec<Occurrence>> = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let mut amendment = amend(&after, wanted, carry, self.shared.now());
            if amendment.writes.is_empty() {
                return Ok(match beyond::problem(&amendment, wanted) {
                    None => Ending::Updated { after, answer },
                    Some(problem) => Ending::Nearest {
                        after,
                        answer,
                        problem,
                    },
                });
            }
            if amendment.writes.iter().any(is_layout) {
                match found.as_slice() {
                    [] => {}
                    [before] if *before == after.occurrences && layout::otherwise(&mut amendment.writes) => {}
                    [before, again] if before == again => {}
                    _ => break,
                }
                found.push(after.occurrences.clone());
            }
            if self.previews()? {
                return Ok(Ending::Previewed);
            }
            self.afford(amendment.writes.iter().filter(|write| counts(write)).count())?;
            self.about_to_write(before)?;
            for write in &amendment.writes {
                if self.shared.store.read(|tx| self.is_called_off(tx))? {
                    after = self.read().await?;
                    return Ok(Ending::CalledOff { after, answer });
                }
                if is_cancelled(&after, write) {
                    continue;
                }
                match self.write(&after, write).await {
                    Ok(taken) => answer = Some(taken),
                    // Another installation may have cancelled it at the same moment (P14).
                    Err(Stopped::Failed(failure)) if is_refused_cancellation(write, &failure) => {
                        after = self.read().await?;
                        if !is_cancelled(&after, write) {
                            return Err(failure.into());
                        }
                    }
                    Err(stopped) => return Err(stopped),
                }
                if is_layout(write) {
                    break;
                }
            }
            after = self.read().await?;
        }
        if let Some(answer) = answer.as_ref().filter(|answer| answer.status != DONE) {
            // Not the provider's way of saying yes: a proxy's page, or half an answer. Nothing is known but that it is not done.
            return Err(Failure::unreadable(self.account.service, answer.status).into());
        }
        let left = amend(&after, wanted, carry, self.shared.now());
        if left.is_empty() {
            return Ok(Ending::Updated { after, answer });
        }
        Ok(Ending::Refused {
            after,
            answer,
            problem: not_applied(&left.changes),
        })
    }

    /// Keeps how the meeting was before the first write, so that what was changed can be told and taken back.
    fn about_to_write(&mut self, before: &Meeting) -> Result<(), Problem> {
        let meeting = self.pending.meeting;
        self.shared
            .store
            .write(|tx| outbox::about_to_write(tx, meeting, before))?;
        self.pending.written.get_or_insert_with(|| before.clone());
        Ok(())
    }

    /// Whether it is not to be done any more. Asked right before each write, because the person may have said so since, or
    /// the event.
    pub(super) fn is_called_off(&self, tx: &Connection) -> rusqlite::Result<bool> {
        let row = outbox::get(tx, self.pending.meeting)?;
        Ok(row.is_none_or(|row| row.undo != self.pending.undo))
    }

    /// Makes one write. It is counted before it is sent (P13).
    async fn write(&mut self, before: &Meeting, write: &Write) -> Result<Answer, Stopped> {
        if counts(write) {
            let (account, now) = (&self.account, self.shared.now());
            self.shared.store.write(|tx| budget::spend(tx, account, now))?;
        }
        let answer = self
            .provider
            .write(&self.in_time(), &self.account, &self.number, before, write)
            .await?;
        self.heard = Some(self.shared.now());
        Ok(answer)
    }

    /// Whether today's budget has room for so many writes. A series is not begun that could not be finished.
    pub(super) fn afford(&self, writes: usize) -> Result<(), Stopped> {
        let (account, asked, now) = (&self.account, self.pending.asked, self.shared.now());
        let allowed = self
            .shared
            .store
            .read(|tx| budget::allows(tx, account, writes, asked, now))?;
        if allowed {
            return Ok(());
        }
        let dice = self.shared.session.ports.dice.as_ref();
        Err(budget::exceeded(account.service, asked, now, dice).into())
    }

    pub(super) async fn delete(&mut self, meeting: &Meeting) -> Result<Ending, Stopped> {
        if meeting.running {
            let problem = Problem::passing(
                Code::Refused,
                "The event, or its last date, was cancelled, and its meeting is running.",
                "The meeting is deleted when it has ended.",
            );
            return Err(Failure::new(FailureKind::Passing, problem).into());
        }
        if let Confirmed::Replanned = self.confirm().await? {
            return Ok(Ending::Replanned);
        }
        if self.previews()? {
            return Ok(Ending::Previewed);
        }
        let spent = !self.spent()?.is_empty();
        self.about_to_write(meeting)?;
        self.shared.store.write(|tx| {
            // Should the event come back before the outcome is known, the meeting must not pass for being there. Of a series
            // without a date its own dates are the reason why it goes.
            match spent {
                true => Ok(()),
                false => meetings::unsee(tx, self.pending.meeting),
            }
        })?;
        match self
            .provider
            .delete(&self.in_time(), &self.account, &self.number)
            .await
        {
            Ok(answer) if answer.status == DONE => Ok(Ending::Deleted(Some(answer))),
            Ok(answer) => match self.read().await {
                Err(failure) if failure.kind == FailureKind::Gone => Ok(Ending::Deleted(failure.answer)),
                Err(failure) => Err(failure.into()),
                Ok(_) => Err(Failure::unreadable(self.account.service, answer.status).into()),
            },
            Err(failure) if failure.kind == FailureKind::Gone => Ok(Ending::Deleted(failure.answer)),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Whether a write is to cancel a date that does not stand any more.
fn is_cancelled(meeting: &Meeting, write: &Write) -> bool {
    matches!(write, Write::Cancel { id } if !meeting.occurrences.iter().any(|date| date.id == *id))
}

fn is_refused_cancellation(write: &Write, failure: &Failure) -> bool {
    matches!(write, Write::Cancel { .. }) && matches!(failure.kind, FailureKind::Final | FailureKind::Gone)
}

/// Whole first, once more where the provider took that for no change, then the dates, and what only showed then.
const MOST_ROUNDS: usize = 5;

/// Whether a write draws on the day's budget. Deletions do not.
fn counts(write: &Write) -> bool {
    !matches!(write, Write::Cancel { .. })
}

fn not_applied(left: &[Change]) -> Problem {
    let mut what: Vec<&str> = left
        .iter()
        .map(|change| match change {
            Change::Topic { .. } | Change::DateTopic { .. } => "title",
            Change::Start { .. } => "start",
            Change::Duration { .. } => "length",
            Change::Zone { .. } => "time zone",
            Change::Rule { .. } => "repetition",
            Change::Date { .. } => "single dates",
        })
        .collect();
    what.dedup();
    Problem::lasting(
        Code::NotApplied,
        format!(
            "Zoom accepted the change but did not carry it out: {}.",
            what.join(", ")
        ),
        "Try again, or change the meeting at Zoom.",
    )
}
