//! P11, at every step: nothing is shown as fresher than it is, and what failed is shown until it goes well again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::report::{CalendarView, MeetingState, MeetingView, Service, Status};

use crate::ledger::{Ledger, Machine};
use crate::run::Run;
use crate::settle::{Wrong, number};

/// So soon a failure is written down.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(2);

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// The events of a calendar, by Google's id.
    Calendar(String),
    /// A meeting, by its number.
    Meeting(u64),
}

/// What failed the last time that it was asked for, and when.
#[derive(Debug, Default)]
pub(crate) struct Failures(BTreeMap<(Machine, About), Timestamp>);

impl Failures {
    /// An answer, or none, came from a service.
    pub(crate) fn heard(&mut self, machine: Machine, about: About, fails: bool, now: Timestamp) {
        match fails {
            true => drop(self.0.insert((machine, about), now)),
            false => drop(self.0.remove(&(machine, about))),
        }
    }

    /// A process ended, and may not have written down what it had just heard.
    pub(crate) fn killed(&mut self, machine: Machine, now: Timestamp) {
        self.0
            .retain(|(of, _), at| *of != machine || now.duration_since(*at) > AT_ONCE);
    }

    /// The person saw to it: what failed before is over.
    pub(crate) fn begin_anew(&mut self, machine: Machine) {
        self.0.retain(|(of, _), _| *of != machine);
    }

    /// The machine slept for long: whatever was only looked at is looked at anew, once its event was read again.
    pub(crate) fn slept(&mut self) {
        self.0.retain(|(_, about), _| matches!(about, About::Calendar(_)));
    }

    /// The person heard of it, and nobody need tell them again.
    pub(crate) fn told(&mut self, machine: Machine, meeting: u64) {
        self.0.remove(&(machine, About::Meeting(meeting)));
    }

    pub(crate) fn clock_set_back(&mut self, by: SignedDuration) {
        for at in self.0.values_mut() {
            *at += by;
        }
    }

    fn of(&self, machine: Machine, now: Timestamp) -> impl Iterator<Item = (&About, Timestamp)> {
        let known = move |at: Timestamp| now.duration_since(at) > AT_ONCE;
        let all = self
            .0
            .iter()
            .filter(move |((of, _), at)| *of == machine && known(**at));
        all.map(|((_, about), at)| (about, *at))
    }
}

impl Run {
    /// What is shown must be no fresher than what was read, and tell what failed.
    pub(crate) fn honest(&mut self, machine: Machine, views: &[MeetingView], status: &Status) {
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        let mut wrong = Vec::new();
        for calendar in status.calendars.iter().filter(|calendar| calendar.watched) {
            calendar_is_honest(&ledger, machine, calendar, status, &mut wrong);
        }
        for problem in &status.problems {
            if problem.message.trim().is_empty() {
                wrong.push(format!("{:?} without words", problem.code));
            }
        }
        let undoing = |number: u64| {
            self.undoing
                .iter()
                .any(|(of, other, ..)| (*of, *other) == (machine, number))
        };
        let mut hidden = Vec::new();
        for (about, at) in ledger.failures.of(machine, now) {
            let shown = match about {
                About::Calendar(id) => shows_calendar(status, id, at, now),
                About::Meeting(number) => undoing(*number) || shows_meeting(status, views, *number),
            };
            if !shown {
                hidden.push((about.clone(), at));
            }
        }
        for how in wrong {
            ledger.break_promise("P11", how);
        }
        drop(ledger);
        for (about, at) in hidden {
            if !self.was_told(machine, &about, at) {
                let how = format!("nothing tells that {about:?} could not be had at {at}");
                self.break_promise("P11", how);
            }
        }
    }

    /// Every failure that is shown says what happens next, or what to do.
    pub(crate) fn says_what_to_do(&self, status: &Status, wrong: &mut Wrong) {
        let accounts = status.accounts.iter().map(|view| (&view.name, &view.health));
        let watched = status.calendars.iter().filter(|view| view.watched);
        for (name, health) in accounts.chain(watched.map(|view| (&view.name, &view.health))) {
            let Some(problem) = &health.problem else { continue };
            if problem.message.trim().is_empty()
                || (problem.hint.trim().is_empty() && health.next_try.is_none())
            {
                wrong.push((
                    "P11",
                    format!("nobody knows what happens next with {name}: {problem:?}"),
                ));
            }
        }
    }

    /// Whether an entry tells that a meeting could not be had, although something else was to be done about it since.
    fn was_told(&mut self, machine: Machine, about: &About, at: Timestamp) -> bool {
        let About::Meeting(number) = about else {
            return false;
        };
        let entries = self.entries(machine);
        let mut of_meeting = entries.iter().filter(|entry| {
            let named = entry.meeting.and_then(|id| self.numbers.get(&(machine, id)));
            named == Some(number)
        });
        of_meeting.any(|entry| entry.problem.is_some() && entry.at >= at)
    }
}

fn calendar_is_honest(
    ledger: &Ledger,
    machine: Machine,
    calendar: &CalendarView,
    status: &Status,
    wrong: &mut Vec<String>,
) {
    let Some(success) = calendar.health.last_success else {
        if status.fresh_as_of.is_some() {
            wrong.push(format!(
                "{} was never read, and all is shown as fresh",
                calendar.name
            ));
        }
        return;
    };
    if status.fresh_as_of.is_some_and(|fresh| fresh > success) {
        wrong.push(format!("all is shown as fresher than {}", calendar.name));
    }
    let place = (machine, calendar.google_id.clone());
    if !ledger.known.read_since(&place, success) {
        wrong.push(format!("{} is shown as read at {success}", calendar.name));
    }
    let hidden = |problem| !status.problems.contains(problem);
    if calendar.health.problem.as_ref().is_some_and(hidden) {
        wrong.push(format!(
            "the problem of {} is not among the problems",
            calendar.name
        ));
    }
}

/// Whether it is told that a calendar could not be read, or it was read since, or is about to be, as when it was shared again.
/// Of two accounts one may have read it.
fn shows_calendar(status: &Status, id: &str, failed: Timestamp, now: Timestamp) -> bool {
    let mut views = (status.calendars.iter()).filter(|view| view.google_id == id && view.watched);
    let Some(view) = views.next() else { return true };
    let health = &view.health;
    let read = health.last_success.is_some_and(|success| success >= failed);
    let due = health.next_try.is_none_or(|next| next <= now);
    views.next().is_some() || health.problem.is_some() || read || due
}

/// Whether a meeting that could not be had is shown as anything but well, or is tried again, or its account tells.
fn shows_meeting(status: &Status, views: &[MeetingView], wanted: u64) -> bool {
    let zoom = status
        .accounts
        .iter()
        .filter(|account| account.service == Service::Zoom);
    let mut views = views.iter().filter(|view| number(view) == Some(wanted));
    let well = |view: &MeetingView| {
        view.state == MeetingState::InStep && view.planned.is_none() && view.problem.is_none()
    };
    zoom.filter(|account| account.health.problem.is_some()).count() > 0 || !views.any(well)
}
