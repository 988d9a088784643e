//! Deeds at Zoom.

use jiff::Timestamp;
use serde_json::Value;

use super::{Done, NewMeeting, Refused, no};
use crate::world::World;
use crate::zoom::input::{Input, Start};
use crate::zoom::write::{lay_on, make};
use crate::zoom::{Meeting, Occurrence, ZoomUser};

impl World {
    pub(super) fn create_zoom_user(
        &mut self,
        email: String,
        name: String,
        account: String,
        time_zone: String,
        may_host: bool,
    ) -> Done {
        if self.zoom.user_by_email(&email).is_some() {
            return Err(Refused(format!("{email} is there already")));
        }
        let id = self.opaque(22);
        let pmi = 3_000_000_000 + self.random() % 999_999_999;
        let user = ZoomUser {
            id: id.clone(),
            email,
            name,
            account,
            pmi,
            time_zone,
            may_host,
        };
        self.zoom.users.insert(id.clone(), user);
        Ok(id)
    }

    pub(super) fn create_meeting(&mut self, new: NewMeeting) -> Done {
        let host = self
            .zoom
            .user_by_email(&new.host)
            .cloned()
            .ok_or_else(|| no("Zoom user", &new.host))?;
        let input = Input {
            topic: Some(new.topic),
            kind: Some(new.kind),
            minutes: Some(new.minutes),
            time_zone: new.time_zone,
            recurrence: new.recurrence,
            ..Input::default()
        };
        let mut meeting = make(self, &host, &input, "web_portal")
            .map_err(|_| Refused("a meeting that cannot be".to_owned()))?;
        if let Some(start) = new.start.filter(|_| matches!(new.kind, 2 | 8)) {
            // A hand may also make what already lies in the past.
            meeting.start = Some(start);
            if let Some(recurrence) = &meeting.recurrence {
                let dates =
                    crate::zoom::series::dates(recurrence, start, &meeting.time_zone, meeting.minutes);
                meeting.occurrences = dates;
            }
        }
        if new.kind == 4 {
            meeting.id = host.pmi;
        }
        let id = meeting.id;
        self.zoom.meetings.insert(id, meeting);
        Ok(id.to_string())
    }

    pub(super) fn with_meeting(&mut self, id: u64, edit: impl FnOnce(&mut Meeting)) -> Done {
        let meeting = self.zoom.meetings.get_mut(&id).ok_or_else(|| no("meeting", id))?;
        edit(meeting);
        meeting.revision += 1;
        Ok(id.to_string())
    }

    pub(super) fn with_date(&mut self, id: u64, date: &str, edit: impl FnOnce(&mut Occurrence)) -> Done {
        let meeting = self.zoom.meetings.get_mut(&id).ok_or_else(|| no("meeting", id))?;
        let mut dates = meeting.occurrences.iter_mut();
        let found = dates.find(|occurrence| occurrence.id == date && !occurrence.deleted);
        edit(found.ok_or_else(|| no("date", date))?);
        meeting.revision += 1;
        Ok(id.to_string())
    }

    pub(super) fn edit_meeting(
        &mut self,
        id: u64,
        topic: Option<String>,
        start: Option<Timestamp>,
        minutes: Option<u32>,
    ) -> Done {
        let meeting = self.zoom.meetings.get(&id).ok_or_else(|| no("meeting", id))?;
        let input = Input {
            topic,
            minutes,
            start: start.map(Start::Utc),
            recurrence: meeting.recurrence.clone(),
            ..Input::default()
        };
        self.lay_by_hand(id, &input)
    }

    pub(super) fn repeat_meeting(&mut self, id: u64, recurrence: Value) -> Done {
        let input = Input {
            kind: Some(8),
            recurrence: Some(recurrence),
            ..Input::default()
        };
        self.lay_by_hand(id, &input)
    }

    fn lay_by_hand(&mut self, id: u64, input: &Input) -> Done {
        let meeting = self.zoom.meetings.get(&id).ok_or_else(|| no("meeting", id))?;
        let mut changed = meeting.clone();
        // The hand is not held to “no start in the past”.
        lay_on(&mut changed, input, Timestamp::MIN)
            .map_err(|_| Refused(format!("meeting {id} does not allow it")))?;
        changed.revision += 1;
        self.zoom.meetings.insert(id, changed);
        Ok(id.to_string())
    }

    pub(super) fn forget_meeting(&mut self, id: u64) -> Done {
        self.zoom
            .meetings
            .remove(&id)
            .map(|_| id.to_string())
            .ok_or_else(|| no("meeting", id))
    }

    pub(super) fn give_meeting(&mut self, id: u64, to: &str) -> Done {
        let host = self
            .zoom
            .user_by_email(to)
            .ok_or_else(|| no("Zoom user", to))?
            .id
            .clone();
        self.with_meeting(id, |meeting| meeting.host_id = host)
    }

    pub(super) fn set_writes_today(&mut self, host: &str, used: u32) -> Done {
        let now = self.now();
        let user = self
            .zoom
            .user_by_email(host)
            .ok_or_else(|| no("Zoom user", host))?
            .id
            .clone();
        self.zoom.quota.set_writes_today(&user, now, used);
        Ok(user)
    }

    /// A meeting as it is stored, the trash included.
    #[must_use]
    pub fn meeting(&self, id: u64) -> Option<&Meeting> {
        self.zoom.meetings.get(&id)
    }

    /// Every meeting by number, the trash included.
    pub fn meetings(&self) -> impl Iterator<Item = &Meeting> {
        self.zoom.meetings.values()
    }

    /// Every Zoom user.
    pub fn zoom_users(&self) -> impl Iterator<Item = &ZoomUser> {
        self.zoom.users.values()
    }

    /// How many creates and updates the host with this address made on this UTC day.
    #[must_use]
    pub fn writes_today(&self, host: &str) -> u32 {
        let now = self.now();
        self.zoom
            .user_by_email(host)
            .map_or(0, |user| self.zoom.quota.writes_today(&user.id, now))
    }
}
