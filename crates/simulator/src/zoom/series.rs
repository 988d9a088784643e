//! Zoom's recurrence object: what it may say, and the dates it means.
//!
//! <https://developers.zoom.us/docs/api/meetings/#tag/meetings/POST/users/{userId}/meetings>

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::meeting::Occurrence;
use super::refusal;
use crate::recurrence::Schedule;
use crate::wire::Answer;

/// A series has at most this many dates. The reference names 60 for `end_times` and 50 elsewhere.
pub(crate) const MOST: u16 = 50;

/// Checks a recurrence object and gives it as the service keeps it, with its defaults.
pub(crate) fn check(value: &Value) -> Result<Value, Answer> {
    let bad = |field: &str| refusal::invalid_field(&format!("recurrence.{field}"), "Invalid field.");
    let map = value
        .as_object()
        .ok_or_else(|| refusal::invalid_field("recurrence", "Invalid field."))?;
    let number = |field: &str, least: i64, most: i64| match map.get(field) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(bad(field)),
        },
    };
    let kind = number("type", 1, 3)?.ok_or_else(|| bad("type"))?;
    let most = match kind {
        1 => 99,
        2 => 50,
        _ => 10,
    };
    let interval = number("repeat_interval", 1, most)?.unwrap_or(1);
    let mut kept = Map::new();
    kept.insert("type".to_owned(), kind.into());
    kept.insert("repeat_interval".to_owned(), interval.into());
    if let Some(days) = map.get("weekly_days") {
        let days = days.as_str().ok_or_else(|| bad("weekly_days"))?;
        let sound = days
            .split(',')
            .all(|day| matches!(day.trim(), "1" | "2" | "3" | "4" | "5" | "6" | "7"));
        if kind != 2 || !sound {
            return Err(bad("weekly_days"));
        }
        kept.insert("weekly_days".to_owned(), days.into());
    }
    for (field, least, most) in [
        ("monthly_day", 1, 31),
        ("monthly_week", -1, 4),
        ("monthly_week_day", 1, 7),
    ] {
        if let Some(number) = number(field, least, most)? {
            if kind != 3 || number == 0 {
                return Err(bad(field));
            }
            kept.insert(field.to_owned(), number.into());
        }
    }
    if kept.contains_key("monthly_day") && kept.contains_key("monthly_week") {
        return Err(bad("monthly_day"));
    }
    if kept.contains_key("monthly_week") != kept.contains_key("monthly_week_day") {
        return Err(bad("monthly_week_day"));
    }
    let times = number("end_times", 0, 60)?.filter(|times| *times > 0);
    let end = map
        .get("end_date_time")
        .filter(|end| !end.as_str().is_some_and(str::is_empty));
    match (times, end) {
        (Some(_), Some(_)) => return Err(bad("end_date_time")),
        (Some(times), None) => {
            kept.insert("end_times".to_owned(), times.into());
        }
        (None, Some(end)) => {
            let text = end
                .as_str()
                .filter(|text| text.ends_with('Z'))
                .ok_or_else(|| bad("end_date_time"))?;
            text.parse::<Timestamp>().map_err(|_| bad("end_date_time"))?;
            kept.insert("end_date_time".to_owned(), text.into());
        }
        (None, None) => {
            // Without an end the service takes seven times.
            kept.insert("end_times".to_owned(), 7.into());
        }
    }
    Ok(Value::Object(kept))
}

/// The dates of a checked recurrence.
pub(crate) fn dates(recurrence: &Value, start: Timestamp, zone: &str, minutes: u32) -> Vec<Occurrence> {
    let local = start.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC));
    let schedule = Schedule {
        first: start,
        zone: zone.to_owned(),
        lines: vec![format!(
            "RRULE:{}",
            rule(recurrence, local.weekday(), local.day())
        )],
        all_day: false,
        begins_anyway: false,
    };
    schedule
        .starts(None, None, MOST)
        .into_iter()
        .map(|start| Occurrence::at(start, minutes))
        .collect()
}

/// The same in RFC 5545's words.
fn rule(recurrence: &Value, weekday: jiff::civil::Weekday, day: i8) -> String {
    const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    let number = |field: &str| recurrence.get(field).and_then(Value::as_i64);
    let name = |day: i64| {
        usize::try_from(day - 1)
            .ok()
            .and_then(|day| DAYS.get(day))
            .copied()
            .unwrap_or("SU")
    };
    let mut rule = match number("type") {
        Some(1) => "FREQ=DAILY".to_owned(),
        Some(2) => {
            let days = recurrence.get("weekly_days").and_then(Value::as_str);
            let days: Vec<&str> = match days {
                Some(days) => days
                    .split(',')
                    .filter_map(|day| day.trim().parse().ok())
                    .map(name)
                    .collect(),
                None => vec![name(i64::from(weekday.to_sunday_one_offset()))],
            };
            format!("FREQ=WEEKLY;WKST=SU;BYDAY={}", days.join(","))
        }
        _ => match (number("monthly_week"), number("monthly_week_day")) {
            (Some(week), Some(day)) => format!("FREQ=MONTHLY;BYDAY={week}{}", name(day)),
            _ => format!(
                "FREQ=MONTHLY;BYMONTHDAY={}",
                number("monthly_day").unwrap_or(i64::from(day))
            ),
        },
    };
    rule.push_str(&format!(";INTERVAL={}", number("repeat_interval").unwrap_or(1)));
    if let Some(times) = number("end_times") {
        rule.push_str(&format!(";COUNT={times}"));
    } else if let Some(end) = recurrence.get("end_date_time").and_then(Value::as_str) {
        let plain: String = end.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        rule.push_str(&format!(";UNTIL={plain}"));
    }
    rule
}

/// Zoom's recurrence for a simple RFC 5545 rule; `None` for one that Zoom cannot express.
pub(crate) fn from_rule(rule: &str) -> Option<Value> {
    const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    let mut out = Map::new();
    for part in rule.split(';') {
        let (name, value) = part.split_once('=')?;
        match name {
            "FREQ" => {
                let kind = match value {
                    "DAILY" => 1,
                    "WEEKLY" => 2,
                    "MONTHLY" => 3,
                    _ => return None,
                };
                out.insert("type".to_owned(), kind.into());
            }
            "INTERVAL" => {
                out.insert("repeat_interval".to_owned(), value.parse::<u8>().ok()?.into());
            }
            "BYMONTHDAY" => {
                out.insert("monthly_day".to_owned(), value.parse::<u8>().ok()?.into());
            }
            "BYDAY" => {
                let number = |day: &str| {
                    DAYS.iter()
                        .position(|name| *name == day)
                        .map(|at| (at + 1).to_string())
                };
                // The weekday of a week of the month: its place stands before it.
                if let Some((place, day)) = value.split_at_checked(value.len().saturating_sub(2))
                    && !place.is_empty()
                    && !value.contains(',')
                {
                    let day: u8 = number(day)?.parse().ok()?;
                    out.insert("monthly_week".to_owned(), place.parse::<i8>().ok()?.into());
                    out.insert("monthly_week_day".to_owned(), day.into());
                    continue;
                }
                let days: Option<Vec<String>> = value.split(',').map(number).collect();
                out.insert("weekly_days".to_owned(), days?.join(",").into());
            }
            "COUNT" => {
                out.insert(
                    "end_times".to_owned(),
                    value.parse::<u32>().ok()?.min(u32::from(MOST)).into(),
                );
            }
            "UNTIL" => {
                let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", value).ok()?;
                let end = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                out.insert("end_date_time".to_owned(), end.into());
            }
            "WKST" => {}
            _ => return None,
        }
    }
    let endless = !out.contains_key("end_times") && !out.contains_key("end_date_time");
    if endless {
        out.insert("end_times".to_owned(), MOST.into());
    }
    check(&Value::Object(out)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_weekly_series_keeps_wall_time_over_the_end_of_summer_time() {
        let recurrence = check(&json!({"type": 2, "weekly_days": "2", "end_times": 2})).unwrap();
        let start = "2026-10-19T07:00:00Z".parse().unwrap();
        let dates = dates(&recurrence, start, "Europe/Berlin", 30);
        let starts: Vec<String> = dates.iter().map(|date| date.start.to_string()).collect();
        assert_eq!(starts, ["2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"]);
        assert_eq!(dates[0].id, "1792393200000");
    }

    #[test]
    fn a_month_is_counted_by_its_day_or_by_the_weekday_of_a_week() {
        let last_friday = from_rule("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3").unwrap();
        let start = "2026-10-30T07:00:00Z".parse().unwrap();
        let starts: Vec<String> = dates(&last_friday, start, "UTC", 30)
            .iter()
            .map(|date| date.start.to_string())
            .collect();
        assert_eq!(
            starts,
            [
                "2026-10-30T07:00:00Z",
                "2026-11-27T07:00:00Z",
                "2026-12-25T07:00:00Z"
            ]
        );
        let by_day = from_rule("FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3").unwrap();
        assert_eq!(by_day["monthly_day"], 15);
        assert_eq!(from_rule("FREQ=YEARLY;COUNT=3"), None);
    }

    #[test]
    fn both_ends_at_once_are_refused() {
        let both = json!({"type": 1, "end_times": 3, "end_date_time": "2026-12-01T00:00:00Z"});
        assert!(check(&both).is_err());
    }

    #[test]
    fn a_series_is_cut_at_fifty_dates() {
        let recurrence = check(&json!({"type": 1, "end_times": 60})).unwrap();
        assert_eq!(dates(&recurrence, Timestamp::UNIX_EPOCH, "UTC", 30).len(), 50);
    }
}
