//! Zoom's JSON as it comes and goes, and what Reconvene understands of it.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use reconvene_core::amend::{Shape, Whole};
use reconvene_core::meeting::{Meeting, Nature, Occurrence, Repeats};
use reconvene_core::recurrence::{Every, Pattern, Recurrence};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::number_in;
use crate::json::nullable;

/// A meeting as Zoom describes it. `type`: 1 instant, 2 scheduled, 3 recurring without fixed time, 4 personal room,
/// 8 recurring at fixed times, 10 screen share.
#[derive(Deserialize)]
pub(super) struct Described {
    pub(super) id: Option<Value>,
    #[serde(rename = "type", default = "scheduled", deserialize_with = "kind")]
    kind: u8,
    #[serde(default)]
    topic: String,
    start_time: Option<String>,
    #[serde(default, deserialize_with = "minutes")]
    duration: Option<u32>,
    timezone: Option<String>,
    #[serde(default)]
    pub(super) host_id: String,
    #[serde(default)]
    status: String,
    pmi: Option<Value>,
    #[serde(default)]
    settings: DescribedSettings,
    #[serde(default)]
    pub(super) join_url: String,
    /// Every description of a series by itself has them (<https://developers.zoom.us/docs/api/meetings/>), be it none.
    occurrences: Option<Vec<DescribedDate>>,
    recurrence: Option<Value>,
}

/// One date of a series.
#[derive(Deserialize)]
struct DescribedDate {
    #[serde(default)]
    occurrence_id: Value,
    start_time: Option<String>,
    #[serde(default, deserialize_with = "minutes")]
    duration: Option<u32>,
    #[serde(default)]
    status: String,
}

/// What the description of the API takes an absent `type` for.
fn scheduled() -> u8 {
    2
}

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let written = Value::deserialize(from)?;
    number(&written).ok_or_else(|| D::Error::custom("no type of meeting"))
}

fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let written = Option::<Value>::deserialize(from)?;
    Ok(written.as_ref().and_then(number))
}

/// A whole number, as a number or as text: Zoom writes the same one as `id` in figures and as `pmi` in a string
/// (<https://developers.zoom.us/docs/api/meetings/>).
pub(super) fn number<T: std::str::FromStr>(written: &Value) -> Option<T> {
    let text = match written {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

#[derive(Deserialize, Default)]
struct DescribedSettings {
    #[serde(default)]
    use_pmi: bool,
}

impl Described {
    /// The meeting; `None` for a series whose dates are not told, or not all of them in a way that is understood: that
    /// proves nothing, least of all that it has none.
    pub(super) fn meeting(self) -> Option<Meeting> {
        let pmi: Option<u64> = self.pmi.as_ref().and_then(number);
        let personal = self.settings.use_pmi || (pmi.is_some() && pmi == self.id.as_ref().and_then(number));
        let zone = self.timezone.filter(|zone| !zone.is_empty());
        let start = self
            .start_time
            .as_deref()
            .and_then(|text| start(text, zone.as_deref()));
        let nature = match self.kind {
            // One whose start cannot be read must not be taken for one that agrees.
            2 if !personal && start.is_some() => Nature::Scheduled,
            8 if !personal => Nature::Recurring,
            _ => Nature::Standing,
        };
        let zone_name = zone.clone();
        let repeats = self.recurrence.filter(|_| nature == Nature::Recurring);
        let occurrences = match nature {
            Nature::Recurring => {
                let dates = self.occurrences?.into_iter();
                dates
                    .filter(|date| date.status != "deleted")
                    .map(|date| date.occurrence(zone.as_deref()))
                    .collect::<Option<_>>()?
            }
            Nature::Scheduled | Nature::Standing => Vec::new(),
        };
        Some(Meeting {
            nature,
            topic: self.topic,
            start,
            minutes: self.duration,
            zone,
            host: self.host_id,
            running: self.status == "started",
            occurrences,
            repeats: repeats.map(|own| {
                let lines = vec![rule(&own)];
                let recurrence = Recurrence::new(lines.clone());
                let zone = zone_name.as_deref().unwrap_or("UTC");
                Repeats {
                    words: recurrence.in_words(start.unwrap_or_default(), zone),
                    own: own.to_string(),
                    lines,
                }
            }),
        })
    }
}

/// Zoom answers with UTC; a time without `Z` is local to the meeting's zone.
fn start(text: &str, zone: Option<&str>) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        let zone = TimeZone::get(zone?).ok()?;
        local.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
    })
}

impl DescribedDate {
    /// The date; `None` for one that cannot be understood. Its id is the instant, in milliseconds since the epoch, at which it
    /// begins by the rule.
    fn occurrence(self, zone: Option<&str>) -> Option<Occurrence> {
        let id: i64 = number(&self.occurrence_id)?;
        Some(Occurrence {
            original: Timestamp::from_millisecond(id).ok()?,
            start: start(&self.start_time?, zone)?,
            minutes: self.duration?,
            id: id.to_string(),
        })
    }
}

/// The body of an update: only what differs, and for a series its rule, without which Zoom takes no change of the whole.
#[derive(Serialize, Default)]
pub(super) struct Update {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence: Option<Value>,
}

impl Update {
    pub(super) fn of(whole: &Whole, before: &Meeting) -> Self {
        let mut update = Self {
            kind: None,
            topic: whole.topic.clone(),
            start_time: whole.start.map(in_utc),
            duration: whole.minutes,
            timezone: whole.zone.clone(),
            recurrence: None,
        };
        if whole.shape == Shape::Kept {
            let own = before.repeats.as_ref().map(|repeats| &repeats.own);
            update.recurrence = own.and_then(|own| serde_json::from_str(own).ok());
        }
        update.lay_out(whole);
        update
    }

    /// Whether it takes place once or repeats, unless that stays as it is.
    fn lay_out(&mut self, whole: &Whole) {
        match &whole.shape {
            Shape::Kept => {}
            Shape::Once => self.kind = Some(2),
            Shape::Repeating { pattern, times, zone } => {
                self.kind = Some(8);
                self.recurrence = Some(recurrence(pattern, *times));
                // By the clock of its zone, so that the dates keep their clock time over the change of season.
                self.start_time = whole.start.map(|start| in_zone(start, zone));
                self.timezone = Some(zone.clone());
            }
        }
    }

    pub(super) fn of_date(start: Option<Timestamp>, minutes: Option<u32>) -> Self {
        Self {
            start_time: start.map(in_utc),
            duration: minutes,
            ..Self::default()
        }
    }
}

/// The body of a creation.
#[derive(Serialize)]
pub(super) struct Fresh<'a> {
    #[serde(flatten)]
    update: Update,
    /// The only field that every plan keeps, every list shows and nobody needs: tracking fields must have been set up by an
    /// administrator first.
    agenda: &'a str,
    settings: FreshSettings,
}

#[derive(Serialize)]
struct FreshSettings {
    /// Zoom would write into the calendar by itself.
    push_change_to_calendar: bool,
}

impl<'a> Fresh<'a> {
    pub(super) fn of(wanted: &Whole, agenda: &'a str) -> Self {
        let mut update = Update {
            kind: Some(2),
            topic: wanted.topic.clone(),
            start_time: wanted.start.map(in_utc),
            duration: wanted.minutes,
            timezone: wanted.zone.clone(),
            recurrence: None,
        };
        update.lay_out(wanted);
        Self {
            update,
            agenda,
            settings: FreshSettings {
                push_change_to_calendar: false,
            },
        }
    }
}

/// A page of a person's meetings.
#[derive(Deserialize)]
pub(super) struct Listing {
    #[serde(default)]
    meetings: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) next_page_token: String,
}

/// One of them.
#[derive(Deserialize)]
pub(super) struct Listed {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) host_id: String,
    #[serde(default)]
    id: Value,
    /// Its first 250 characters.
    #[serde(default, deserialize_with = "nullable")]
    agenda: String,
}

/// Whether a meeting is on a page cannot be told from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear;

impl Listing {
    /// The meetings; `None` in the place of one that cannot be read.
    pub(super) fn rows(&self) -> impl Iterator<Item = Option<Listed>> {
        self.meetings
            .iter()
            .map(|row| serde_json::from_str(row.get()).ok())
    }

    /// The number of the meeting with `marker` in its agenda. That there is none is certain only where every one can be
    /// read: a second one would be made (P5).
    pub(super) fn number_of(&self, marker: &str) -> Result<Option<String>, Unclear> {
        let mut otherwise = Ok(None);
        for row in self.rows() {
            match row {
                Some(listed) if listed.agenda.contains(marker) => {
                    return number_in(&listed.id).map(Some).ok_or(Unclear);
                }
                Some(_) => {}
                None => otherwise = Err(Unclear),
            }
        }
        otherwise
    }
}

/// In UTC, which means the same instant whatever the zone beside it.
fn in_utc(start: Timestamp) -> String {
    start.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn in_zone(start: Timestamp, zone: &str) -> String {
    start.in_tz(zone).map_or_else(
        |_| in_utc(start),
        |local| local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
    )
}

/// Zoom's recurrence object: days count from Sunday, 1.
fn recurrence(pattern: &Pattern, times: u32) -> Value {
    let number = |day: &Weekday| day.to_sunday_one_offset();
    let mut object = match &pattern.every {
        Every::Day => json!({"type": 1}),
        Every::Week { days } => {
            let days: Vec<String> = days.iter().map(|day| number(day).to_string()).collect();
            json!({"type": 2, "weekly_days": days.join(",")})
        }
        Every::MonthOnDay { day } => json!({"type": 3, "monthly_day": day}),
        Every::MonthOnWeekday { week, day } => {
            json!({"type": 3, "monthly_week": week, "monthly_week_day": number(day)})
        }
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("repeat_interval".into(), pattern.interval.into());
        object.insert("end_times".into(), times.into());
    }
    object
}

/// A recurrence object as a calendar writes it, without an end.
fn rule(own: &Value) -> String {
    const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    let number = |field: &str| own.get(field).and_then(number::<i64>);
    let name = |day: i64| DAYS.get(usize::try_from(day.checked_sub(1)?).ok()?).copied();
    let rule = match number("type") {
        Some(1) => "FREQ=DAILY".to_owned(),
        Some(2) => {
            let days = own
                .get("weekly_days")
                .map(ToString::to_string)
                .unwrap_or_default();
            let days: Vec<&str> = days
                .trim_matches('"')
                .split(',')
                .filter_map(|day| name(day.trim().parse().ok()?))
                .collect();
            match days.as_slice() {
                [] => "FREQ=WEEKLY".to_owned(),
                days => format!("FREQ=WEEKLY;BYDAY={}", days.join(",")),
            }
        }
        _ => match (
            number("monthly_week"),
            number("monthly_week_day").and_then(name),
            number("monthly_day"),
        ) {
            (Some(week), Some(day), _) => format!("FREQ=MONTHLY;BYDAY={week}{day}"),
            (_, _, Some(day)) => format!("FREQ=MONTHLY;BYMONTHDAY={day}"),
            _ => "FREQ=MONTHLY".to_owned(),
        },
    };
    format!("RRULE:{rule};INTERVAL={}", number("repeat_interval").unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(text: bool) -> Described {
        let written = |number: u64| match text {
            true => Value::from(number.to_string()),
            false => Value::from(number),
        };
        let meeting = json!({
            "id": written(97_763_643_886), "type": written(8), "host_id": "h", "topic": "Review", "timezone": "UTC",
            "start_time": "2026-12-01T09:00:00Z", "duration": written(30),
            "recurrence": {"type": written(2), "repeat_interval": written(2), "weekly_days": written(3)},
            "occurrences": [{
                "occurrence_id": written(1_796_115_600_000), "start_time": "2026-12-01T09:00:00Z",
                "duration": written(30), "status": "available",
            }],
        });
        serde_json::from_value(meeting).unwrap()
    }

    #[test]
    fn numbers_are_understood_as_figures_and_as_text() {
        let [figures, text] = [false, true].map(|text| described(text).meeting().unwrap());
        let lines = |meeting: &Meeting| meeting.repeats.as_ref().unwrap().lines.clone();
        assert_eq!(figures.occurrences, text.occurrences);
        assert_eq!((figures.nature, figures.minutes), (text.nature, text.minutes));
        assert_eq!((text.nature, text.minutes), (Nature::Recurring, Some(30)));
        assert_eq!(lines(&text), ["RRULE:FREQ=WEEKLY;BYDAY=TU;INTERVAL=2"]);
        assert_eq!(lines(&figures), lines(&text));
    }

    #[test]
    fn p3_a_personal_room_is_known_by_its_number_however_that_is_written() {
        for pmi in [json!("97763643886"), json!(97_763_643_886_u64)] {
            for id in [json!("97763643886"), json!(97_763_643_886_u64)] {
                let meeting = json!({
                    "id": id, "pmi": pmi, "type": 2, "host_id": "h", "start_time": "2026-12-01T09:00:00Z", "duration": 30,
                });
                let described: Described = serde_json::from_value(meeting).unwrap();
                assert_eq!(described.meeting().unwrap().nature, Nature::Standing);
            }
        }
    }

    #[test]
    fn p4_a_date_that_cannot_be_understood_is_not_taken_for_none() {
        let mut series = described(false);
        series.occurrences.as_mut().unwrap()[0].start_time = None;
        assert_eq!(series.meeting(), None);
        let mut series = described(false);
        series.occurrences.as_mut().unwrap()[0].status = "deleted".into();
        assert_eq!(series.meeting().unwrap().occurrences, []);
    }

    #[test]
    fn a_weekday_that_does_not_exist_is_left_out_of_a_rule() {
        let own = json!({"type": 2, "weekly_days": "3,8,0,-9223372036854775808"});
        assert_eq!(rule(&own), "RRULE:FREQ=WEEKLY;BYDAY=TU;INTERVAL=1");
    }
}
