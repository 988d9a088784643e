use super::*;

#[test]
fn until_as_a_day_lasts_to_the_end_of_that_day_in_the_zone() {
    let found = clock(&["RRULE:FREQ=DAILY;UNTIL=20261020"], "2026-10-18 22:00", NEW_YORK);
    assert_eq!(
        found,
        ["2026-10-18 22:00", "2026-10-19 22:00", "2026-10-20 22:00"]
    );
}

#[test]
fn until_as_local_time_and_in_utc_includes_an_occurrence_at_that_moment() {
    let local = clock(
        &["RRULE:FREQ=DAILY;UNTIL=20261020T220000"],
        "2026-10-18 22:00",
        NEW_YORK,
    );
    let utc = clock(
        &["RRULE:FREQ=DAILY;UNTIL=20261021T020000Z"],
        "2026-10-18 22:00",
        NEW_YORK,
    );
    assert_eq!(local.len(), 3);
    assert_eq!(local, utc);
    let before = clock(
        &["RRULE:FREQ=DAILY;UNTIL=20261021T015959Z"],
        "2026-10-18 22:00",
        NEW_YORK,
    );
    assert_eq!(before.len(), 2);
}

#[test]
fn until_includes_the_last_occurrence_on_either_side_of_the_date_line() {
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        for hour in ["01:00", "23:00"] {
            let (start, last) = (format!("2026-10-19 {hour}"), format!("2026-10-21 {hour}"));
            let until = on_clock(&last, zone).strftime("%Y%m%dT%H%M%SZ").to_string();
            let found = clock(&[&format!("RRULE:FREQ=DAILY;UNTIL={until}")], &start, zone);
            assert_eq!(found.last(), Some(&last), "{zone}");
        }
    }
}

#[test]
fn a_rule_that_ends_before_it_begins_gives_nothing() {
    let rule = ["RRULE:FREQ=DAILY;UNTIL=20261017T000000Z"];
    assert_eq!(clock(&rule, "2026-10-18 22:00", NEW_YORK), [""; 0]);
    assert_eq!(pattern(&rule, "2026-10-18 22:00"), Err(Beyond::Empty));
}

#[test]
fn count_counts_from_the_start_and_before_dates_are_left_out() {
    let lines = [
        "RRULE:FREQ=DAILY;COUNT=3",
        "EXDATE;TZID=Europe/Berlin:20261020T090000",
    ];
    assert_eq!(
        dates(&lines, "2026-10-19 09:00", BERLIN),
        ["2026-10-19", "2026-10-21"]
    );
    let from = on_clock("2026-10-21 00:00", BERLIN);
    let late = recurrence(&lines)
        .starts(on_clock("2026-10-19 09:00", BERLIN), BERLIN, from, 9)
        .unwrap();
    assert_eq!(late, [on_clock("2026-10-21 09:00", BERLIN)]);
}

#[test]
fn a_start_off_the_rule_is_the_first_occurrence_and_counts() {
    let found = dates(
        &["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3"],
        "2026-10-19 09:00",
        BERLIN,
    );
    assert_eq!(found, ["2026-10-19", "2026-10-20", "2026-10-27"]);
    let one = dates(
        &["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1"],
        "2026-10-19 09:00",
        BERLIN,
    );
    assert_eq!(one, ["2026-10-19"]);
}

#[test]
fn from_includes_its_own_moment_and_the_limit_holds() {
    let daily = recurrence(&["RRULE:FREQ=DAILY"]);
    let start = at("2026-10-19T07:00:00Z");
    let from = |from, limit| daily.starts(start, BERLIN, at(from), limit).unwrap();
    assert_eq!(from("2026-10-20T07:00:00Z", 1), [at("2026-10-20T07:00:00Z")]);
    assert_eq!(from("2026-10-20T07:00:01Z", 1), [at("2026-10-21T07:00:00Z")]);
    assert_eq!(from("2026-10-20T07:00:00Z", 0), []);
    assert_eq!(from("2026-10-20T07:00:00Z", 7).len(), 7);
}
