//! Deeds in the calendar.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Done, Moment, NewConference, NewEvent, NewMeeting, Refused, no};
use crate::google::conference::{ZoomBlock, meet, zoom_add_on};
use crate::google::event::schedule;
use crate::google::query::find;
use crate::google::save::{Tell, save};
use crate::google::write::carry_over;
use crate::google::{Calendar, Event, EventStatus, MeetCreation};
use crate::world::World;
use crate::zoom::series::from_rule;

impl World {
    pub(super) fn add_event(&mut self, new: NewEvent) -> Done {
        let calendar = self.calendar(&new.calendar)?;
        let zone = new
            .time_zone
            .clone()
            .unwrap_or_else(|| calendar.time_zone.clone());
        let id = match &new.id {
            Some(id) => id.clone(),
            None => self.letters(26, "0123456789abcdefghijklmnopqrstuv"),
        };
        let start = new.start.time(&zone);
        let length = match new.start {
            Moment::At(_) => SignedDuration::from_mins(i64::from(new.minutes)),
            Moment::Day(_) => {
                SignedDuration::from_hours(24 * i64::from(new.minutes.div_ceil(24 * 60).max(1)))
            }
        };
        if !new.recurrence.is_empty() && !schedule(&start, &new.recurrence).is_valid() {
            return Err(Refused("a recurrence that cannot be read".to_owned()));
        }
        let now = self.now();
        let organizer = new.organizer.clone().unwrap_or_else(|| new.calendar.clone());
        let mut more = new.more.clone();
        let tentative = more.remove("status").is_some_and(|status| status == "tentative");
        more.insert("summary".to_owned(), new.title.clone().into());
        if !new.guests.is_empty() || new.organizer.is_some() {
            more.insert("attendees".to_owned(), guests(&new, &organizer));
        }
        let mut event = Event {
            ical_uid: format!("{id}@google.com"),
            id,
            revision: 0,
            status: match tentative {
                true => EventStatus::Tentative,
                false => EventStatus::Confirmed,
            },
            created: now,
            updated: now,
            sequence: 0,
            creator: organizer.clone(),
            organizer,
            end: start.later(length),
            start,
            recurrence: new.recurrence.clone(),
            recurring_event_id: None,
            original_start: None,
            more,
            left: false,
        };
        self.put_conference(&mut event, &new)?;
        Ok(save(self, &new.calendar, event, Tell::Nobody).id.clone())
    }

    fn put_conference(&mut self, event: &mut Event, new: &NewEvent) -> Result<(), Refused> {
        let meeting = match &new.conference {
            NewConference::None => return Ok(()),
            NewConference::Meet => {
                let request = self.opaque(10);
                let data = meet(self, &request, MeetCreation::Success);
                event.more.insert("conferenceData".to_owned(), data);
                return Ok(());
            }
            NewConference::ZoomAddOn(host) => self.meeting_for(event, host)?,
            NewConference::Meeting(id)
            | NewConference::LinkInLocation(id)
            | NewConference::LinkInDescription(id) => *id,
        };
        let found = self
            .zoom
            .meetings
            .get(&meeting)
            .ok_or_else(|| no("meeting", meeting))?;
        let join = found.join_url();
        match &new.conference {
            NewConference::LinkInLocation(_) => {
                event.more.insert("location".to_owned(), join.into());
            }
            NewConference::LinkInDescription(_) => {
                let text = format!("Join Zoom Meeting\n{join}\n\nMeeting ID: {meeting}\n");
                event.more.insert("description".to_owned(), text.into());
            }
            _ => {
                let block = self.zoom_block(meeting, &event.id)?;
                event.more.insert("conferenceData".to_owned(), block);
            }
        }
        Ok(())
    }

    /// The meeting that Zoom's add-on makes for an event: in step with it at first.
    fn meeting_for(&mut self, event: &Event, host: &str) -> Result<u64, Refused> {
        let zone = match &event.start {
            crate::google::EventTime::At { zone, .. } => zone.clone(),
            crate::google::EventTime::Day { .. } => "UTC".to_owned(),
        };
        let recurrence = event
            .recurrence
            .iter()
            .find_map(|line| from_rule(line.strip_prefix("RRULE:")?));
        let kind = match (event.is_series(), &recurrence) {
            (false, _) => 2,
            (true, Some(_)) => 8,
            (true, None) => 3,
        };
        let minutes = u32::try_from(event.length().as_mins()).unwrap_or(60);
        let id = self.create_meeting(NewMeeting {
            host: host.to_owned(),
            topic: event.summary().to_owned(),
            kind,
            start: Some(event.start.instant()),
            minutes,
            recurrence,
            time_zone: Some(zone),
        })?;
        let id: u64 = id.parse().map_err(|_| no("meeting", &id))?;
        if let Some(meeting) = self.zoom.meetings.get_mut(&id) {
            // 2 marks Google's add-on: https://developers.zoom.us/docs/api/meetings/
            meeting.settings.insert("calendar_type".to_owned(), json!(2));
            meeting.source = "other".to_owned();
        }
        Ok(id)
    }

    fn zoom_block(&self, meeting: u64, event: &str) -> Result<Value, Refused> {
        let found = self
            .zoom
            .meetings
            .get(&meeting)
            .ok_or_else(|| no("meeting", meeting))?;
        let host = self
            .zoom
            .users
            .get(&found.host_id)
            .ok_or_else(|| no("host", &found.host_id))?;
        Ok(zoom_add_on(&ZoomBlock {
            id: meeting,
            uuid: &found.uuid,
            host_id: &found.host_id,
            host_email: &host.email,
            kind: found.kind,
            join_url: &found.join_url(),
            passcode: &found.password,
            event,
        }))
    }

    /// The event and, if it is a living occurrence that nobody changed yet, the exception it is about to be.
    pub(super) fn found(&self, calendar: &str, event: &str) -> Result<Arc<Event>, Refused> {
        find(self.calendar(calendar)?, event).ok_or_else(|| no("event", event))
    }

    /// A calendar that was not deleted.
    fn calendar(&self, id: &str) -> Result<&Calendar, Refused> {
        let calendar = self.google.calendars.get(id);
        calendar
            .filter(|calendar| !calendar.deleted)
            .ok_or_else(|| no("calendar", id))
    }

    pub(super) fn edit_event(&mut self, calendar: &str, id: &str, edit: impl FnOnce(&mut Event)) -> Done {
        let mut event = Event::clone(&*self.found(calendar, id)?);
        if event.is_cancelled() {
            return Err(Refused(format!("event {id} is deleted")));
        }
        // A person can only change a copy of somebody else's event where the organizer's would change, too.
        let home = self.home_of(calendar, &event);
        let before = (event.start.clone(), event.end.clone(), event.recurrence.clone());
        edit(&mut event);
        if before != (event.start.clone(), event.end.clone(), event.recurrence.clone()) {
            event.sequence += 1;
        }
        save(self, &home, event, Tell::Nobody);
        Ok(id.to_owned())
    }

    /// Where an event is edited so that everyone sees it: at the organizer's, if the organizer is here.
    fn home_of(&self, calendar: &str, event: &Event) -> String {
        let organizer = self.google.calendars.get(&event.organizer);
        match organizer.is_some_and(|rows| find(rows, &event.id).is_some()) {
            true => event.organizer.clone(),
            false => calendar.to_owned(),
        }
    }

    pub(super) fn move_event(
        &mut self,
        calendar: &str,
        id: &str,
        start: Moment,
        end: Option<Moment>,
    ) -> Done {
        let zone = self.zone_of(calendar, id)?;
        self.edit_event(calendar, id, |event| {
            let length = event.length();
            event.start = start.time(&zone);
            event.end = match end {
                Some(end) => end.time(&zone),
                None => event.start.later(length),
            };
        })
    }

    /// The zone an event's times are named in.
    pub(super) fn zone_of(&self, calendar: &str, id: &str) -> Result<String, Refused> {
        let event = self.found(calendar, id)?;
        let rows = self.calendar(calendar)?;
        Ok(match &event.start {
            crate::google::EventTime::At { zone, .. } => zone.clone(),
            crate::google::EventTime::Day { .. } => rows.time_zone.clone(),
        })
    }

    pub(super) fn resize_event(&mut self, calendar: &str, id: &str, minutes: u32) -> Done {
        self.edit_event(calendar, id, |event| {
            event.end = event.start.later(SignedDuration::from_mins(i64::from(minutes)));
        })
    }

    pub(super) fn cancel_event(&mut self, calendar: &str, id: &str) -> Done {
        let event = Event::clone(&*self.found(calendar, id)?);
        if event.is_cancelled() {
            return Err(Refused(format!("event {id} is deleted already")));
        }
        let gone = Event {
            status: EventStatus::Cancelled,
            sequence: event.sequence + 1,
            ..event
        };
        // In the calendar's own window guests are told, so their copies go, too.
        save(self, calendar, gone, Tell::ExternalOnly);
        self.mails.pop_if(|mail| mail.service == crate::Service::Google);
        Ok(id.to_owned())
    }

    pub(super) fn undelete_event(&mut self, calendar: &str, id: &str) -> Done {
        let rows = self.calendar(calendar)?;
        let event = rows
            .events
            .get(id)
            .filter(|event| event.is_cancelled() && !event.left);
        let event = Event::clone(event.ok_or_else(|| no("event in the trash", id))?);
        let exceptions: Vec<Event> = rows
            .events
            .values()
            .filter(|row| row.recurring_event_id.as_deref() == Some(id) && !row.left)
            .map(|row| Event::clone(row))
            .collect();
        let back = Event {
            status: EventStatus::Confirmed,
            sequence: event.sequence + 1,
            ..event
        };
        save(self, calendar, back, Tell::Nobody);
        // The exceptions of a series that comes back are news again.
        for exception in exceptions {
            save(self, calendar, exception, Tell::Nobody);
        }
        Ok(id.to_owned())
    }

    pub(super) fn copy_event(
        &mut self,
        calendar: &str,
        id: &str,
        to: Option<String>,
        start: Option<Moment>,
    ) -> Done {
        let event = Event::clone(&*self.found(calendar, id)?);
        let zone = self.zone_of(calendar, id)?;
        let to = to.unwrap_or_else(|| calendar.to_owned());
        if !self.google.calendars.contains_key(&to) {
            return Err(no("calendar", to));
        }
        let new_id = self.letters(26, "0123456789abcdefghijklmnopqrstuv");
        let now = self.now();
        let length = event.length();
        let start = start.map_or_else(|| event.start.clone(), |start| start.time(&zone));
        let copy = Event {
            ical_uid: format!("{new_id}@google.com"),
            id: new_id,
            status: EventStatus::Confirmed,
            created: now,
            sequence: 0,
            creator: to.clone(),
            organizer: to.clone(),
            end: start.later(length),
            start,
            recurring_event_id: None,
            original_start: None,
            ..event
        };
        Ok(save(self, &to, copy, Tell::Nobody).id.clone())
    }

    pub(super) fn carry_event(&mut self, calendar: &str, id: &str, to: &str) -> Done {
        self.calendar(to)?;
        let event = self.found(calendar, id)?;
        if event.is_cancelled() || event.recurring_event_id.is_some() || event.organizer != calendar {
            return Err(Refused(format!("event {id} cannot be moved to another calendar")));
        }
        carry_over(self, calendar, to, &event);
        Ok(id.to_owned())
    }

    pub(super) fn swap_to_meet(&mut self, calendar: &str, id: &str) -> Done {
        let request = self.opaque(10);
        let data = meet(self, &request, MeetCreation::Success);
        self.edit_event(calendar, id, |event| {
            event.more.insert("conferenceData".to_owned(), data);
        })
    }

    pub(super) fn add_conference(&mut self, calendar: &str, id: &str, host: &str) -> Done {
        let event = self.found(calendar, id)?;
        if event.is_cancelled() || event.conference().is_some() {
            return Err(Refused(format!("event {id} takes no conference")));
        }
        let meeting = self.meeting_for(&event, host)?;
        let block = self.zoom_block(meeting, id)?;
        let changed = self.exceptions(calendar, &event).into_iter();
        let changed = changed.filter(|row| !row.is_cancelled() && row.conference().is_none());
        let ids: Vec<String> = changed.map(|row| row.id.clone()).collect();
        for row in std::iter::once(id).chain(ids.iter().map(String::as_str)) {
            self.edit_event(calendar, row, |event| {
                event.more.insert("conferenceData".to_owned(), block.clone());
            })?;
        }
        Ok(meeting.to_string())
    }

    pub(super) fn attach_meeting(&mut self, calendar: &str, id: &str, meeting: u64) -> Done {
        let block = self.zoom_block(meeting, id)?;
        self.edit_event(calendar, id, |event| {
            event.more.insert("conferenceData".to_owned(), block);
        })
    }
}

fn guests(new: &NewEvent, organizer: &str) -> Value {
    let mut seen: Vec<&str> = vec![organizer];
    seen.extend(new.guests.iter().map(String::as_str));
    if new.organizer.is_some() {
        seen.push(&new.calendar);
    }
    seen.dedup();
    seen.into_iter()
        .map(|email| {
            let status = if email == organizer {
                "accepted"
            } else {
                "needsAction"
            };
            let guest: Map<String, Value> = [
                ("email".to_owned(), Value::from(email)),
                ("responseStatus".to_owned(), Value::from(status)),
            ]
            .into_iter()
            .collect();
            Value::Object(guest)
        })
        .collect()
}
