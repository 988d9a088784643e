use super::*;

#[test]
fn a_series_keeps_its_wall_time_over_both_changes_of_the_clock() {
    let weekly = recurrence(&["RRULE:FREQ=WEEKLY;COUNT=2"]);
    let found = weekly
        .starts(at("2026-03-23T08:00:00Z"), BERLIN, EVER, 9)
        .unwrap();
    assert_eq!(found, [at("2026-03-23T08:00:00Z"), at("2026-03-30T07:00:00Z")]);
    let found = weekly
        .starts(at("2026-10-19T07:00:00Z"), BERLIN, EVER, 9)
        .unwrap();
    assert_eq!(found, [at("2026-10-19T07:00:00Z"), at("2026-10-26T08:00:00Z")]);
}

#[test]
fn a_time_that_the_clock_leaps_over_moves_forward_by_the_leap() {
    assert_eq!(
        clock(&["RRULE:FREQ=DAILY;COUNT=3"], "2026-03-28 02:30", BERLIN),
        ["2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"]
    );
    // Half an hour in Lord Howe, and at midnight in Asunción.
    assert_eq!(
        clock(
            &["RRULE:FREQ=DAILY;COUNT=3"],
            "2026-10-03 02:15",
            "Australia/Lord_Howe"
        ),
        ["2026-10-03 02:15", "2026-10-04 02:45", "2026-10-05 02:15"]
    );
    assert_eq!(
        clock(
            &["RRULE:FREQ=WEEKLY;COUNT=3"],
            "2023-09-24 00:30",
            "America/Asuncion"
        ),
        ["2023-09-24 00:30", "2023-10-01 01:30", "2023-10-08 00:30"]
    );
}

#[test]
fn a_day_that_a_zone_leaps_over_falls_on_the_next_and_counts() {
    // Apia had no 30 December 2011.
    assert_eq!(
        clock(&["RRULE:FREQ=DAILY;COUNT=4"], "2011-12-28 10:00", "Pacific/Apia"),
        ["2011-12-28 10:00", "2011-12-29 10:00", "2011-12-31 10:00"]
    );
    assert_eq!(
        clock(
            &["RRULE:FREQ=DAILY;BYHOUR=9,15;COUNT=5"],
            "2011-12-29 09:00",
            "Pacific/Apia"
        ),
        [
            "2011-12-29 09:00",
            "2011-12-29 15:00",
            "2011-12-31 09:00",
            "2011-12-31 15:00"
        ]
    );
}

#[test]
fn a_time_that_comes_twice_is_the_first_of_both() {
    let daily = recurrence(&["RRULE:FREQ=DAILY;COUNT=3"]);
    let found = daily.starts(at("2026-10-24T00:30:00Z"), BERLIN, EVER, 9).unwrap();
    assert_eq!(
        found,
        [
            at("2026-10-24T00:30:00Z"),
            at("2026-10-25T00:30:00Z"),
            at("2026-10-26T01:30:00Z")
        ]
    );
}

#[test]
fn a_series_that_begins_in_the_second_pass_of_an_hour_begins_there() {
    let second = at("2026-10-25T01:30:00Z");
    let daily = recurrence(&["RRULE:FREQ=DAILY;COUNT=2"]);
    let found = daily.starts(second, BERLIN, EVER, 9).unwrap();
    assert_eq!(found, [second, at("2026-10-26T01:30:00Z")]);
    let without = recurrence(&[
        "RRULE:FREQ=DAILY;COUNT=2",
        "EXDATE;TZID=Europe/Berlin:20261025T023000",
    ]);
    assert_eq!(
        without.starts(second, BERLIN, EVER, 9).unwrap(),
        [at("2026-10-26T01:30:00Z")]
    );
}

#[test]
fn occurrences_stay_in_order_where_a_leap_moves_one_past_the_next() {
    assert_eq!(
        clock(
            &["RRULE:FREQ=DAILY;BYHOUR=2,3;COUNT=4"],
            "2026-03-28 02:30",
            BERLIN
        ),
        ["2026-03-28 02:30", "2026-03-28 03:30", "2026-03-29 03:30"],
        "half past two becomes half past three, which is there already"
    );
}
