//! After the trouble: the person heals what only a person can, time passes, and what must be so then is checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{ActivityEntry, MeetingState, MeetingView, Service, Status};
use reconvene_engine::Engine;
use reconvene_simulator::google::Event;
use reconvene_simulator::zoom::Meeting;

use crate::lasting::Bad;
use crate::ledger::{Ledger, Machine};
use crate::run::{Run, WORK};
use crate::shared::{ANA, BEN};
use crate::truth::Row;
use crate::wanted::{Wanted, has_schedule};

/// After so many rounds of waiting everything must have come to rest, once no service asks for hours: more than an hour, which
/// one may ask for, with something else that is tried again every few minutes.
const ROUNDS: u32 = 40;

/// What is judged when a living event is compared with its meeting.
const EVENTS: &str = "events in step";

/// The same where a service asked for hours.
const ROUNDS_OF_HOURS: u32 = 160;

impl Run {
    /// Trouble stops, time passes, and the promises are checked.
    pub(crate) fn settle(&mut self) {
        self.calm();
        let now = self.now();
        self.note(format!("{now} all trouble stops"));
        for machine in 0..self.disks.len() {
            self.tell(machine, |engine| engine.pause(false));
            self.heal(machine);
        }
        if self.idle {
            self.away(false);
        }
        let has_choices = self.plan.has_choices();
        if has_choices {
            self.choose_to_go_on();
        }
        self.leave_something_bad();
        let since = self.now();
        self.around.ledger.lock().unwrap().word.quiet(since);
        let (mut looked, mut rested) = (false, false);
        let mut enough = ROUNDS;
        for round in 0..ROUNDS_OF_HOURS {
            self.pass(Duration::from_secs(200));
            self.look();
            if round < 3 {
                let now = self.now();
                self.around.ledger.lock().unwrap().word.quiet(now);
            }
            if round == 1 {
                self.press_every_button();
                // What an account needs the person for comes to light as well.
                self.look_at_everything();
            }
            for machine in 0..self.disks.len() {
                self.heal(machine);
                self.agree_to_begin(machine);
            }
            let waits: Vec<_> = (0..self.disks.len())
                .filter_map(|machine| self.next_wait(machine, since))
                .collect();
            let last = waits.iter().map(|(_, last)| *last).max();
            let Some(next) = waits.iter().map(|(next, _)| *next).min() else {
                if looked {
                    rested = true;
                    break;
                }
                if round > 1 {
                    self.look_at_everything();
                    looked = true;
                }
                continue;
            };
            // The machine sleeps until then.
            let now = self.now();
            let hours = last.is_some_and(|last| last > now + SignedDuration::from_hours(1));
            if hours {
                enough = round + ROUNDS;
            }
            if round + 1 >= enough {
                break;
            }
            // Beside what is tried again every few minutes, hours pass in larger steps.
            let next = match (hours, last) {
                (true, Some(last)) if round >= ROUNDS => {
                    next.max(last.min(now + SignedDuration::from_hours(1)))
                }
                _ => next,
            };
            if next > now {
                self.around
                    .wall
                    .shift(next.duration_since(now) + SignedDuration::from_secs(1));
                self.take(crate::steps::Step::Woke);
            }
        }
        if !rested {
            self.unrest();
        }
        let before = self.zoom_requests().len();
        let (quiet, from) = (self.asked_so_far(), self.now());
        self.pass(Duration::from_secs(200));
        // A deletion that waits for a calendar that stays bad has the others read anew each time.
        let hides = self.bad.as_ref().is_some_and(|bad| !bad.hides_nothing());
        if rested && !hides {
            self.reads_no_more_than_changes(quiet);
        }
        // Each meeting is looked at now and then, and that is all.
        let mut asked = self.zoom_requests().split_off(before);
        let used_again = self.meetings_of_events_that_ended(from);
        asked.retain(|request| !used_again.iter().any(|number| request.contains(number)));
        let count = asked.len();
        asked.sort_unstable();
        asked.dedup();
        if rested && !hides && count > asked.len() * self.disks.len() {
            self.break_promise("P6", format!("{count} requests to Zoom with nothing to do"));
        }
        self.look();
        self.look_for_undone();
        for machine in 0..self.disks.len() {
            self.check(machine);
        }
    }

    /// The meetings of events that ended since then: one that is used again follows its next event now.
    fn meetings_of_events_that_ended(&self, since: Timestamp) -> Vec<String> {
        let now = self.now();
        let ledger = self.around.ledger.lock().unwrap();
        self.around.simulator.with(|world| {
            let mut numbers = Vec::new();
            for ((calendar, id), row) in &ledger.truth.rows {
                let ended = |event: &Arc<Event>| event.end.instant() > since && event.end.instant() <= now;
                if row.living && world.event(calendar, id).as_ref().is_some_and(ended) {
                    numbers.extend(row.meeting.map(|number| number.to_string()));
                }
            }
            numbers
        })
    }

    /// What was asked of Zoom, in order.
    fn zoom_requests(&self) -> Vec<String> {
        self.around.simulator.with(|world| {
            let log = world.log().entries().iter();
            let zoom = log.filter(|entry| entry.service == reconvene_simulator::Service::Zoom);
            zoom.map(|entry| format!("{} {}", entry.method, entry.path))
                .collect()
        })
    }

    /// Signs in again wherever that is asked for, or where nobody is signed in.
    fn heal(&mut self, machine: Machine) {
        let Some(accounts) = self.tell(machine, Engine::accounts) else {
            return;
        };
        let asks = |problem: &Problem| {
            !matches!(
                problem.code,
                Code::RateLimited | Code::DailyBudget | Code::ServiceFailed
            )
        };
        let mut wanted = vec![(Service::Google, ANA), (Service::Zoom, ANA)];
        if self.plan.setting.two_accounts && !self.stays_bad(WORK) {
            wanted.push((Service::Google, WORK));
        }
        // Whoever else signed in may be the one who can see a meeting.
        for account in &accounts {
            if account.name == BEN {
                wanted.push((account.service, BEN));
            }
        }
        for (service, who) in wanted {
            let well = accounts.iter().any(|account| {
                account.service == service
                    && account.name == who
                    && !account.health.problem.as_ref().is_some_and(asks)
            });
            if !well {
                self.sign_in(machine, service, who);
            }
        }
    }

    /// The person tries again whatever was refused, and agrees to held deletions in every other world.
    fn press_every_button(&mut self) {
        for machine in 0..self.disks.len() {
            self.heal(machine);
            let Some(views) = self.tell(machine, Engine::meetings) else {
                continue;
            };
            for view in views.iter().filter(|view| view.state == MeetingState::Failed) {
                let id = view.id;
                self.tell(machine, |engine| engine.retry(id));
                if let Some(number) = number(view) {
                    self.around
                        .ledger
                        .lock()
                        .unwrap()
                        .left_alone
                        .remove(&(machine, number));
                }
            }
        }
        if self.plan.seed.is_multiple_of(2) {
            self.answer_held(true);
        }
    }

    /// Until when something still waits, and until when the last of it; `None` when everything rests.
    fn next_wait(&mut self, machine: Machine, since: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let views = self.tell(machine, Engine::meetings)?;
        let status = self.tell(machine, Engine::status)?;
        let status = self.without_the_bad(status);
        let now = self.now();
        // A deletion waits for a calendar that cannot be read.
        let hides = self.bad.as_ref().is_some_and(|bad| !bad.hides_nothing());
        let planned = views
            .iter()
            .filter(|view| {
                view.state != MeetingState::Held && !(hides && view.state == MeetingState::Deleting)
            })
            .filter_map(|view| Some(view.planned.as_ref()?.due));
        let paused = status
            .accounts
            .iter()
            .filter_map(|account| account.health.next_try);
        let stale = status
            .calendars
            .iter()
            .filter(|calendar| calendar.watched && calendar.available)
            .filter(|calendar| calendar.health.last_success.is_none_or(|success| success < since))
            .map(|calendar| calendar.health.next_try.unwrap_or(now));
        // What waits to be taken back tells so in the activity alone.
        let undoing: Vec<u64> = self.undoing.iter().map(|(_, number, ..)| *number).collect();
        let entries = match undoing.is_empty() {
            true => Vec::new(),
            false => self.tell(machine, |engine| engine.activity(100, None))?,
        };
        let number = |entry: &ActivityEntry| self.numbers.get(&(machine, entry.meeting?)).copied();
        let undone = (entries.iter())
            .filter(|entry| number(entry).is_some_and(|number| undoing.contains(&number)))
            .filter_map(|entry| entry.next_try)
            .filter(|next| *next > now)
            .min();
        let making = match self.plan.has_choices() {
            true if !hides => self.next_making(machine),
            _ => None,
        };
        let paused = paused.filter(|next| *next > now);
        let all = planned.chain(making).chain(undone).chain(paused).chain(stale);
        all.fold(None, |waits: Option<(Timestamp, Timestamp)>, next| match waits {
            Some((first, last)) => Some((first.min(next), last.max(next))),
            None => Some((next, next)),
        })
    }

    /// What still waits after all that time.
    fn unrest(&mut self) {
        for machine in 0..self.disks.len() {
            self.still_making(machine);
            // A deletion waits for a calendar that cannot be read.
            if self.bad.as_ref().is_some_and(|bad| !bad.hides_nothing()) {
                continue;
            }
            let Some(views) = self.tell(machine, Engine::meetings) else {
                continue;
            };
            for view in views
                .iter()
                .filter(|view| view.planned.is_some() && view.state != MeetingState::Held)
            {
                self.break_promise(
                    "P5",
                    format!(
                        "“{}” still waits: {:?} {:?}",
                        view.title, view.planned, view.state
                    ),
                );
            }
        }
    }

    /// What must be so in the end.
    fn check(&mut self, machine: Machine) {
        let (Some(views), Some(status)) = (
            self.tell(machine, Engine::meetings),
            self.tell(machine, Engine::status),
        ) else {
            return;
        };
        let mut wrong = Wrong::default();
        let status = self.without_the_bad(status);
        let seen = Seen {
            machine,
            status: &status,
            views: &views,
        };
        self.in_step(seen, &mut wrong);
        self.series_in_step(seen, &mut wrong);
        self.bonded_where_they_agree(seen, &mut wrong);
        // While a calendar cannot be read, nobody knows what is on it.
        if self.bad.as_ref().is_none_or(Bad::hides_nothing) {
            self.deleted(seen, &mut wrong);
            self.series_deleted(seen, &mut wrong);
            self.no_orphans(&mut wrong);
        }
        self.listed(seen, &mut wrong);
        self.keeps_no_secret(machine);
        self.got_by_word(machine, &status, &mut wrong);
        if machine == 0 {
            self.took_back(&mut wrong);
        }
        let mails = self.around.simulator.with(|world| world.mails().to_vec());
        for mail in mails {
            wrong.push(("P9", format!("a mail: {}", mail.about)));
        }
        self.shows_no_secret(machine, &mut wrong);
        self.says_what_to_do(&status, &mut wrong);
        self.figures.judge(&wrong.judged);
        if self.bad.is_some() {
            for (promise, _) in wrong
                .found
                .iter_mut()
                .filter(|(promise, _)| matches!(*promise, "P1" | "P2"))
            {
                *promise = "P10";
            }
        }
        self.bad_is_shown(machine, &status, &views, &mut wrong);
        for (promise, how) in wrong.found {
            self.break_promise(promise, how);
        }
    }

    /// The meeting as it is, if it is one that may be acted on at all.
    pub(crate) fn ours(&self, number: u64) -> Option<Meeting> {
        let own = self.around.own_host.as_deref();
        self.there(number)
            .filter(|meeting| own == Some(meeting.host_id.as_str()))
    }

    /// The same, whoever hosts it.
    pub(crate) fn there(&self, number: u64) -> Option<Meeting> {
        self.around.simulator.with(|world| {
            let meeting = world.meeting(number)?;
            (has_schedule(meeting) && meeting.trashed.is_none()).then(|| meeting.clone())
        })
    }

    /// P2: every bonded meeting that the person hosts equals its event.
    pub(crate) fn in_step(
        &self,
        Seen {
            machine,
            status,
            views,
        }: Seen<'_>,
        wrong: &mut Wrong,
    ) {
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        let owned = |calendar: &str| owned(&ledger, status, calendar);
        for (key, row) in &ledger.truth.rows {
            let (calendar, id) = key;
            let (Some(number), Some(wanted)) = (row.meeting, &row.wanted) else {
                continue;
            };
            let follows = row.living && row.single && row.organized && owned(calendar);
            if !follows
                || !self.is_bonded(&ledger, machine, number, (key, row), now)
                || wanted.start <= now
                || ledger.is_left_alone(machine, number)
            {
                continue;
            }
            let Some(meeting) = self.ours(number) else {
                continue;
            };
            if ledger.undone_elsewhere(machine, number) {
                wrong.excuse(EVENTS);
                continue;
            }
            // What was changed at Zoom counts only when the event changed after it, and visibly so.
            let untold = |at: &Timestamp| row.edited <= *at || wanted.cut_topic().is_empty();
            if ledger.unseen_drift(number).is_some_and(|at| untold(&at)) || self.webinar(views, number) {
                wrong.excuse(EVENTS);
                continue;
            }
            let rival = ledger.truth.rows.iter().any(|((place, other), row)| {
                // An event that is read here was moved off a calendar that is lost.
                let known = row.living || (ledger.truth.lost.contains(place) && other != id);
                // On a calendar that was lost, an event still points where it pointed when it was last seen.
                let seen = (machine, place.clone());
                let left_unseen = ledger.truth.ever_lost.contains(place)
                    && (row.unlinked.iter())
                        .any(|(left, at)| *left == number && !ledger.known.seen_between(&seen, *at, now));
                (known && (row.meeting == Some(number) || left_unseen))
                    && (place, other) != (calendar, id)
                    && (row.wanted.as_ref() != Some(wanted) || !row.single)
                    && (row.names_itself || ledger.truth.bonded(number, other) || !row.single)
            });
            if rival {
                wrong.excuse(EVENTS);
                continue;
            }
            wrong.judge(EVENTS);
            let differences = wanted.differences(&meeting);
            if !differences.is_empty() {
                let shown = views
                    .iter()
                    .filter(|view| crate::settle::number(view) == Some(number));
                let shown: Vec<_> = shown.map(|view| (view.state, &view.reason)).collect();
                wrong.push((
                    "P2",
                    format!(
                        "{number} of {id} on {calendar} has {}; shown as {shown:?}",
                        differences.join(", ")
                    ),
                ));
            }
        }
        for view in views.iter().filter(|view| view.state == MeetingState::InStep) {
            let Some(number) = number(view) else { continue };
            let deleted_elsewhere = ledger.deleted_by.get(&number).is_some_and(|by| *by != machine);
            let honest = ledger.unseen_drift(number).is_some()
                || ledger.undone_elsewhere(machine, number)
                || deleted_elsewhere
                || self.there(number).is_some_and(|meeting| {
                    ledger.truth.rows.iter().any(|((place, _), row)| {
                        let fits =
                            |wanted: &Wanted| wanted.start <= now || wanted.differences(&meeting).is_empty();
                        // A date may have a meeting that its series has not.
                        let of_its_own = row.series.as_ref().is_some_and(|series| {
                            let master = ledger.truth.rows.get(&(place.clone(), series.clone()));
                            master.is_none_or(|master| !master.points_at(number))
                        });
                        (row.single || of_its_own)
                            && row.points_at(number)
                            && row.wanted.as_ref().is_some_and(fits)
                    })
                })
                || self.series_is_honest(&ledger, status, number, now)
                // While one of its calendars is lost, a meeting is not looked at.
                || (ledger.truth.rows.iter())
                    .any(|((place, _), row)| row.points_at(number) && ledger.truth.lost.contains(place))
                || !ledger.truth.rows.values().any(|row| {
                    let ahead = |wanted: &Wanted| wanted.end() > now || row.is_series();
                    row.points_at(number) && row.wanted.as_ref().is_some_and(ahead)
                })
                || !readable_view(status, view);
            if !honest {
                wrong.push(("P11", format!("“{}” is shown as in step and is not", view.title)));
            }
        }
    }

    /// Whether it turned out to be a webinar, which the meetings API refuses.
    pub(crate) fn webinar(&self, views: &[MeetingView], wanted: u64) -> bool {
        views.iter().any(|view| {
            number(view) == Some(wanted)
                && view
                    .problem
                    .as_ref()
                    .is_some_and(|problem| problem.message.contains("webinar"))
        })
    }

    /// Whatever carries a meeting and lies ahead is listed.
    fn listed(&self, Seen { status, views, .. }: Seen<'_>, wrong: &mut Wrong) {
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        for ((calendar, id), row) in &ledger.truth.rows {
            let (Some(wanted), Some(meeting)) = (&row.wanted, row.meeting) else {
                continue;
            };
            // A riddle is asked for again only while its meeting follows it.
            let riddle = || {
                let key = (calendar.clone(), id.clone());
                ledger.known.riddles.contains_key(&key)
            };
            if !(row.living && row.single && wanted.end() > now && shows(status, calendar, row)) || riddle() {
                continue;
            }
            let listed = views.iter().any(|view| {
                view.title == wanted.topic
                    && view.start == wanted.start
                    && (number(view) == Some(meeting) || view.number.is_none())
            });
            if !listed {
                wrong.push((
                    "P1",
                    format!("{id} on {calendar} is not listed as it is: {wanted:?}"),
                ));
            }
        }
    }
}

/// What a machine shows in the end.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) machine: Machine,
    pub(crate) status: &'a Status,
    pub(crate) views: &'a [MeetingView],
}

/// What is wrong in the end, and how much was judged at all: an oracle that excuses everything proves nothing.
#[derive(Default)]
pub(crate) struct Wrong {
    pub(crate) found: Vec<(&'static str, String)>,
    /// By what was looked at: how often it was judged, and how often it could not be.
    pub(crate) judged: BTreeMap<&'static str, (u64, u64)>,
}

impl Wrong {
    pub(crate) fn push(&mut self, found: (&'static str, String)) {
        self.found.push(found);
    }

    pub(crate) fn judge(&mut self, what: &'static str) {
        self.judged.entry(what).or_default().0 += 1;
    }

    pub(crate) fn excuse(&mut self, what: &'static str) {
        self.judged.entry(what).or_default().1 += 1;
    }
}

pub(crate) fn number(view: &MeetingView) -> Option<u64> {
    view.number.as_ref()?.parse().ok()
}

pub(crate) fn readable(status: &Status, calendar: &str) -> bool {
    status
        .calendars
        .iter()
        .any(|view| view.google_id == calendar && view.watched && view.available)
}

/// Whether a calendar is watched through an account to which it shows an event: a private one only to those who may write all.
fn shows(status: &Status, calendar: &str, row: &Row) -> bool {
    let views = status.calendars.iter();
    let mut watched = views.filter(|view| view.google_id == calendar && view.watched && view.available);
    watched.any(|view| !row.private || matches!(view.access.as_str(), "owner" | "writer"))
}

/// Whether a calendar is watched through an account by which the person may write to it. What they may only read as one, they
/// own as another, who need not watch it.
pub(crate) fn owned(ledger: &Ledger, status: &Status, calendar: &str) -> bool {
    let views = status.calendars.iter();
    let mut watched = views.filter(|view| view.google_id == calendar && view.watched && view.available);
    watched.any(|view| !ledger.truth.owns_all || view.access != "reader")
}

fn readable_view(status: &Status, view: &MeetingView) -> bool {
    status
        .calendars
        .iter()
        .any(|calendar| calendar.id == view.calendar && calendar.watched && calendar.available)
}
