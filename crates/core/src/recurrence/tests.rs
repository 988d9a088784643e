use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn recurrence(lines: &[&str]) -> Recurrence {
    Recurrence::new(lines.iter().map(ToString::to_string).collect())
}

/// Up to twenty starts, as written on the zone's own clock.
fn starts(lines: &[&str], start: &str, zone: &str) -> Vec<String> {
    let tz = jiff::tz::TimeZone::get(zone).unwrap();
    let starts = recurrence(lines)
        .starts(at(start), zone, Timestamp::MIN, 20)
        .unwrap();
    starts
        .into_iter()
        .map(|start| tz.to_datetime(start).strftime("%m-%d %H:%M").to_string())
        .collect()
}

const BERLIN: &str = "Europe/Berlin";

#[test]
fn a_series_keeps_its_wall_time_over_both_changes_of_the_clock() {
    let spring = recurrence(&["RRULE:FREQ=WEEKLY;COUNT=2"]);
    let found = spring.starts(at("2026-03-23T08:00:00Z"), BERLIN, Timestamp::MIN, 9);
    assert_eq!(
        found,
        Ok(vec![at("2026-03-23T08:00:00Z"), at("2026-03-30T07:00:00Z")])
    );
    let autumn = recurrence(&["RRULE:FREQ=WEEKLY;COUNT=2"]);
    let found = autumn.starts(at("2026-10-19T07:00:00Z"), BERLIN, Timestamp::MIN, 9);
    assert_eq!(
        found,
        Ok(vec![at("2026-10-19T07:00:00Z"), at("2026-10-26T08:00:00Z")])
    );
}

#[test]
fn a_time_that_the_clock_leaps_over_moves_forward_by_the_leap() {
    assert_eq!(
        starts(&["RRULE:FREQ=DAILY;COUNT=3"], "2026-03-28T01:30:00Z", BERLIN),
        ["03-28 02:30", "03-29 03:30", "03-30 02:30"]
    );
}
