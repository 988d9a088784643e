//! What a single event asks of its meeting.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::google::{Event, EventTime};
use reconvene_simulator::zoom::Meeting;
use serde_json::Value;

/// What a meeting should be for its event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) topic: String,
    pub(crate) start: Timestamp,
    /// 0 where the event names no length: its meeting keeps its own.
    pub(crate) minutes: u32,
    pub(crate) zone: String,
}

impl Wanted {
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let EventTime::At { instant: start, zone } = &event.start else {
            return None;
        };
        let EventTime::At { instant: end, .. } = &event.end else {
            return None;
        };
        Some(Self {
            topic: event.summary().to_owned(),
            start: *start,
            minutes: whole_minutes(end.duration_since(*start)),
            zone: zone.clone(),
        })
    }

    pub(crate) fn end(&self) -> Timestamp {
        let minutes = if self.minutes == 0 { 60 } else { self.minutes };
        self.start + jiff::SignedDuration::from_mins(i64::from(minutes))
    }

    pub(crate) fn cut_topic(&self) -> String {
        cut(&self.topic)
    }

    /// In what a meeting differs from it, in words; empty when in step.
    pub(crate) fn differences(&self, meeting: &Meeting) -> Vec<String> {
        let mut found = Vec::new();
        if meeting.kind == 8 {
            found.push("dates of a series".to_owned());
        }
        let topic = self.cut_topic();
        if !topic.is_empty() && meeting.topic.trim() != topic {
            found.push(format!("topic “{}”, not “{topic}”", meeting.topic));
        }
        if meeting.start != Some(self.start) {
            found.push(format!("start {:?}, not {}", meeting.start, self.start));
        }
        if self.minutes != 0 && meeting.minutes != self.minutes {
            found.push(format!("{} minutes, not {}", meeting.minutes, self.minutes));
        }
        if !self.same_zone(&meeting.time_zone) {
            found.push(format!("zone {}, not {}", meeting.time_zone, self.zone));
        }
        found
    }

    fn same_zone(&self, other: &str) -> bool {
        let offset = |name: &str| TimeZone::get(name).ok().map(|zone| zone.to_offset(self.start));
        self.zone == other || (offset(other).is_some() && offset(other) == offset(&self.zone))
    }
}

/// Whether a meeting has a schedule of its own: it is no room, and does not take place in one.
pub(crate) fn has_schedule(meeting: &Meeting) -> bool {
    matches!(meeting.kind, 2 | 8) && meeting.settings.get("use_pmi") != Some(&Value::Bool(true))
}

/// A title as Zoom keeps it: at most 200 letters, without blanks around.
pub(crate) fn cut(topic: &str) -> String {
    let cut: String = topic.trim().chars().take(200).collect();
    cut.trim_end().to_owned()
}

/// A length in whole minutes, rounded up; none for what ends when it begins, or before.
pub(crate) fn whole_minutes(length: SignedDuration) -> u32 {
    ((length.as_secs().max(0) + 59) / 60) as u32
}
