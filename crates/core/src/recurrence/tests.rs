mod bounds;
mod clocks;
mod dates_by_name;
mod ends;
mod patterns;
mod properties;
mod reading;
mod rfc_5545;

use jiff::tz::TimeZone;

use super::*;

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const EVER: Timestamp = Timestamp::MIN;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn recurrence(lines: &[&str]) -> Recurrence {
    Recurrence::new(lines.iter().map(ToString::to_string).collect())
}

/// `2026-03-29 02:30` on the zone's clock.
fn on_clock(text: &str, zone: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.replace(' ', "T").parse().unwrap();
    TimeZone::get(zone).unwrap().to_timestamp(local).unwrap()
}

/// Up to twenty starts as the zone's clock shows them.
fn clock(lines: &[&str], start: &str, zone: &str) -> Vec<String> {
    let starts = recurrence(lines)
        .starts(on_clock(start, zone), zone, EVER, 20)
        .unwrap();
    let zone = TimeZone::get(zone).unwrap();
    starts
        .into_iter()
        .map(|start| zone.to_datetime(start).strftime("%Y-%m-%d %H:%M").to_string())
        .collect()
}

/// The same without the time of day.
fn dates(lines: &[&str], start: &str, zone: &str) -> Vec<String> {
    clock(lines, start, zone)
        .into_iter()
        .map(|start| start.chars().take(10).collect())
        .collect()
}

fn beyond(line: &str) -> Beyond {
    recurrence(&[line])
        .starts(at("2026-10-19T07:00:00Z"), BERLIN, EVER, 20)
        .unwrap_err()
}

fn pattern(lines: &[&str], start: &str) -> Result<Pattern, Beyond> {
    recurrence(lines).pattern(on_clock(start, BERLIN), BERLIN)
}

fn words(line: &str, start: &str) -> String {
    recurrence(&[line]).in_words(on_clock(start, BERLIN), BERLIN)
}
