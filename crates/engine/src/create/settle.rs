//! How an attempt at a creation ended, written down in one transaction.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::conference::Target;
use reconvene_core::event::{Event, Kind, Observation};
use reconvene_core::id::MeetingId;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, Remedy, Service};
use rusqlite::Transaction;

use super::problem::{in_preview, no_event};
use super::{Making, Said};
use crate::budget;
use crate::calendar;
use crate::failure::{Failure, FailureKind, account_pause, backoff, later};
use crate::plan::{self, Dossier, Source};
use crate::pull::dates;
use crate::store::accounts::Account;
use crate::store::activity::{self, Draft};
use crate::store::calendars::Calendar;
use crate::store::creations::{self, Stage};
use crate::store::{accounts, calendars, events, meetings};

/// How long to leave what only the person can help. Signing in cuts it short.
const UNTIL_ASKED: SignedDuration = SignedDuration::from_hours(1);

/// How an attempt ended.
pub(super) enum Ending {
    /// The event shows its meeting, which is written down already.
    Written(MeetingId),
    /// No meeting was made, or none is left.
    Refused(Problem, Said),
    /// The meeting that was made has been deleted again.
    Undone(Problem, Said),
    /// The meeting that was made stays, and its event does not show it.
    Kept(Problem),
    /// Nothing is to be done, and nobody has to hear of it.
    Nothing,
    /// The person wants nothing written for now. It goes on from here when they do.
    Previewed,
    /// A request to this service failed.
    Failed(Service, Failure),
}

impl Making<'_> {
    /// The event shows its meeting: takes the link over as if it had been pulled, and has the calendar watched from now on.
    /// The caller keeps passes of the calendar away meanwhile.
    pub(super) async fn written(&self, event: Box<Event>) -> Result<Ending, Problem> {
        let target = Target::Meeting {
            service: self.row.service,
            number: self.row.number.clone().unwrap_or_default(),
        };
        let Some((calendar, owner)) = &self.place else {
            return Ok(Ending::Nothing);
        };
        let title = event.title.clone();
        let dates = self.ask_for_dates(calendar, owner, &event).await?;
        let rows = [Observation::Present(event)];
        let now = self.shared.now();
        let meeting = self.shared.store.write(|tx| {
            let settings = self.shared.plan_settings(tx)?;
            if !calendars::get(tx, calendar.id)?.is_some_and(|calendar| calendar.watched) {
                calendars::watch(tx, calendar.id, true)?;
            }
            if self.row.replaces.is_some()
                && let Some(before) = events::get(tx, calendar.id, &self.row.event)?
                && let Some(vanished) = before.meeting
            {
                // Its place is taken: it was not taken off the event.
                events::forget(tx, before.id)?;
                if !still_needs(tx, vanished)? {
                    activity::settle(tx, vanished)?;
                }
                plan::replan(tx, vanished, &settings, now)?;
            }
            let pass = calendars::get(tx, calendar.id)?.map_or(calendar.pass, |calendar| calendar.pass);
            plan::observe(tx, calendar.id, pass, (&rows, Source::Listed), &settings, now)?;
            plan::observe(tx, calendar.id, pass, (&dates, Source::Asked), &settings, now)?;
            let meeting = meetings::of(tx, &target)?;
            plan::tell_bare_dates(tx, calendar, &self.row.event, self.row.replaces.as_ref(), now)?;
            let draft = Draft {
                meeting: Some(meeting),
                title,
                ..self.draft(Outcome::Created)
            };
            activity::write(tx, self.row.entry, &draft, now)?;
            creations::end(tx, self.row.id, Stage::Written, now)?;
            accounts::went_well(tx, owner.id, now, now)?;
            Ok(meeting)
        })?;
        self.shared.nudge.notify_one();
        Ok(Ending::Written(meeting))
    }

    /// What became of the dates of a series that are taken for cancelled, which nobody asked for while it had no meeting. One
    /// that cannot be had now stays as it is known.
    async fn ask_for_dates(
        &self,
        calendar: &Calendar,
        owner: &Account,
        event: &Event,
    ) -> Result<Vec<Observation>, Problem> {
        let now = self.shared.now();
        let doubted = self
            .shared
            .store
            .read(|tx| dates::doubted(tx, calendar, event, now))?;
        let mut found = Vec::new();
        for id in doubted {
            if self.peace(owner).is_err() {
                break;
            }
            match calendar::event(&self.shared.session, owner, calendar, &id).await {
                Ok(row) => found.push(calendar::or_gone(row, &id)),
                Err(failure) => self.shared.heed(owner, &failure),
            }
        }
        Ok(found)
    }

    /// Writes down how it ended. The meeting, once its event shows it; else why not, or not yet.
    pub(super) fn settle(&self, ending: Ending) -> Result<Result<MeetingId, Problem>, Problem> {
        let now = self.shared.now();
        let why = match ending {
            Ending::Written(meeting) => return Ok(Ok(meeting)),
            Ending::Failed(service, failure) => return self.failed_with(service, failure, now),
            Ending::Previewed => return Ok(Err(in_preview())),
            Ending::Nothing => {
                self.end(None, now)?;
                return Ok(Err(no_event()));
            }
            Ending::Refused(problem, answer) => {
                // A rule asked for what is there already, or for an event that is not, or is over: nobody has to hear of it.
                let moot = matches!(problem.code, Code::HasMeeting | Code::EventGone)
                    || (problem.code == Code::InThePast && !self.row.by_hand);
                let draft = Draft {
                    problem: Some(problem.clone()),
                    answer,
                    ..self.draft(Outcome::Refused)
                };
                self.end((!moot).then_some(draft), now)?;
                problem
            }
            Ending::Undone(problem, answer) => {
                let outcome = match problem.code {
                    Code::HasMeeting | Code::EventGone => Outcome::Deleted,
                    _ => Outcome::Refused,
                };
                let problem = Problem {
                    hint: format!("{} The meeting just made for it was deleted again.", problem.hint)
                        .trim()
                        .to_owned(),
                    ..problem
                };
                let draft = Draft {
                    problem: Some(problem.clone()),
                    answer,
                    ..self.draft(outcome)
                };
                self.end(Some(draft), now)?;
                problem
            }
            Ending::Kept(problem) => {
                let name = self.row.service.name();
                let hint = match &self.row.number {
                    Some(number) => {
                        format!(
                            "The meeting made for it, {number}, stays at {name}. Delete it there if nobody needs it."
                        )
                    }
                    None => format!(
                        "A meeting may have been made for it. Look at {name}, and delete it there if nobody needs it."
                    ),
                };
                let problem = Problem { hint, ..problem };
                let draft = Draft {
                    problem: Some(problem.clone()),
                    ..self.draft(Outcome::Kept)
                };
                self.end(Some(draft), now)?;
                problem
            }
        };
        Ok(Err(why))
    }

    fn end(&self, draft: Option<Draft>, now: Timestamp) -> Result<(), Problem> {
        self.shared.store.write(|tx| self.end_in(tx, draft, now))
    }

    fn end_in(&self, tx: &Transaction<'_>, draft: Option<Draft>, now: Timestamp) -> rusqlite::Result<()> {
        match (draft, self.row.entry) {
            (Some(draft), entry) => activity::write(tx, entry, &draft, now).map(drop)?,
            (None, Some(entry)) => activity::supersede(tx, entry)?,
            (None, None) => {}
        }
        creations::end(tx, self.row.id, Stage::Ended, now)
    }

    fn failed_with(
        &self,
        service: Service,
        failure: Failure,
        now: Timestamp,
    ) -> Result<Result<MeetingId, Problem>, Problem> {
        let Failure {
            kind,
            problem,
            answer,
        } = failure;
        tracing::warn!(creation = self.row.id, code = ?problem.code, attempts = self.row.attempts, "not made yet");
        let no = matches!(
            kind,
            FailureKind::Final | FailureKind::Gone | FailureKind::StaleToken
        );
        // What a provider's app was never given no sign-in of the person brings: the rest of its account works.
        let lacks_scope = problem.code == Code::MissingScope && service != Service::Google;
        if no || lacks_scope {
            let ending = match self.row.stage {
                Stage::Wanted => Ending::Refused(problem, answer),
                _ => Ending::Kept(problem),
            };
            return self.settle(ending);
        }
        let dice = self.shared.session.ports.dice.as_ref();
        let soon = backoff(self.row.attempts, now, dice);
        let account = match service {
            Service::Google => self.place.as_ref().map(|(_, owner)| owner.clone()),
            _ => self.host()?,
        };
        let asks_person = matches!(problem.code, Code::MissingScope | Code::NotSignedIn);
        let next = match kind {
            FailureKind::Limited(until) | FailureKind::NotBefore(until) => until,
            FailureKind::Account if asks_person => later(now, UNTIL_ASKED),
            FailureKind::Account => account_pause(&problem, now),
            _ => soon,
        };
        let (outcome, remedies) = match problem.code {
            Code::MissingScope => (Outcome::NeedsYou, vec![Remedy::Permit]),
            Code::NotSignedIn | Code::SignInAgain => (Outcome::NeedsYou, vec![Remedy::SignIn]),
            _ if matches!(kind, FailureKind::Account) => (Outcome::NeedsYou, vec![Remedy::Retry]),
            _ => (Outcome::Waiting, vec![Remedy::Retry]),
        };
        let draft = Draft {
            problem: Some(problem.clone()),
            answer,
            next_try: Some(next),
            remedies,
            service,
            ..self.draft(outcome)
        };
        self.shared.store.write(|tx| {
            let whole_account = match kind {
                FailureKind::Limited(_) => true,
                FailureKind::Account => !asks_person,
                _ => false,
            };
            if let (Code::DailyBudget, Some(_), Some(account)) = (problem.code, &draft.answer, &account) {
                budget::used_up(tx, account, now)?;
            }
            if let Some(account) = account.filter(|_| whole_account) {
                accounts::failed(tx, account.id, &problem, Some(next), now)?;
            }
            let entry = activity::write(tx, self.row.entry, &draft, now)?;
            creations::postpone(tx, self.row.id, next, Some(entry))
        })?;
        Ok(Err(problem))
    }

    fn draft(&self, outcome: Outcome) -> Draft {
        Draft {
            meeting: None,
            title: self.row.title.clone(),
            service: self.row.service,
            outcome,
            changes: Vec::new(),
            problem: None,
            answer: None,
            attempts: self.row.attempts,
            next_try: None,
            remedies: Vec::new(),
        }
    }
}

/// Whether another event lacks the meeting that vanished, such as the other half of a series. A series speaks for its dates.
fn still_needs(tx: &Transaction<'_>, vanished: MeetingId) -> rusqlite::Result<bool> {
    let links = Dossier::of(tx, vanished)?.map(|dossier| dossier.links);
    Ok((links.into_iter().flatten())
        .any(|stored| stored.gone_since.is_none() && !matches!(stored.event.kind, Kind::Exception(_))))
}
