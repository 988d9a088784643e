//! A meeting as the service stores it, and as it shows it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// One date of a recurring meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Epoch milliseconds of the original start, as text. Stays when the occurrence moves.
    pub id: String,
    /// In UTC.
    pub start: Timestamp,
    /// Whole minutes.
    pub minutes: u32,
    /// Whether this date was cancelled.
    pub deleted: bool,
    /// What was changed for this date alone: `agenda` and some settings.
    pub more: Map<String, Value>,
}

/// One Zoom meeting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meeting {
    /// The meeting number.
    pub id: u64,
    /// Base64; may begin with `/`.
    pub uuid: String,
    /// The host's user id.
    pub host_id: String,
    /// At most 200 letters.
    pub topic: String,
    /// At most 2000 letters.
    pub agenda: String,
    /// 1 instant, 2 scheduled, 3 recurring without a time, 4 personal room, 8 recurring, 10 screen share.
    pub kind: u8,
    /// In UTC; `None` without a schedule.
    pub start: Option<Timestamp>,
    /// Whole minutes.
    pub minutes: u32,
    /// A name out of Zoom's list, mostly IANA.
    pub time_zone: String,
    /// Zoom's recurrence object, for type 8.
    pub recurrence: Option<Value>,
    /// The dates, for type 8.
    pub occurrences: Vec<Occurrence>,
    /// Passcode; a part of the join address.
    pub password: String,
    /// Settings that a client wrote, by Zoom's names.
    pub settings: Map<String, Value>,
    /// Tracking fields as written.
    pub tracking_fields: Vec<Value>,
    /// In UTC.
    pub created: Timestamp,
    /// `open_api`, `web_portal` or `other`.
    pub source: String,
    /// Whether it runs.
    pub started: bool,
    /// When it went to the trash, in UTC.
    pub trashed: Option<Timestamp>,
    /// Grows with each change; for people who watch, Zoom itself has no such thing.
    pub revision: u64,
}

impl Meeting {
    /// Where people join.
    #[must_use]
    pub fn join_url(&self) -> String {
        if self.password.is_empty() {
            format!("https://us05web.zoom.us/j/{}", self.id)
        } else {
            format!(
                "https://us05web.zoom.us/j/{}?pwd={}.1",
                self.id,
                encrypted(&self.password)
            )
        }
    }

    /// Whether Zoom has dropped it: scheduled ones 30 days after their date, recurring ones 365 days after the last
    /// (<https://devforum.zoom.us/t/61403>).
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        let days = |n: i64| SignedDuration::from_hours(n * 24);
        let (last, kept) = match self.kind {
            2 => (self.start, days(30)),
            8 => (
                self.occurrences.last().map(|occurrence| occurrence.start),
                days(365),
            ),
            3 => (Some(self.created), days(365)),
            _ => (None, days(0)),
        };
        last.is_some_and(|last| now.duration_since(last) > kept)
    }

    /// The date with that id, unless it was cancelled.
    #[must_use]
    pub fn occurrence(&self, id: &str) -> Option<&Occurrence> {
        self.occurrences
            .iter()
            .find(|occurrence| occurrence.id == id && !occurrence.deleted)
    }

    /// The object that create and get give.
    pub(crate) fn json(&self, host_email: &str, now: Timestamp, previous: bool) -> Value {
        let mut out = json!({
            "uuid": self.uuid,
            "id": self.id,
            "host_id": self.host_id,
            "host_email": host_email,
            "assistant_id": "",
            "topic": self.topic,
            "type": self.kind,
            "status": if self.started { "started" } else { "waiting" },
            "timezone": self.time_zone,
            "agenda": self.agenda,
            "created_at": instant(self.created),
            "start_url": format!("https://us05web.zoom.us/s/{}?zak=simulated", self.id),
            "join_url": self.join_url(),
            "settings": self.all_settings(),
            "creation_source": self.source,
            "pre_schedule": false,
        });
        let Some(map) = out.as_object_mut() else {
            return out;
        };
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        if !self.password.is_empty() {
            put("password", self.password.clone().into());
            put("h323_password", self.password.clone().into());
            put("pstn_password", self.password.clone().into());
            put(
                "encrypted_password",
                format!("{}.1", encrypted(&self.password)).into(),
            );
        }
        if !self.tracking_fields.is_empty() {
            put("tracking_fields", self.tracking_fields.clone().into());
        }
        if self.kind == 4 {
            put("pmi", self.id.to_string().into());
        }
        // A meeting without a schedule has neither start nor length.
        if let Some(start) = self.start {
            put("start_time", instant(start).into());
            put("duration", self.minutes.into());
        }
        if let Some(recurrence) = &self.recurrence {
            put("recurrence", recurrence.clone());
        }
        if self.kind == 8 {
            let shown = self.occurrences.iter().filter(|occurrence| {
                previous || occurrence.start + SignedDuration::from_mins(i64::from(occurrence.minutes)) > now
            });
            put("occurrences", shown.map(Occurrence::json).collect());
        }
        out
    }

    /// One date seen by itself.
    pub(crate) fn json_at(&self, occurrence: &Occurrence, host_email: &str, now: Timestamp) -> Value {
        let mut out = self.json(host_email, now, true);
        if let Some(map) = out.as_object_mut() {
            map.remove("occurrences");
            map.remove("recurrence");
            map.insert("start_time".to_owned(), instant(occurrence.start).into());
            map.insert("duration".to_owned(), occurrence.minutes.into());
            if let Some(agenda) = occurrence.more.get("agenda") {
                map.insert("agenda".to_owned(), agenda.clone());
            }
            if let (Some(Value::Object(all)), Some(Value::Object(own))) =
                (map.get_mut("settings"), occurrence.more.get("settings"))
            {
                all.extend(own.clone());
            }
        }
        out
    }

    /// The row in a list.
    pub(crate) fn row(&self) -> Value {
        let mut out = json!({
            "uuid": self.uuid,
            "id": self.id,
            "host_id": self.host_id,
            "topic": self.topic,
            "type": self.kind,
            "timezone": self.time_zone,
            "created_at": instant(self.created),
            "join_url": self.join_url(),
        });
        if let Some(map) = out.as_object_mut() {
            if !self.agenda.is_empty() {
                let short: String = self.agenda.chars().take(250).collect();
                map.insert("agenda".to_owned(), short.into());
            }
            if let Some(start) = self.start {
                map.insert("start_time".to_owned(), instant(start).into());
                map.insert("duration".to_owned(), self.minutes.into());
            }
        }
        out
    }

    fn all_settings(&self) -> Value {
        let mut all = json!({
            "host_video": false,
            "participant_video": false,
            "join_before_host": true,
            "mute_upon_entry": false,
            "watermark": false,
            "use_pmi": self.kind == 4,
            "approval_type": 2,
            "audio": "both",
            "auto_recording": "none",
            "waiting_room": true,
            "meeting_authentication": false,
            "email_notification": true,
            "alternative_hosts": "",
            "alternative_hosts_email_notification": true,
            "registrants_email_notification": true,
            "registrants_confirmation_email": true,
        });
        if let Some(map) = all.as_object_mut() {
            map.extend(self.settings.clone());
        }
        all
    }
}

impl Occurrence {
    /// A date in its original place.
    #[must_use]
    pub fn at(start: Timestamp, minutes: u32) -> Self {
        let id = start.as_millisecond().to_string();
        Self {
            id,
            start,
            minutes,
            deleted: false,
            more: Map::new(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "occurrence_id": self.id,
            "start_time": instant(self.start),
            "duration": self.minutes,
            "status": if self.deleted { "deleted" } else { "available" },
        })
    }
}

/// An instant as Zoom writes it: UTC, whole seconds.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Stands for the passcode in addresses; the real one is a keyed hash.
fn encrypted(password: &str) -> String {
    password.bytes().map(|byte| format!("{byte:02x}")).collect()
}
