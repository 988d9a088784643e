//! P10: an event, a calendar or an account that stays bad stops none of the others, and takes nothing away of what is known.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingView, PlannedAction, Status};
use reconvene_engine::Engine;
use reconvene_simulator::{Effect, Fault, Hand, Match, Rule};

use crate::ledger::Machine;
use crate::run::{Run, WORK};
use crate::settle::{Wrong, number, owned};
use crate::truth::Key;

/// What stays bad when all other trouble stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// An event is described in a way that nobody understands.
    Riddle { event: u32 },
    /// A calendar of the person cannot be read.
    Calendar { forbidden: bool },
    /// The person does not sign in to the other account again.
    Account,
}

/// What stays bad, and what was known of it.
#[derive(Debug, Default)]
pub(crate) struct Bad {
    event: Option<(Key, u64)>,
    calendar: Option<String>,
    shown: Vec<(Machine, MeetingView)>,
}

impl Bad {
    /// Whether every calendar can be read.
    pub(crate) fn hides_nothing(&self) -> bool {
        self.calendar.is_none()
    }
}

/// For so many seconds nobody understands it.
const EVER: u32 = 1_000_000_000;

impl Run {
    /// All trouble has stopped but this.
    pub(crate) fn leave_something_bad(&mut self) {
        let bad = match self.plan.setting.lasting {
            None => return,
            Some(Lasting::Riddle { event }) => self.leave_a_riddle(event),
            Some(Lasting::Calendar { forbidden }) => {
                let calendar = self.places[1].id.clone();
                let effect = if forbidden {
                    "google_403_forbidden"
                } else {
                    "500_html"
                };
                let rule = Rule {
                    matching: Match {
                        path: Some(format!("/calendars/{calendar}/events")),
                        ..Match::default()
                    },
                    skip: 0,
                    times: None,
                    fault: Fault::before(Effect::Preset(effect.to_owned())),
                };
                self.around.simulator.with(|world| world.faults().add(rule));
                self.leave_a_calendar(calendar)
            }
            Some(Lasting::Account) => {
                self.hand(Hand::RevokeGoogle { person: WORK.into() });
                self.leave_a_calendar(WORK.to_owned())
            }
        };
        self.bad = bad;
    }

    fn leave_a_riddle(&mut self, event: u32) -> Option<Bad> {
        let key = self.some_event(event)?;
        self.pose_riddle(event, EVER);
        let ledger = self.around.ledger.lock().unwrap();
        let posed = ledger
            .known
            .riddles
            .get(&key)
            .is_some_and(|until| *until > self.now());
        let row = ledger.truth.rows.get(&key)?;
        let meeting = row.meeting?;
        // What is over is not read any more.
        let over = (row.wanted.as_ref()).is_none_or(|wanted| row.single && wanted.end() <= self.now());
        drop(ledger);
        if !posed || over {
            return None;
        }
        self.take(crate::steps::Step::Colour { event });
        self.around.ledger.lock().unwrap().beyond.insert(meeting);
        let shown = self.shown_of(|_, view| number(view) == Some(meeting) && view.bonded);
        Some(Bad {
            event: Some((key, meeting)),
            calendar: None,
            shown,
        })
    }

    fn leave_a_calendar(&mut self, calendar: String) -> Option<Bad> {
        let shown = self.shown_of(|status, view| {
            let mut calendars = status.calendars.iter();
            let goes = (view.planned.as_ref()).is_some_and(|planned| planned.action == PlannedAction::Delete);
            !goes && calendars.any(|of| of.id == view.calendar && of.google_id == calendar && of.watched)
        });
        let mut ledger = self.around.ledger.lock().unwrap();
        let on_it = ledger
            .truth
            .states
            .iter()
            .filter(|((place, _), _)| *place == calendar);
        let meetings: BTreeSet<u64> = on_it
            .flat_map(|(_, states)| states.iter().filter_map(|state| state.meeting))
            .collect();
        ledger.beyond.extend(meetings);
        ledger.truth.ever_lost.insert(calendar.clone());
        drop(ledger);
        Some(Bad {
            event: None,
            calendar: Some(calendar),
            shown,
        })
    }

    /// What every machine shows of something.
    fn shown_of(&mut self, of_it: impl Fn(&Status, &MeetingView) -> bool) -> Vec<(Machine, MeetingView)> {
        let mut shown = Vec::new();
        for machine in 0..self.disks.len() {
            let status = self.tell(machine, Engine::status);
            let Some((views, status)) = self.tell(machine, Engine::meetings).zip(status) else {
                continue;
            };
            let mut views = views;
            views.retain(|view| of_it(&status, view));
            shown.extend(views.into_iter().map(|view| (machine, view)));
        }
        shown
    }

    /// Whether a calendar is the one that stays bad.
    pub(crate) fn stays_bad(&self, calendar: &str) -> bool {
        let bad = self.bad.as_ref().and_then(|bad| bad.calendar.as_deref());
        bad == Some(calendar)
    }

    /// What else can be demanded, as if that calendar were lost.
    pub(crate) fn without_the_bad(&self, mut status: Status) -> Status {
        for calendar in &mut status.calendars {
            calendar.available &= !self.stays_bad(&calendar.google_id);
        }
        status
    }

    /// What stays bad is told, and what was known of it is still shown.
    pub(crate) fn bad_is_shown(
        &self,
        machine: Machine,
        status: &Status,
        views: &[MeetingView],
        wrong: &mut Wrong,
    ) {
        let Some(bad) = &self.bad else { return };
        let now = self.now();
        let ledger = self.around.ledger.lock().unwrap();
        if let Some((key, meeting)) = &bad.event {
            // What the person said to leave alone concerns nobody.
            let own = (machine, *meeting);
            let left = ledger.left_alone.contains_key(&own) || ledger.word.unbonded.contains_key(&own);
            // The person may have had everything read anew, and understood.
            let lasts = ledger.known.riddles.get(key).is_some_and(|until| *until > now);
            if !lasts {
                return;
            }
            let ticked = ledger.ticked.contains_key(&(machine, key.0.clone()));
            let told = ledger.known.puzzled_since(machine, key, now);
            let shown = status
                .problems
                .iter()
                .any(|problem| problem.code == Code::EventNotUnderstood);
            // A series may have come to its end before.
            let single = ledger.truth.rows.get(key).is_some_and(|row| row.single);
            let own = owned(&ledger, status, &key.0);
            if single && ticked && own && told.is_some() && !shown && !left {
                wrong.push((
                    "P10",
                    format!("nobody is told that {} cannot be understood", key.1),
                ));
            }
        }
        if let Some(calendar) = &bad.calendar {
            let mut of_it = status.calendars.iter().filter(|view| view.google_id == *calendar);
            let well = of_it.any(|view| view.watched && view.available && view.health.problem.is_none());
            let account = status
                .accounts
                .iter()
                .any(|account| account.health.problem.is_some());
            if well && !account {
                wrong.push(("P10", format!("{calendar} cannot be read, and nobody is told")));
            }
        }
        for (_, before) in bad
            .shown
            .iter()
            .filter(|(of, view)| *of == machine && is_ahead(view, now))
        {
            // Whatever became of it elsewhere.
            let same = |view: &MeetingView| match number(before) {
                Some(meeting) => number(view) == Some(meeting),
                None => (&view.title, view.start) == (&before.title, before.start),
            };
            let kept = views.iter().any(same);
            // It was deleted, which others judge.
            let deleted = number(before).is_some_and(|meeting| ledger.deleted_by.contains_key(&meeting));
            if !kept && !deleted {
                let (title, start) = (&before.title, before.start);
                wrong.push((
                    "P10",
                    format!("“{title}” at {start}, which was known, is not shown any more"),
                ));
            }
        }
    }
}

fn is_ahead(view: &MeetingView, now: Timestamp) -> bool {
    view.start > now
}
