use super::*;

const DAILY: &str = "RRULE:FREQ=DAILY;COUNT=3";
const START: &str = "2026-10-19 09:00";

fn with(lines: &[&str]) -> Vec<String> {
    clock(&[&[DAILY], lines].concat(), START, BERLIN)
}

#[test]
fn dates_are_added_in_every_form() {
    for line in [
        "RDATE:20261101T140000Z",
        "RDATE:20261101T150000",
        "RDATE;TZID=Europe/Berlin:20261101T150000",
        "RDATE;TZID=America/New_York:20261101T090000",
        "RDATE;TZID=\"Europe/Berlin\";VALUE=DATE-TIME:20261101T150000",
        "RDATE;VALUE=PERIOD:20261101T140000Z/PT1H",
        "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20261101T150000/20261101T160000",
    ] {
        assert_eq!(
            with(&[line]).last().map(String::as_str),
            Some("2026-11-01 15:00"),
            "{line}"
        );
    }
    let day = with(&["RDATE;VALUE=DATE:20261101"]);
    assert_eq!(
        day.last().map(String::as_str),
        Some("2026-11-01 09:00"),
        "at the series' time"
    );
}

#[test]
fn an_added_date_that_the_rule_gives_too_is_one_occurrence() {
    assert_eq!(with(&["RDATE:20261020T070000Z,20261020T070000Z"]).len(), 3);
}

#[test]
fn an_added_date_before_the_wanted_time_is_not_wanted() {
    let (start, from) = (on_clock(START, BERLIN), at("2026-10-21T00:00:00Z"));
    let lines = recurrence(&[DAILY, "RDATE:20261020T120000Z,20261101T080000Z"]);
    assert_eq!(
        lines.starts(start, BERLIN, from, 9).unwrap(),
        [at("2026-10-21T07:00:00Z"), at("2026-11-01T08:00:00Z")]
    );
}

#[test]
fn dates_alone_make_a_series_with_its_start() {
    let found = dates(&["RDATE:20261101T080000Z,20261025T080000Z"], START, BERLIN);
    assert_eq!(found, ["2026-10-19", "2026-10-25", "2026-11-01"]);
    assert_eq!(dates(&[], START, BERLIN), ["2026-10-19"]);
}

#[test]
fn dates_are_left_out_by_instant_in_every_form() {
    for line in [
        "EXDATE:20261020T070000Z",
        "EXDATE:20261020T090000",
        "EXDATE;TZID=Europe/Berlin:20261020T090000",
        "EXDATE;TZID=America/New_York:20261020T030000",
        "EXDATE;VALUE=DATE-TIME:20261020T070000Z",
        "EXDATE;VALUE=DATE:20261020",
        "EXDATE:20261020",
    ] {
        assert_eq!(with(&[line]), ["2026-10-19 09:00", "2026-10-21 09:00"], "{line}");
    }
    assert_eq!(
        with(&["EXDATE:20261020T070001Z"]).len(),
        3,
        "another moment leaves out nothing"
    );
}

#[test]
fn several_lines_and_lists_leave_out_all_they_name() {
    assert_eq!(
        with(&["EXDATE:20261019T070000Z,20261021T070000Z"]),
        ["2026-10-20 09:00"]
    );
    assert_eq!(
        with(&["EXDATE:20261019T070000Z", "EXDATE:20261020"]),
        ["2026-10-21 09:00"]
    );
    assert_eq!(
        with(&["RDATE:20261101T080000Z", "EXDATE:20261101T080000Z"]).len(),
        3
    );
}

#[test]
fn a_leapt_over_time_is_left_out_by_either_of_its_names() {
    for line in [
        "EXDATE;TZID=Europe/Berlin:20260329T023000",
        "EXDATE:20260329T033000",
    ] {
        let found = dates(&["RRULE:FREQ=DAILY;COUNT=3", line], "2026-03-28 02:30", BERLIN);
        assert_eq!(found, ["2026-03-28", "2026-03-30"], "{line}");
    }
}

#[test]
fn a_rule_leaves_out_what_it_gives() {
    let found = dates(
        &["RRULE:FREQ=DAILY;COUNT=5", "EXRULE:FREQ=DAILY;INTERVAL=2"],
        START,
        BERLIN,
    );
    assert_eq!(found, ["2026-10-20", "2026-10-22"]);
    let weekend = ["RRULE:FREQ=DAILY;COUNT=7", "EXRULE:FREQ=WEEKLY;BYDAY=SA,SU"];
    assert_eq!(dates(&weekend, START, BERLIN).len(), 5);
    let denser = ["RRULE:FREQ=WEEKLY;COUNT=4", "EXRULE:FREQ=DAILY;UNTIL=20261102"];
    assert_eq!(dates(&denser, START, BERLIN), ["2026-11-09"]);
}

#[test]
fn several_rules_are_followed_together_but_are_no_pattern() {
    let both = ["RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=3"];
    assert_eq!(
        dates(&both, START, BERLIN),
        ["2026-10-19", "2026-10-22", "2026-10-26", "2026-10-29"]
    );
    assert_eq!(pattern(&both, START), Err(Beyond::SeveralRules));
    assert_eq!(pattern(&["RDATE:20261101T080000Z"], START), Err(Beyond::Listed));
}

#[test]
fn the_regular_starts_know_neither_added_nor_left_out_dates() {
    let lines = [DAILY, "RDATE:20261101T080000Z", "EXDATE:20261020"];
    let regular = recurrence(&lines)
        .regular_starts(on_clock(START, BERLIN), BERLIN, EVER, 9)
        .unwrap();
    assert_eq!(
        regular,
        recurrence(&[DAILY])
            .starts(on_clock(START, BERLIN), BERLIN, EVER, 9)
            .unwrap()
    );
}
