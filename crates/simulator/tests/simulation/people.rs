//! What people do, in the calendar, at Zoom and in the app.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan};
use reconvene_core::report::{MeetingState, Service};
use reconvene_simulator::Hand;
use reconvene_simulator::google::{Event, EventTime};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent, NewMeeting};

use crate::process::Dead;
use crate::run::{Run, WORK};
use crate::shared::{ANA, BEN};
use crate::steps::{Make, Step};
use crate::truth::Key;

impl Run {
    /// Does what a step says.
    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Wait { .. } => {}
            Step::Add {
                calendar,
                make,
                in_minutes,
                minutes,
            } => self.add(calendar, make, in_minutes, minutes),
            Step::Rename { event, style } => self.rename(event, style),
            Step::Drag { event, by_minutes } => self.drag(event, by_minutes),
            Step::Resize { event, minutes } => self.at_event(event, |calendar, event| Hand::ResizeEvent {
                calendar,
                event,
                minutes,
            }),
            Step::Cancel { event } => {
                self.at_event(event, |calendar, event| Hand::CancelEvent { calendar, event })
            }
            Step::CancelMany { first, count } => {
                for event in first..first + count {
                    self.at_event(event, |calendar, event| Hand::CancelEvent { calendar, event });
                }
            }
            Step::Undelete { event } => {
                self.at_event(event, |calendar, event| Hand::UndeleteEvent { calendar, event });
            }
            Step::Copy {
                event,
                calendar,
                later_minutes,
            } => self.copy(event, calendar, later_minutes),
            Step::Carry { event, calendar } => self.carry(event, calendar),
            Step::TakeConferenceOff { event } => self.at_event(event, |calendar, event| {
                Hand::RemoveConference { calendar, event }
            }),
            Step::SwapToMeet { event } => {
                self.at_event(event, |calendar, event| Hand::SwapToMeet { calendar, event });
            }
            Step::Attach { event, meeting } => {
                if let Some(meeting) = self.some_meeting(meeting) {
                    self.at_event(event, |calendar, event| Hand::AttachMeeting {
                        calendar,
                        event,
                        meeting,
                    });
                    let now = self.now();
                    let place = self.some_event(event);
                    let mut ledger = self.around.ledger.lock().unwrap();
                    // It is an edit, even where it is the meeting that the event had.
                    if let Some(row) = place.and_then(|place| ledger.truth.rows.get_mut(&place)) {
                        row.linked_since = now;
                    }
                }
            }
            Step::MakeAllDay { event } => {
                let day = self.now().to_zoned(jiff::tz::TimeZone::UTC).date() + 9.days();
                self.at_event(event, |calendar, event| Hand::MoveEvent {
                    calendar,
                    event,
                    start: Moment::Day(day),
                    end: Some(Moment::Day(day + 1.days())),
                });
            }
            Step::Colour { event } => {
                let fields = [("colorId".to_owned(), "5".into())].into_iter().collect();
                self.at_event(event, |calendar, event| Hand::WriteFields {
                    calendar,
                    event,
                    fields,
                });
            }
            Step::CancelOccurrence { event, index } => {
                if let Some((calendar, event, _)) = self.occurrence(event, index) {
                    self.hand(Hand::CancelEvent { calendar, event });
                }
            }
            Step::MoveOccurrence { event, index } => {
                if let Some((calendar, event, start)) = self.occurrence(event, index) {
                    self.hand(Hand::MoveEvent {
                        calendar,
                        event,
                        start: Moment::At(start + SignedDuration::from_hours(3)),
                        end: None,
                    });
                }
            }
            Step::Split { event, index } => {
                // Nobody is shown a series that is gone, to split it.
                let living = |(calendar, event): &Key| {
                    let event = self.around.simulator.with(|world| world.event(calendar, event));
                    event.is_some_and(|event| !event.is_cancelled())
                };
                if let (Some((_, _, start)), Some((calendar, event))) = (
                    self.occurrence(event, index),
                    self.some_event(event).filter(living),
                ) {
                    let made = self.hand(Hand::SplitSeries {
                        calendar: calendar.clone(),
                        event,
                        at: Moment::At(start),
                        start: None,
                        title: Some("The rest".into()),
                    });
                    self.events.extend(made.map(|id| (calendar, id)));
                }
            }
            Step::EditMeeting { meeting, by_minutes } => self.edit_meeting(meeting, by_minutes),
            Step::DeleteMeeting { meeting } => {
                self.at_zoom(meeting, |meeting| Hand::DeleteMeeting { meeting })
            }
            Step::GiveMeeting { meeting } => self.at_zoom(meeting, |meeting| Hand::GiveMeeting {
                meeting,
                to: BEN.into(),
            }),
            Step::MakeWebinar { meeting } => self.at_zoom(meeting, |meeting| Hand::MakeWebinar { meeting }),
            Step::Tick { calendar, on } => {
                let (machine, place) = (self.machine(calendar), calendar as usize % self.places.len());
                self.tick(machine, place, on);
            }
            Step::SignOut { zoom } => self.sign_out(if zoom { Service::Zoom } else { Service::Google }),
            Step::SignIn { zoom: true } => self.sign_in(self.at, Service::Zoom, ANA),
            Step::SignIn { zoom: false } => {
                self.sign_in(self.at, Service::Google, ANA);
                if self.plan.setting.two_accounts {
                    self.sign_in(self.at, Service::Google, WORK);
                }
            }
            Step::Retry { meeting } => {
                if let Some((id, number)) =
                    self.some_view(meeting, &[MeetingState::Failed, MeetingState::OutOfStep])
                {
                    self.speak(self.at, number);
                    self.around.ledger.lock().unwrap().allowance.asked(self.at);
                    let left = self
                        .around
                        .ledger
                        .lock()
                        .unwrap()
                        .left_alone
                        .remove(&(self.at, number));
                    // A disk without room may have kept the person from taking the no back.
                    if let (None, Some(since)) = (self.tell(self.at, |engine| engine.retry(id)), left)
                        && self.is_left(self.at, id)
                    {
                        self.around
                            .ledger
                            .lock()
                            .unwrap()
                            .left_alone
                            .insert((self.at, number), since);
                    }
                }
            }
            Step::Ignore { meeting } => {
                if let Some((id, number)) = self.some_view(
                    meeting,
                    &[MeetingState::Failed, MeetingState::Updating, MeetingState::Held],
                ) && (self.tell(self.at, |engine| engine.ignore(id)).is_some()
                    || self.is_left(self.at, id))
                {
                    let now = self.now();
                    self.speak(self.at, number);
                    self.around
                        .ledger
                        .lock()
                        .unwrap()
                        .left_alone
                        .insert((self.at, number), now);
                }
            }
            Step::Approve => self.answer_held(true),
            Step::Refuse => self.answer_held(false),
            Step::Sync => self.sync(),
            Step::Woke => {
                for machine in 0..self.disks.len() {
                    if self.is_on(machine) {
                        self.tell(machine, |engine| {
                            engine.woke();
                            Ok::<(), ()>(())
                        });
                    }
                }
            }
            Step::Riddle { event, seconds } => self.pose_riddle(event, seconds),
            Step::Pause { on } => {
                self.tell(self.at, |engine| engine.pause(on));
            }
            Step::SitAt { machine } => self.at = machine as usize % self.disks.len(),
            Step::SwitchOff { machine } => self.switch_off(machine as usize % self.disks.len()),
            Step::SwitchOn { machine } => self.switch_on(machine as usize % self.disks.len()),
            Step::OfSeries(deed) => self.of_series(deed),
            Step::Kill(kill) => self.kill(kill, false),
            Step::KillOne(kill) => self.kill(kill, true),
            Step::Choice(choice) => {
                for machine in 0..self.disks.len() {
                    self.around.ledger.lock().unwrap().allowance.asked(machine);
                }
                self.choose(choice);
            }
            Step::Rare(rare) => self.be_rare(rare),
            trouble => self.trouble(trouble),
        }
    }

    /// Chance that belongs to a step's own number and nothing else.
    fn machine(&self, number: u32) -> usize {
        (number / 7) as usize % self.disks.len()
    }

    pub(crate) fn some_event(&self, number: u32) -> Option<Key> {
        let count = self.events.len();
        (count > 0).then(|| self.events[number as usize % count].clone())
    }

    /// Does a deed on an event, wherever it is now.
    pub(crate) fn at_event(&mut self, number: u32, deed: impl FnOnce(String, String) -> Hand) {
        if let Some((calendar, event)) = self.some_event(number) {
            self.hand(deed(calendar, event));
        }
    }

    pub(crate) fn title(&mut self, style: u8) -> String {
        self.titles += 1;
        let number = self.titles;
        match style {
            0 => format!("{} {number}", "long ".repeat(50)),
            1 => format!("  Blanks {number}  "),
            2 => format!("Überprüfung “{number}” 🎉 \u{202e}"),
            3 => String::new(),
            _ => format!("Review {number}"),
        }
    }

    fn rename(&mut self, event: u32, style: u8) {
        let title = self.title(style);
        self.at_event(event, |calendar, event| Hand::RenameEvent {
            calendar,
            event,
            title,
        });
    }

    pub(crate) fn found(&self, key: &Key) -> Option<std::sync::Arc<Event>> {
        self.around.simulator.with(|world| world.event(&key.0, &key.1))
    }

    fn drag(&mut self, event: u32, by_minutes: i32) {
        let Some(key) = self.some_event(event) else { return };
        let Some(event) = self.found(&key) else { return };
        let EventTime::At { instant, zone } = &event.start else {
            return;
        };
        let later = *instant + SignedDuration::from_mins(i64::from(by_minutes));
        self.hand(Hand::MoveEvent {
            calendar: key.0.clone(),
            event: key.1.clone(),
            start: Moment::At(later),
            end: None,
        });
        if let (Ok(before), Ok(after)) = (instant.in_tz(zone), later.in_tz(zone)) {
            self.refit(&key, &event, &before, &after);
        }
    }

    fn copy(&mut self, event: u32, calendar: u32, later_minutes: u32) {
        let Some(key) = self.some_event(event) else { return };
        let Some(EventTime::At { instant, .. }) = self.found(&key).map(|event| event.start.clone()) else {
            return;
        };
        let to = self.writable(calendar);
        let made = self.hand(Hand::CopyEvent {
            calendar: key.0,
            event: key.1,
            to: Some(to.clone()),
            start: Some(Moment::At(
                instant + SignedDuration::from_mins(i64::from(later_minutes)),
            )),
        });
        self.events.extend(made.map(|id| (to, id)));
    }

    pub(crate) fn writable(&self, calendar: u32) -> String {
        let ledger = self.around.ledger.lock().unwrap();
        let open = |id: &String| !ledger.truth.lost.contains(id);
        let writable: Vec<_> = self
            .places
            .iter()
            .filter(|place| place.writable && open(&place.id))
            .collect();
        writable[calendar as usize % writable.len()].id.clone()
    }

    fn carry(&mut self, event: u32, calendar: u32) {
        let Some(key) = self.some_event(event) else { return };
        let to = self.writable(calendar);
        // Events move within an account.
        if to == key.0 || (to == WORK) != (key.0 == WORK) {
            return;
        }
        let moved = self.hand(Hand::CarryEvent {
            calendar: key.0.clone(),
            event: key.1.clone(),
            to: to.clone(),
        });
        if moved.is_some() {
            for known in self.events.iter_mut().filter(|known| **known == key) {
                known.0.clone_from(&to);
            }
        }
    }

    /// An occurrence of a series: its calendar, its own id and its start.
    fn occurrence(&self, event: u32, index: u32) -> Option<(String, String, Timestamp)> {
        let key = self.some_event(event)?;
        let found = self.found(&key)?;
        let EventTime::At { instant, zone } = &found.start else {
            return None;
        };
        found.is_series().then_some(())?;
        let first = instant.in_tz(zone).ok()?;
        let start = first.checked_add((i64::from(index) * 7).days()).ok()?.timestamp();
        let id = format!("{}_{}", key.1, start.strftime("%Y%m%dT%H%M%SZ"));
        Some((key.0, id, start))
    }

    fn add(&mut self, calendar: u32, make: Make, in_minutes: u32, minutes: u32) {
        let place = match make {
            Make::WithGuest | Make::InvitationFromBen | Make::InvitationToChange | Make::Declined => {
                ANA.to_owned()
            }
            _ => {
                let open = self
                    .places
                    .iter()
                    .filter(|place| place.id != WORK || calendar.is_multiple_of(2));
                let open: Vec<_> = open.collect();
                // Most of life happens on one's own calendar.
                let at = if calendar < 8 {
                    0
                } else {
                    calendar as usize % open.len()
                };
                open[at].id.clone()
            }
        };
        // Whole minutes, as the calendar's window makes them.
        let now = self.now().as_second();
        let start = Timestamp::from_second((now / 60 + i64::from(in_minutes)) * 60).unwrap();
        let title = self.title(4 + (calendar % 4) as u8);
        let mut new = NewEvent {
            minutes,
            ..NewEvent::new(&place, &title, Moment::At(start))
        };
        new.conference = match make {
            Make::AddOn
            | Make::WithGuest
            | Make::Locked
            | Make::InvitationToChange
            | Make::Tentative
            | Make::Private
            | Make::Imported
            | Make::Declined
            | Make::AllDaySeries => NewConference::ZoomAddOn(ANA.into()),
            Make::AddOnOfBen => NewConference::ZoomAddOn(BEN.into()),
            Make::InPersonalRoom => match self.meeting(ANA, &title, 2, Some(start), minutes) {
                Some(meeting) => {
                    self.hand(Hand::UsePersonalRoom { meeting });
                    match in_minutes.is_multiple_of(2) {
                        true => NewConference::Meeting(meeting),
                        false => NewConference::LinkInLocation(meeting),
                    }
                }
                None => return,
            },
            Make::LinkThatAgrees
            | Make::OutOfOffice
            | Make::FocusTime
            | Make::WorkingLocation
            | Make::FromGmail
            | Make::Birthday => match self.meeting(ANA, &title, 2, Some(start), minutes) {
                Some(meeting) if in_minutes.is_multiple_of(2) => NewConference::LinkInLocation(meeting),
                Some(meeting) => NewConference::LinkInDescription(meeting),
                None => return,
            },
            Make::LinkToOther | Make::Attached => {
                let other = start + SignedDuration::from_hours(26);
                match self.meeting(ANA, "Something else", 2, Some(other), 30) {
                    Some(meeting) if make == Make::Attached => NewConference::Meeting(meeting),
                    Some(meeting) => NewConference::LinkInLocation(meeting),
                    None => return,
                }
            }
            Make::LinkToRoom => NewConference::LinkInLocation(self.rooms[0]),
            Make::LinkToPersonalRoom => NewConference::LinkInDescription(self.rooms[1]),
            Make::Meet => NewConference::Meet,
            Make::Plain | Make::PendingMeet => NewConference::None,
            Make::Series | Make::SeriesWithoutEnd | Make::AllDay | Make::InvitationFromBen => {
                NewConference::ZoomAddOn(ANA.into())
            }
        };
        match make {
            Make::Series => new.recurrence = vec!["RRULE:FREQ=WEEKLY;COUNT=6".into()],
            Make::SeriesWithoutEnd => new.recurrence = vec!["RRULE:FREQ=WEEKLY".into()],
            Make::AllDay | Make::AllDaySeries => {
                new.start = Moment::Day(start.to_zoned(jiff::tz::TimeZone::UTC).date());
                if make == Make::AllDaySeries {
                    new.recurrence = vec!["RRULE:FREQ=WEEKLY;COUNT=6".into()];
                }
            }
            Make::InvitationFromBen | Make::InvitationToChange | Make::Declined => {
                new.organizer = Some(BEN.into());
            }
            Make::Imported => new.id = Some(format!("_60q30c1g60o30e1i60o4ac1g60rj8gpl{:05}", self.titles)),
            Make::WithGuest => new.guests = vec![BEN.into()],
            _ => {}
        }
        new.more.extend(mark(make));
        if calendar.is_multiple_of(5) {
            new.time_zone = Some("Asia/Jakarta".into());
        }
        let made = self.hand(Hand::AddEvent(Box::new(new)));
        if let (Make::Declined, Some(event)) = (make, &made) {
            let answer = serde_json::json!([{"email": ANA, "responseStatus": "declined"}]);
            self.hand(Hand::WriteFields {
                calendar: place.clone(),
                event: event.clone(),
                fields: [("attendees".to_owned(), answer)].into_iter().collect(),
            });
        }
        self.events.extend(made.map(|id| (place, id)));
    }

    pub(crate) fn meeting(
        &mut self,
        host: &str,
        topic: &str,
        kind: u8,
        start: Option<Timestamp>,
        minutes: u32,
    ) -> Option<u64> {
        let new = NewMeeting {
            host: host.into(),
            topic: topic.into(),
            kind,
            start,
            minutes,
            recurrence: None,
            time_zone: None,
        };
        self.hand(Hand::CreateMeeting(Box::new(new)))?.parse().ok()
    }

    pub(crate) fn some_meeting(&self, number: u32) -> Option<u64> {
        self.around.simulator.with(|world| {
            let all: Vec<u64> = world.meetings().map(|meeting| meeting.id).collect();
            (!all.is_empty()).then(|| all[number as usize % all.len()])
        })
    }

    /// Changes a meeting at Zoom, behind everybody's back.
    pub(crate) fn at_zoom(&mut self, number: u32, deed: impl FnOnce(u64) -> Hand) {
        if let Some(meeting) = self.some_meeting(number) {
            self.change_at_zoom(meeting, deed(meeting));
        }
    }

    pub(crate) fn change_at_zoom(&mut self, meeting: u64, deed: Hand) {
        if self.hand(deed).is_some() {
            let now = self.now();
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.drifted.insert(meeting, now);
            for ((machine, number), times) in &self.seen_in_step {
                if let Some(last) = times.last().filter(|_| *number == meeting) {
                    ledger.word.in_step.insert((*machine, meeting), *last);
                }
            }
        }
    }

    fn edit_meeting(&mut self, meeting: u32, by_minutes: i32) {
        let Some(number) = self.some_meeting(meeting) else {
            return;
        };
        let start = self
            .around
            .simulator
            .with(|world| world.meeting(number).and_then(|meeting| meeting.start));
        let later = start.map(|start| start + SignedDuration::from_mins(i64::from(by_minutes)));
        self.at_zoom(meeting, |meeting| Hand::EditMeeting {
            meeting,
            topic: (by_minutes % 2 == 0).then(|| "Changed at Zoom".into()),
            start: later.filter(|_| by_minutes % 3 == 0),
            minutes: (by_minutes % 5 == 0).then_some(77),
        });
    }

    pub(crate) fn sync(&mut self) {
        let engine = self.engine(self.at);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(self.at, async move { engine.sync(None, false).await }) {
            Ok(Ok(report)) => self.note(format!("    synced, {} entries", report.entries.len())),
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
        self.pass(Duration::from_millis(1));
    }
}

/// The field that says what kind of event it is.
fn mark(make: Make) -> Option<(String, serde_json::Value)> {
    let (name, value) = match make {
        Make::Locked => ("locked", true.into()),
        Make::InvitationToChange => ("guestsCanModify", true.into()),
        Make::Tentative => ("status", "tentative".into()),
        Make::OutOfOffice => ("eventType", "outOfOffice".into()),
        Make::FocusTime => ("eventType", "focusTime".into()),
        Make::WorkingLocation => ("eventType", "workingLocation".into()),
        Make::FromGmail => ("eventType", "fromGmail".into()),
        Make::Birthday => ("eventType", "birthday".into()),
        Make::Private => ("visibility", "private".into()),
        Make::PendingMeet => (
            "conferenceData",
            serde_json::json!({"createRequest": {
                "requestId": "waits",
                "conferenceSolutionKey": {"type": "hangoutsMeet"},
                "status": {"statusCode": "pending"},
            }}),
        ),
        _ => return None,
    };
    Some((name.to_owned(), value))
}
