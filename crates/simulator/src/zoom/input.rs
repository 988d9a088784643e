//! Reading and checking the body of a create or an update.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{refusal, series, zones};
use crate::wire::{Answer, Asked};

/// What a body asks for; `None` where it says nothing.
#[derive(Debug, Default, Clone)]
pub(crate) struct Input {
    pub(crate) topic: Option<String>,
    pub(crate) agenda: Option<String>,
    pub(crate) kind: Option<u8>,
    pub(crate) start: Option<Start>,
    pub(crate) time_zone: Option<String>,
    pub(crate) minutes: Option<u32>,
    pub(crate) password: Option<String>,
    pub(crate) recurrence: Option<Value>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) tracking_fields: Option<Vec<Value>>,
    pub(crate) schedule_for: Option<String>,
}

/// A start as written: in UTC, or local to a zone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    Utc(Timestamp),
    Local(DateTime),
}

impl Start {
    pub(crate) fn in_zone(self, zone: &str) -> Option<Timestamp> {
        match self {
            Self::Utc(at) => Some(at),
            Self::Local(local) => TimeZone::get(zone).ok()?.to_timestamp(local).ok(),
        }
    }
}

/// Settings that one occurrence may have for itself.
const OCCURRENCE_SETTINGS: &[&str] = &[
    "host_video",
    "participant_video",
    "join_before_host",
    "mute_upon_entry",
    "waiting_room",
    "watermark",
    "auto_recording",
];

pub(crate) fn read(asked: &Asked, now: Timestamp) -> Result<Input, Answer> {
    let Some(Value::Object(map)) = asked.json() else {
        return Err(refusal::not_json());
    };
    let settings = match map.get("settings") {
        None => Map::new(),
        Some(Value::Object(settings)) => settings.clone(),
        Some(_) => return Err(refusal::invalid_field("settings", "Invalid field.")),
    };
    let tracking_fields = match map.get("tracking_fields") {
        None => None,
        Some(Value::Array(fields)) => Some(fields.clone()),
        Some(_) => return Err(refusal::invalid_field("tracking_fields", "Invalid field.")),
    };
    let kind = number(&map, "type")?;
    let kind = match kind {
        None => None,
        Some(kind @ (1 | 2 | 3 | 8 | 10)) => u8::try_from(kind).ok(),
        Some(_) => return Err(refusal::invalid_field("type", "Invalid field.")),
    };
    let minutes = match number(&map, "duration")? {
        None => None,
        Some(minutes) => match u32::try_from(minutes) {
            Ok(minutes) if minutes > 0 => Some(minutes),
            _ => return Err(refusal::invalid_field("duration", "Invalid field.")),
        },
    };
    let time_zone = text(&map, "timezone", 64)?.filter(|zone| !zone.is_empty());
    if time_zone
        .as_ref()
        .is_some_and(|zone| TimeZone::get(zone).is_err())
    {
        return Err(refusal::invalid_field("timezone", "Invalid field."));
    }
    let password = text(&map, "password", 10)?;
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '-' | '_' | '*');
    if password
        .as_ref()
        .is_some_and(|password| !password.chars().all(sound))
    {
        return Err(refusal::invalid_field("password", "Invalid field."));
    }
    Ok(Input {
        topic: text(&map, "topic", 200)?,
        agenda: text(&map, "agenda", 2000)?,
        kind,
        start: start(&map)?,
        time_zone: time_zone.map(|zone| zones::kept_as(&zone, now)),
        minutes,
        password,
        recurrence: map.get("recurrence").map(series::check).transpose()?,
        settings,
        tracking_fields,
        schedule_for: text(&map, "schedule_for", 128)?.filter(|user| !user.is_empty()),
    })
}

/// What an update of one occurrence may not touch.
pub(crate) fn check_for_occurrence(input: &Input) -> Result<(), Answer> {
    let forbidden = [
        ("topic", input.topic.is_some()),
        ("recurrence", input.recurrence.is_some()),
        ("type", input.kind.is_some()),
        ("password", input.password.is_some()),
        ("schedule_for", input.schedule_for.is_some()),
        ("tracking_fields", input.tracking_fields.is_some()),
    ];
    if let Some((field, _)) = forbidden.into_iter().find(|(_, there)| *there) {
        return Err(refusal::invalid_field(
            field,
            "This field cannot be changed for one occurrence.",
        ));
    }
    match input
        .settings
        .keys()
        .find(|key| !OCCURRENCE_SETTINGS.contains(&key.as_str()))
    {
        Some(key) => Err(refusal::invalid_field(
            &format!("settings.{key}"),
            "This field cannot be changed for one occurrence.",
        )),
        None => Ok(()),
    }
}

fn text(map: &Map<String, Value>, field: &str, most: usize) -> Result<Option<String>, Answer> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(refusal::invalid_field(
            field,
            &format!("The value must not exceed {most} characters."),
        )),
        Some(_) => Err(refusal::invalid_field(field, "Invalid field.")),
    }
}

fn number(map: &Map<String, Value>, field: &str) -> Result<Option<i64>, Answer> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| refusal::invalid_field(field, "Invalid field.")),
    }
}

/// Two forms and no other: `yyyy-MM-ddTHH:mm:ssZ`, or the same without `Z` for local time.
fn start(map: &Map<String, Value>) -> Result<Option<Start>, Answer> {
    let bad = || refusal::invalid_field("start_time", "Invalid field.");
    let Some(text) = text(map, "start_time", 32)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let (local, utc) = match text.strip_suffix('Z') {
        Some(local) => (local, true),
        None => (text.as_str(), false),
    };
    let local = DateTime::strptime("%Y-%m-%dT%H:%M:%S", local).map_err(|_| bad())?;
    if utc {
        TimeZone::UTC
            .to_timestamp(local)
            .map(|at| Some(Start::Utc(at)))
            .map_err(|_| bad())
    } else {
        Ok(Some(Start::Local(local)))
    }
}
