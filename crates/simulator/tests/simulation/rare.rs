//! What is rare, as it is done.

use std::collections::BTreeMap;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use reconvene_engine::Surroundings;
use reconvene_engine::ports::SecretsError;
use reconvene_simulator::google::Role;
use reconvene_simulator::zoom::Occurrence;
use reconvene_simulator::{Effect, Fault, Hand, Match, Rule};
use serde_json::json;

use crate::run::{Run, WORK};
use crate::shared::{ANA, BEN};
use crate::steps::Rare;

/// What Google's list of calendars may answer.
const LIST_FAILS: [&str; 14] = [
    "google_410",
    "google_410",
    "google_400_token",
    "google_401",
    "google_403_user_rate",
    "google_403_quota",
    "google_403_forbidden",
    "google_404",
    "429_http_date",
    "500_html",
    "503_empty",
    "200_html",
    "200_empty",
    "200_truncated_json",
];

/// What Google makes of the name of a calendar that everybody may subscribe to.
const HOLIDAYS: &str = "de.german#holiday@group.v.calendar.google.com";

impl Run {
    /// Calendars whose name or role is out of the ordinary. All of them are Ben’s.
    pub(crate) fn open_strange_calendars(&mut self) {
        let all = [
            ("Holidays", Some(HOLIDAYS), Role::Reader),
            ("Ben is busy", None, Role::FreeBusyReader),
            ("Board", None, Role::WriterWithoutPrivateAccess),
        ];
        for (name, id, role) in all {
            let id = self.must(Hand::CreateCalendar {
                owner: BEN.into(),
                summary: name.into(),
                id: id.map(str::to_owned),
                time_zone: None,
            });
            self.must(Hand::ShareCalendar {
                calendar: id.clone(),
                with: ANA.into(),
                role,
            });
            self.around.ledger.lock().unwrap().truth.shown_in_part(&id, role);
            self.place(id, role > Role::Reader);
        }
    }

    pub(crate) fn be_rare(&mut self, rare: Rare) {
        match rare {
            Rare::ListFails { kind, times } => {
                let name = LIST_FAILS[kind as usize % LIST_FAILS.len()];
                self.lay("calendar.calendarList.list", times, Fault::preset(name));
            }
            Rare::ExpireList => {
                self.hand(Hand::ExpireListTokens { person: ANA.into() });
            }
            Rare::List { calendar, listed } => self.list(calendar, listed),
            Rare::NameCalendar { calendar } => {
                let calendar = self.places[calendar as usize % self.places.len()].id.clone();
                let summary = self.title(4);
                self.hand(Hand::RenameCalendar { calendar, summary });
            }
            Rare::AsksForTime {
                google,
                form,
                seconds,
            } => {
                let headers = retry_after(form, seconds, self.now());
                let status = if form.is_multiple_of(3) { 503 } else { 429 };
                let answer = Effect::Answer {
                    status,
                    headers,
                    body: "{}".into(),
                };
                let operation = if google {
                    "calendar.events.list"
                } else {
                    "meetings.update"
                };
                self.lay(operation, 1, Fault::before(answer));
            }
            Rare::Keyring { how } => {
                let fails = match how % 4 {
                    0 => SecretsError::Missing,
                    1 => SecretsError::Empty,
                    2 => SecretsError::Unanswered,
                    _ => SecretsError::Refused("out of order".into()),
                };
                for disk in &self.disks {
                    *disk.drawer.fails.lock().unwrap() = Some(fails.clone());
                }
            }
            Rare::Invite { event, on } => {
                let guests = if on { json!([{"email": WORK}]) } else { json!([]) };
                let fields = [("attendees".to_owned(), guests)].into_iter().collect();
                self.at_event(event, |calendar, event| Hand::WriteFields {
                    calendar,
                    event,
                    fields,
                });
            }
            Rare::Decline { event } => {
                if let Some((calendar, event)) = self.some_event(event).filter(|(place, _)| place != WORK)
                    && calendar == ANA
                {
                    let calendar = WORK.to_owned();
                    self.hand(Hand::CancelEvent { calendar, event });
                }
            }
            Rare::Away { on } => {
                self.away(on);
            }
            Rare::Meet { meeting, on } => {
                self.at_zoom(meeting, |meeting| match on {
                    true => Hand::StartMeeting { meeting },
                    false => Hand::EndMeeting { meeting },
                });
            }
            Rare::CancelDate { meeting, date } => {
                if let Some((meeting, date)) = self.date_at_zoom(meeting, date) {
                    let cancelled = (meeting, date.id.clone());
                    self.around
                        .ledger
                        .lock()
                        .unwrap()
                        .cancelled_at_zoom
                        .insert(cancelled);
                    let hand = Hand::CancelDate {
                        meeting,
                        date: date.id,
                    };
                    self.change_at_zoom(meeting, hand);
                }
            }
            Rare::MoveDate {
                meeting,
                date,
                by_minutes,
            } => {
                if let Some((meeting, date)) = self.date_at_zoom(meeting, date) {
                    let start = date.start + SignedDuration::from_mins(i64::from(by_minutes));
                    let moved = (meeting, date.id.clone());
                    self.around.ledger.lock().unwrap().moved_at_zoom.insert(moved);
                    let hand = Hand::MoveDate {
                        meeting,
                        date: date.id,
                        start,
                    };
                    self.change_at_zoom(meeting, hand);
                }
            }
            Rare::Repeat { meeting, days } => {
                let scheduled = |number: &u64| self.there(*number).is_some();
                if let Some(meeting) = self.some_meeting(meeting).filter(scheduled) {
                    let recurrence = json!({"type": 1, "repeat_interval": days, "end_times": 5});
                    let mut ledger = self.around.ledger.lock().unwrap();
                    ledger.repeated_at_zoom.insert(meeting);
                    drop(ledger);
                    self.change_at_zoom(meeting, Hand::RepeatMeeting { meeting, recurrence });
                }
            }
        }
    }

    /// The next answers to an operation are this one.
    fn lay(&mut self, operation: &str, times: u32, fault: Fault) {
        self.note(format!("    {operation}: {fault:?}"));
        let rule = Rule {
            matching: Match {
                operation: Some(operation.to_owned()),
                ..Match::default()
            },
            skip: 0,
            times: Some(times),
            fault,
        };
        self.around.simulator.with(|world| world.faults().add(rule));
    }

    /// Takes a shared calendar off the person's list, or puts it back on it.
    fn list(&mut self, calendar: u32, listed: bool) {
        let calendar = self.places[2 + calendar as usize % 2].id.clone();
        let done = self.hand(Hand::ListCalendar {
            calendar: calendar.clone(),
            person: ANA.into(),
            listed,
        });
        if done.is_some() {
            let lost = &mut self.around.ledger.lock().unwrap().truth;
            match listed {
                true => drop(lost.lost.remove(&calendar)),
                false => {
                    lost.lost.insert(calendar.clone());
                    lost.ever_lost.insert(calendar);
                }
            }
        }
    }

    /// A date of some series at Zoom that is ahead and not cancelled.
    fn date_at_zoom(&self, meeting: u32, date: u32) -> Option<(u64, Occurrence)> {
        let now = self.now();
        self.around.simulator.with(|world| {
            let ahead = |meeting: &&reconvene_simulator::zoom::Meeting| {
                let dates = meeting.occurrences.iter();
                let ahead = dates.filter(|date| !date.deleted && date.start > now);
                ahead.cloned().collect::<Vec<_>>()
            };
            let series = world.meetings().filter(|meeting| meeting.trashed.is_none());
            let series: Vec<_> = series.map(|meeting| (meeting.id, ahead(&meeting))).collect();
            let series: Vec<_> = series.iter().filter(|(_, dates)| !dates.is_empty()).collect();
            let (id, dates) = series.get(meeting as usize % series.len().max(1))?;
            Some((*id, dates[date as usize % dates.len()].clone()))
        })
    }

    /// Nobody uses the machines, or somebody does again.
    pub(crate) fn away(&mut self, idle: bool) {
        self.idle = idle;
        for machine in 0..self.disks.len() {
            self.tell(machine, |engine| {
                engine.surrounded(Surroundings {
                    idle,
                    on_battery: false,
                });
                Ok::<(), ()>(())
            });
        }
    }

    /// Whoever met goes home.
    pub(crate) fn end_every_meeting(&mut self) {
        let running = self.around.simulator.with(|world| {
            let running = world.meetings().filter(|meeting| meeting.started);
            running.map(|meeting| meeting.id).collect::<Vec<_>>()
        });
        for meeting in running {
            self.hand(Hand::EndMeeting { meeting });
        }
    }
}

/// The header in each form that it may have, and some that it may not (RFC 9110 §10.2.3; Zoom's is ISO 8601).
fn retry_after(form: u32, seconds: u32, now: Timestamp) -> BTreeMap<String, String> {
    let later = now + SignedDuration::from_secs(i64::from(seconds));
    let value = match form % 8 {
        0 => seconds.to_string(),
        1 => later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        2 => later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        3 => {
            let zone = TimeZone::fixed(Offset::constant(-5));
            later.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }
        4 => "0".to_owned(),
        5 => format!("{seconds}.5"),
        6 => "-7".to_owned(),
        _ => "soon".to_owned(),
    };
    [("Retry-After".to_owned(), value)].into()
}
