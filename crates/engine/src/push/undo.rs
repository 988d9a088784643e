//! Undo: what an action did to a meeting is taken back, because the person said so. An update is taken back by writing
//! what was there before, the same way as any other write: read, compare, write what differs, read back. A deletion is
//! taken back by the provider, where it can. Afterwards the calendar does not win at once: the meeting is left alone until its
//! event changes again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reconvene_core::amend::amend;
use reconvene_core::event::Times;
use reconvene_core::meeting::{Carry, Meeting, Occurrence};
use reconvene_core::plan::is_touchable;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, Remedy};
use reconvene_core::series::Date;
use rusqlite::Transaction;

use super::settle::Ending;
use super::{Attempt, DONE, Stopped};
use crate::failure::{Failure, FailureKind};
use crate::plan::Dossier;
use crate::store::activity::{self, Draft};
use crate::store::outbox::Undo;
use crate::store::{meetings, outbox};

/// Everything that was written is written back, whatever is carried over by now.
const ALL: Carry = Carry {
    title: true,
    time: true,
};

impl Attempt<'_> {
    /// Takes an action back.
    pub(super) async fn undo(&mut self, undo: &Undo) -> Result<Ending, Stopped> {
        if self.previews()? {
            return Ok(Ending::Previewed);
        }
        match self.find().await {
            // It is there: nobody deleted it after all, or an earlier attempt did not live to see that it had worked.
            Ok(after) if undo.reversal.deleted => Ok(Ending::Updated { after, answer: None }),
            Ok(meeting) => self.write_back(&meeting, undo).await,
            Err(failure) if failure.kind == FailureKind::Gone && undo.reversal.deleted => {
                match self.previews()? {
                    true => Ok(Ending::Previewed),
                    false => self.recover().await,
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Whether nobody edited the event, or called it off, since it was asked for.
    pub(super) fn is_still_to_be(&self, undo: &Undo) -> Result<bool, Stopped> {
        let row = self
            .shared
            .store
            .read(|tx| outbox::get(tx, self.pending.meeting))?;
        Ok(row.is_some_and(|row| row.undo.as_ref() == Some(undo)))
    }

    async fn write_back(&mut self, meeting: &Meeting, undo: &Undo) -> Result<Ending, Stopped> {
        let before = &undo.reversal.before;
        let refused = |problem| {
            Ok(Ending::Refused {
                after: meeting.clone(),
                answer: None,
                problem,
            })
        };
        if !is_touchable(meeting, std::slice::from_ref(&before.host)) {
            return refused(not_as_it_was());
        }
        let now = self.shared.now();
        let Some(mut wanted) = before.schedule(now).filter(|wanted| !wanted.is_over(now)) else {
            return refused(in_the_past());
        };
        let put_off = put_off(before, meeting, now);
        if let Times::Series(series) = &mut wanted.times {
            // They cannot go back, and are not to be lost: each stays where it stands.
            series.dates.extend(&put_off);
            series.dates.sort_unstable();
        }
        match !put_off.is_empty() && amend(meeting, &wanted, ALL, now).is_empty() {
            true => refused(in_the_past()),
            false => self.update(meeting, &wanted, ALL).await,
        }
    }

    async fn recover(&mut self) -> Result<Ending, Stopped> {
        let answer = self
            .provider
            .recover(&self.in_time(), &self.account, &self.number)
            .await?;
        if answer.status != DONE {
            return Err(Failure::unreadable(self.account.service, answer.status).into());
        }
        match self.read().await {
            Ok(after) => Ok(Ending::Updated {
                after,
                answer: Some(answer),
            }),
            Err(failure) if failure.kind == FailureKind::Gone => {
                let problem = Problem::passing(
                    Code::NotApplied,
                    "The provider said that the meeting is back, and does not show it yet.",
                    "It is looked for again.",
                );
                Err(Failure::new(FailureKind::Passing, problem).into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Writes down how taking something back ended.
    pub(super) fn write_down_undo(
        &self,
        tx: &Transaction<'_>,
        dossier: &Dossier,
        undo: &Undo,
        ending: Ending,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let draft = Draft {
            title: undo.title.clone(),
            ..self.draft(dossier)
        };
        match ending {
            Ending::Updated { after, answer } => {
                self.undone(tx, undo, &after, Draft { answer, ..draft }, now)
            }
            Ending::Nearest {
                after,
                answer,
                problem,
            } => {
                let draft = Draft {
                    answer,
                    problem: Some(worded(problem)),
                    ..draft
                };
                match self.changes(tx, &after)?.is_empty() {
                    true => self.not_undone(tx, undo, draft, now),
                    false => self.undone(tx, undo, &after, draft, now),
                }
            }
            Ending::Refused {
                after,
                answer,
                problem,
            } => {
                meetings::seen(tx, self.pending.meeting, &after, now)?;
                let draft = Draft {
                    answer,
                    problem: Some(problem),
                    ..draft
                };
                self.not_undone(tx, undo, draft, now)
            }
            Ending::Failed(Failure {
                kind: FailureKind::Final | FailureKind::Gone | FailureKind::StaleToken,
                problem,
                answer,
            }) => {
                let draft = Draft {
                    answer,
                    problem: Some(match undo.reversal.deleted && problem.code == Code::MeetingGone {
                        true => too_late(),
                        false => problem,
                    }),
                    ..draft
                };
                self.not_undone(tx, undo, draft, now)
            }
            Ending::CalledOff { after, answer } => {
                self.called_off(tx, &after, Draft { answer, ..draft }, now)
            }
            Ending::Failed(failure) => self.failed(tx, failure, draft, now),
            Ending::Unconfirmed(failure) if !self.is_called_off(tx)? => {
                self.unconfirmed(tx, failure, draft, now)
            }
            Ending::Previewed => outbox::untried(tx, self.pending.meeting),
            _ => self.shared.replan_in(tx, self.pending.meeting),
        }
    }

    fn undone(
        &self,
        tx: &Transaction<'_>,
        undo: &Undo,
        after: &Meeting,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let id = self.pending.meeting;
        let changes = match undo.reversal.deleted {
            true => Vec::new(),
            false => self.changes(tx, after)?,
        };
        let draft = Draft {
            outcome: Outcome::Undone,
            changes,
            ..draft
        };
        meetings::seen(tx, id, after, now)?;
        meetings::unmoved(tx, id)?;
        activity::write(tx, self.pending.entry, &draft, now)?;
        activity::undone(tx, undo.of)?;
        // An edit made meanwhile has called it off, and wins.
        if self.is_called_off(tx)? {
            return self.shared.replan_in(tx, id);
        }
        outbox::strike(tx, id)?;
        meetings::set_problem(tx, id, None)?;
        meetings::set_ignored(tx, id, true)?;
        meetings::set_asks(tx, id, false)?;
        self.shared.replan_in(tx, id)
    }

    /// It stays as it is. The person can try once more.
    fn not_undone(
        &self,
        tx: &Transaction<'_>,
        undo: &Undo,
        draft: Draft,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if self.is_called_off(tx)? {
            return self.shared.replan_in(tx, self.pending.meeting);
        }
        let draft = Draft {
            outcome: Outcome::Refused,
            remedies: vec![Remedy::Ignore],
            ..draft
        };
        let entry = activity::write(tx, self.pending.entry, &draft, now)?;
        activity::offer_undo(tx, entry, &undo.reversal)?;
        outbox::strike(tx, self.pending.meeting)?;
        self.shared.replan_in(tx, self.pending.meeting)
    }
}

/// What cannot be had, said of the meeting as it was instead of the event as it is.
fn worded(problem: Problem) -> Problem {
    match problem.code {
        Code::InThePast => in_the_past(),
        _ => Problem {
            hint: "Everything else is as it was before.".into(),
            ..problem
        },
    }
}

/// The dates of a series that would be over by now and stand ahead, where they were put off to. A series that was laid out anew
/// names its dates anew: there each date that went is the one next to it.
fn put_off(before: &Meeting, meeting: &Meeting, now: Timestamp) -> Vec<Date> {
    let same = |date: &Occurrence, dates: &[Occurrence]| {
        let mut dates = dates.iter();
        dates.find(|other| other.original == date.original).cloned()
    };
    // One that is over is not listed any more, and so did not go. Only where every date ahead has another name all were laid out.
    let mut went = before.occurrences.clone();
    if went
        .iter()
        .any(|date| date.start > now && same(date, &meeting.occurrences).is_some())
    {
        went.clear();
    }
    let as_it_was = |date: &Occurrence| {
        let away = |other: &&Occurrence| other.start.duration_since(date.start).abs();
        same(date, &before.occurrences).or_else(|| went.iter().min_by_key(away).cloned())
    };
    let mut put_off: BTreeMap<Timestamp, Date> = BTreeMap::new();
    for date in meeting.occurrences.iter().filter(|date| date.start > now) {
        let was = as_it_was(date).filter(|was| was.start <= now);
        let Some(was) = was else { continue };
        let stays = Date {
            start: date.start,
            original: date.original,
            minutes: date.minutes,
        };
        let one = put_off.entry(was.original).or_insert(stays);
        *one = stays.min(*one);
    }
    put_off.into_values().collect()
}

fn in_the_past() -> Problem {
    Problem::lasting(
        Code::InThePast,
        "Where the meeting was before lies in the past, and Zoom moves no meeting there.",
        "",
    )
}

fn not_as_it_was() -> Problem {
    Problem::lasting(
        Code::Refused,
        "The meeting is somebody else's by now, or has become a standing room.",
        "It was left as it is.",
    )
}

fn too_late() -> Problem {
    Problem::lasting(
        Code::MeetingGone,
        "Zoom cannot bring the meeting back: it keeps deleted meetings for seven days.",
        "Add a new meeting to the event if it is still needed.",
    )
}
