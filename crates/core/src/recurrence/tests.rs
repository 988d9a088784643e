use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

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

mod clocks {
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
}

mod ends {
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
}

mod dates_by_name {
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
}

/// The examples of RFC 5545 §3.8.5.3 that try most parts of a rule at once.
mod rfc_5545 {
    use super::*;

    fn first(rule: &str, start: &str, count: usize) -> String {
        let mut found = dates(&[&format!("RRULE:{rule}")], &format!("{start} 09:00"), NEW_YORK);
        found.truncate(count);
        found.join(" ")
    }

    #[test]
    fn the_day_on_which_weeks_begin_matters_every_other_week() {
        let rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=";
        assert_eq!(
            first(&format!("{rule}MO"), "1997-08-05", 9),
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24"
        );
        assert_eq!(
            first(&format!("{rule}SU"), "1997-08-05", 9),
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31"
        );
    }

    #[test]
    fn months() {
        assert_eq!(
            first("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=2,15", "1997-09-02", 9),
            "1997-09-02 1997-09-15 1997-10-02 1997-10-15"
        );
        assert_eq!(
            first("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", 3),
            "1997-09-28 1997-10-29 1997-11-28"
        );
        assert_eq!(
            first("FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", "1997-09-07", 9),
            "1997-09-07 1997-09-28 1997-11-02 1997-11-30"
        );
        assert_eq!(
            first("FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3;COUNT=3", "1997-09-04", 9),
            "1997-09-04 1997-10-07 1997-11-06"
        );
        assert_eq!(
            first("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29", 3),
            "1997-09-29 1997-10-30 1997-11-27"
        );
        assert_eq!(
            first("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13", 3),
            "1998-02-13 1998-03-13 1998-11-13"
        );
        assert_eq!(
            first("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15", 9),
            "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30"
        );
    }

    #[test]
    fn years() {
        assert_eq!(
            first("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", 3),
            "1997-05-19 1998-05-18 1999-05-17"
        );
        assert_eq!(
            first("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", 3),
            "1997-05-12 1998-05-11 1999-05-17"
        );
        assert_eq!(
            first(
                "FREQ=YEARLY;INTERVAL=3;COUNT=5;BYYEARDAY=1,100,200",
                "1997-01-01",
                9
            ),
            "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09"
        );
        assert_eq!(
            first("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13", 3),
            "1997-03-13 1997-03-20 1997-03-27"
        );
        assert_eq!(
            first(
                "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
                "1996-11-05",
                3
            ),
            "1996-11-05 2000-11-07 2004-11-02"
        );
        assert_eq!(
            first("FREQ=YEARLY", "2024-02-29", 3),
            "2024-02-29 2028-02-29 2032-02-29"
        );
        assert_eq!(
            first("FREQ=YEARLY;BYWEEKNO=-1", "2026-12-31", 3),
            "2026-12-31 2027-12-30 2028-12-28"
        );
    }

    #[test]
    fn places_of_weekdays_count_within_the_month_where_months_are_named() {
        assert_eq!(
            first("FREQ=YEARLY;BYMONTH=4,10;BYDAY=1SU,-1SU", "1998-04-05", 4),
            "1998-04-05 1998-04-26 1998-10-04 1998-10-25"
        );
    }

    #[test]
    fn places_count_in_the_whole_week_that_holds_the_start() {
        let found = first("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1", "1997-09-05", 3);
        assert_eq!(found, "1997-09-05 1997-09-12 1997-09-19");
        let first_of_week = first("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "1997-09-03", 3);
        assert_eq!(
            first_of_week, "1997-09-03 1997-09-08 1997-09-15",
            "Monday was before the start"
        );
    }

    #[test]
    fn days() {
        assert_eq!(
            first("FREQ=DAILY;INTERVAL=10;COUNT=3", "1997-09-02", 9),
            "1997-09-02 1997-09-12 1997-09-22"
        );
        assert_eq!(
            first("FREQ=DAILY;BYMONTH=1;UNTIL=20000131T140000Z", "1998-01-30", 4),
            "1998-01-30 1998-01-31 1999-01-01 1999-01-02"
        );
    }
}

mod reading {
    use super::*;

    #[test]
    fn letters_of_either_case_spaces_and_foreign_parts_are_fine() {
        let plain = dates(
            &["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"],
            "2026-10-19 09:00",
            BERLIN,
        );
        for line in [
            "rrule:freq=weekly;byday=mo,we;count=4",
            " RRULE : FREQ = WEEKLY ; BYDAY = MO , WE ; COUNT = 4 ; ",
            "RRULE;X-FROM=elsewhere:FREQ=WEEKLY;X-COLOUR=red;BYDAY=MO,WE;COUNT=4",
            "RRULE:COUNT=4;BYDAY=WE,MO,WE;FREQ=WEEKLY",
        ] {
            assert_eq!(
                dates(&[line, "", "X-NOTE:anything"], "2026-10-19 09:00", BERLIN),
                plain,
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_not_a_rule_is_unreadable() {
        for line in [
            "FREQ=WEEKLY",
            "nonsense",
            "RRULE",
            "RRULE:",
            "RRULE:COUNT=3",
            "RRULE:FREQ=OFTEN",
            "RRULE:FREQ=DAILY;FREQ=DAILY",
            "RRULE:FREQ=DAILY;COUNT=0",
            "RRULE:FREQ=DAILY;COUNT=-1",
            "RRULE:FREQ=DAILY;COUNT=99999999999",
            "RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101",
            "RRULE:FREQ=DAILY;INTERVAL=0",
            "RRULE:FREQ=DAILY;UNTIL=yesterday",
            "RRULE:FREQ=DAILY;UNTIL=20261345",
            "RRULE:FREQ=DAILY;UNTIL=20261020Z",
            "RRULE:FREQ=DAILY;UNTIL=20261020T250000Z",
            "RRULE:FREQ=DAILY;UNTIL=２０２６1020",
            "RRULE:FREQ=DAILY;WKST=XX",
            "RRULE:FREQ=DAILY;RSCALE=HEBREW",
            "RRULE:FREQ=WEEKLY;BYDAY=",
            "RRULE:FREQ=WEEKLY;BYDAY=é",
            "RRULE:FREQ=WEEKLY;BYDAY=2MO",
            "RRULE:FREQ=WEEKLY;BYMONTHDAY=2",
            "RRULE:FREQ=MONTHLY;BYDAY=0MO",
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=0",
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=32",
            "RRULE:FREQ=MONTHLY;BYWEEKNO=2",
            "RRULE:FREQ=DAILY;BYYEARDAY=2",
            "RRULE:FREQ=DAILY;BYHOUR=24",
            "RRULE:FREQ=YEARLY;BYMONTH=13",
            "DTSTART:20261019T090000Z",
            "EXDATE:",
            "EXDATE:20261020T0900",
            "RDATE;TZID:20261020T090000",
        ] {
            assert_eq!(beyond(line), Beyond::Unreadable, "{line}");
        }
    }

    #[test]
    fn rules_within_the_day_are_told_apart_from_what_is_unreadable() {
        for line in [
            "RRULE:FREQ=HOURLY",
            "RRULE:FREQ=MINUTELY",
            "RRULE:FREQ=SECONDLY;COUNT=3",
        ] {
            assert_eq!(beyond(line), Beyond::WithinDay, "{line}");
        }
        let all: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        let (minutes, seconds) = (all.join(","), all.join(","));
        let line = format!("RRULE:FREQ=DAILY;BYMINUTE={minutes};BYSECOND={seconds}");
        assert_eq!(beyond(&line), Beyond::WithinDay);
    }

    #[test]
    fn an_unknown_zone_is_named_as_the_reason() {
        let daily = recurrence(&["RRULE:FREQ=DAILY"]);
        assert_eq!(
            daily.starts(EVER, "Nowhere/Else", EVER, 1),
            Err(Beyond::UnknownZone)
        );
        assert_eq!(
            beyond("EXDATE;TZID=Nowhere/Else:20261020T090000"),
            Beyond::UnknownZone
        );
    }

    #[test]
    fn the_lines_are_kept_as_they_came() {
        let lines = vec![" rrule:freq=daily".to_owned(), "nonsense".to_owned()];
        let kept = Recurrence::new(lines.clone());
        assert_eq!(kept.lines(), lines);
        let json = serde_json::to_string(&kept).unwrap();
        assert_eq!(json, r#"[" rrule:freq=daily","nonsense"]"#);
        assert_eq!(serde_json::from_str::<Recurrence>(&json).unwrap(), kept);
    }
}

mod bounds {
    use super::*;

    #[test]
    fn a_rule_that_never_matches_is_given_up() {
        for line in [
            "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "RRULE:FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31;BYDAY=MO,TU;BYSETPOS=5",
            "RRULE:FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        ] {
            assert_eq!(beyond(line), Beyond::Endless, "{line}");
        }
        let all_left_out = recurrence(&["RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"]);
        assert_eq!(
            all_left_out.starts(at("2026-10-19T07:00:00Z"), BERLIN, EVER, 1),
            Err(Beyond::Endless)
        );
    }

    #[test]
    fn more_rules_than_anyone_writes_are_given_up() {
        let many = vec!["EXRULE:FREQ=YEARLY;BYMONTH=4"; 1_000];
        let start = at("2026-10-19T07:00:00Z");
        assert_eq!(
            recurrence(&many).starts(start, BERLIN, EVER, 1),
            Err(Beyond::Endless)
        );
    }

    #[test]
    fn a_rule_without_end_asked_for_everything_is_given_up() {
        let daily = recurrence(&["RRULE:FREQ=DAILY"]);
        let start = at("2026-10-19T07:00:00Z");
        assert_eq!(
            daily.starts(start, BERLIN, EVER, usize::MAX),
            Err(Beyond::Endless)
        );
    }

    #[test]
    fn the_end_of_all_calendars_ends_a_series() {
        let daily = recurrence(&["RRULE:FREQ=YEARLY;INTERVAL=4000000000"]);
        let start = at("2026-10-19T07:00:00Z");
        assert_eq!(daily.starts(start, BERLIN, EVER, 9), Ok(vec![start]));
        let last = at("9999-12-30T00:00:00Z");
        for frequency in ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] {
            let rule = recurrence(&[&format!("RRULE:FREQ={frequency}")]);
            assert!(
                rule.starts(last, "Pacific/Kiritimati", EVER, 9)
                    .unwrap()
                    .contains(&last)
            );
            let early = rule.starts(EVER, "Pacific/Pago_Pago", EVER, 3);
            assert_eq!(early.unwrap().first(), Some(&EVER));
        }
    }

    #[test]
    fn a_series_as_old_as_calendars_still_gives_its_next_occurrence() {
        let from = at("2026-10-19T00:00:00Z");
        let old = on_clock("1702-01-02 09:00", BERLIN);
        for frequency in ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] {
            let rule = recurrence(&[&format!("RRULE:FREQ={frequency}")]);
            let next = rule.starts(old, BERLIN, from, 1).unwrap();
            assert!(next[0].duration_since(from) < SignedDuration::from_hours(366 * 24));
            assert_eq!(TimeZone::get(BERLIN).unwrap().to_datetime(next[0]).hour(), 9);
        }
    }
}

mod patterns {
    use super::*;
    use Weekday::{Friday, Monday, Sunday, Tuesday, Wednesday};

    fn every(line: &str, start: &str) -> Result<(Every, u32), Beyond> {
        pattern(&[&format!("RRULE:{line}")], start).map(|pattern| (pattern.every, pattern.interval))
    }

    #[test]
    fn what_providers_have_is_said_in_their_terms() {
        let monday = "2026-10-19 09:00";
        let week = |days: &[Weekday]| Every::Week { days: days.to_vec() };
        assert_eq!(every("FREQ=DAILY;INTERVAL=3", monday), Ok((Every::Day, 3)));
        assert_eq!(every("FREQ=WEEKLY", monday), Ok((week(&[Monday]), 1)));
        assert_eq!(
            every("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,MO", monday),
            Ok((week(&[Monday, Wednesday]), 2))
        );
        assert_eq!(
            every("FREQ=DAILY;BYDAY=FR,MO", monday),
            Ok((week(&[Monday, Friday]), 1))
        );
        assert_eq!(
            every("FREQ=MONTHLY", monday),
            Ok((Every::MonthOnDay { day: 19 }, 1))
        );
        assert_eq!(
            every("FREQ=MONTHLY;BYMONTHDAY=19;INTERVAL=2", monday),
            Ok((Every::MonthOnDay { day: 19 }, 2))
        );
        let third = Every::MonthOnWeekday { week: 3, day: Monday };
        assert_eq!(every("FREQ=MONTHLY;BYDAY=3MO", monday), Ok((third.clone(), 1)));
        assert_eq!(every("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=3", monday), Ok((third, 1)));
        let last = Every::MonthOnWeekday {
            week: -1,
            day: Friday,
        };
        assert_eq!(
            every("FREQ=MONTHLY;BYDAY=-1FR", "2026-10-30 09:00"),
            Ok((last, 1))
        );
        assert_eq!(
            every("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", monday),
            Ok((Every::Day, 1))
        );
    }

    #[test]
    fn ends_are_carried_over() {
        let ends = |line: &str| pattern(&[line], "2026-10-19 09:00").unwrap().ends;
        assert_eq!(ends("RRULE:FREQ=DAILY"), Ends::Never);
        assert_eq!(ends("RRULE:FREQ=DAILY;COUNT=10"), Ends::After(10));
        assert_eq!(
            ends("RRULE:FREQ=DAILY;UNTIL=20261231T225959Z"),
            Ends::Until(at("2026-12-31T22:59:59Z"))
        );
        assert_eq!(
            ends("RRULE:FREQ=DAILY;UNTIL=20261231"),
            Ends::Until(at("2026-12-31T22:59:59Z"))
        );
        assert_eq!(
            ends("RRULE:FREQ=DAILY;UNTIL=20261231T090000"),
            Ends::Until(at("2026-12-31T08:00:00Z"))
        );
    }

    #[test]
    fn what_providers_lack_is_told_with_its_reason() {
        let monday = "2026-10-19 09:00";
        for (line, reason) in [
            ("FREQ=YEARLY", Beyond::Yearly),
            ("FREQ=HOURLY", Beyond::WithinDay),
            ("FREQ=DAILY;BYHOUR=9,15", Beyond::WithinDay),
            ("FREQ=DAILY;BYHOUR=10", Beyond::WithinDay),
            ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", Beyond::Selection),
            ("FREQ=DAILY;BYMONTHDAY=19", Beyond::Selection),
            ("FREQ=WEEKLY;BYMONTH=10", Beyond::Selection),
            ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", Beyond::Selection),
            ("FREQ=MONTHLY;BYDAY=MO", Beyond::Selection),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", Beyond::Selection),
            ("FREQ=MONTHLY;BYDAY=5MO", Beyond::Selection),
            ("FREQ=MONTHLY;BYDAY=-2MO", Beyond::Selection),
            ("FREQ=MONTHLY;BYDAY=1MO,3MO", Beyond::Selection),
            ("FREQ=MONTHLY;BYMONTHDAY=1,19", Beyond::Selection),
            ("FREQ=MONTHLY;BYMONTHDAY=-1", Beyond::Selection),
            (
                "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=15,16,17,18,19,20,21",
                Beyond::Selection,
            ),
            ("FREQ=MONTHLY;BYMONTHDAY=20", Beyond::StartApart),
            ("FREQ=MONTHLY;BYDAY=2MO", Beyond::StartApart),
            ("FREQ=WEEKLY;BYDAY=TU", Beyond::StartApart),
            ("nonsense", Beyond::Unreadable),
        ] {
            assert_eq!(every(line, monday), Err(reason), "{line}");
        }
        for day in ["29", "30", "31"] {
            assert_eq!(
                every("FREQ=MONTHLY", &format!("2026-10-{day} 09:00")),
                Err(Beyond::ShortMonth)
            );
        }
    }

    #[test]
    fn every_other_week_is_carried_over_only_where_weeks_from_sunday_give_the_same_dates() {
        let tuesday = "2026-10-20 09:00";
        assert_eq!(
            every("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", tuesday),
            Err(Beyond::WeekStart)
        );
        assert_eq!(
            every("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", tuesday),
            Err(Beyond::WeekStart),
            "Monday is the default"
        );
        let both = Every::Week {
            days: vec![Tuesday, Sunday],
        };
        assert_eq!(
            every("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", tuesday),
            Ok((both.clone(), 2))
        );
        assert_eq!(every("FREQ=WEEKLY;BYDAY=TU,SU;WKST=MO", tuesday), Ok((both, 1)));
        assert!(every("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;WKST=MO", tuesday).is_ok());
        assert!(every("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=MO", "2026-10-18 09:00").is_ok());
    }

    #[test]
    fn every_reason_is_a_sentence() {
        for reason in [
            Beyond::Unreadable,
            Beyond::UnknownZone,
            Beyond::Endless,
            Beyond::WithinDay,
            Beyond::SeveralRules,
            Beyond::Listed,
            Beyond::Empty,
            Beyond::Yearly,
            Beyond::Selection,
            Beyond::ShortMonth,
            Beyond::WeekStart,
            Beyond::StartApart,
        ] {
            assert!(reason.sentence().ends_with('.') && reason.sentence().contains(' '));
        }
        assert_eq!(
            serde_json::to_string(&Beyond::WithinDay).unwrap(),
            r#""within_day""#
        );
    }

    #[test]
    fn a_rule_is_said_in_a_few_words() {
        let monday = "2026-10-19 09:00";
        for (line, said) in [
            ("FREQ=DAILY", "every day"),
            ("FREQ=DAILY;INTERVAL=3;COUNT=1", "every 3 days, once"),
            (
                "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10",
                "every week on Mon and Wed, 10 times",
            ),
            (
                "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR",
                "every 2 weeks on Mon, Wed and Fri",
            ),
            (
                "FREQ=WEEKLY;UNTIL=20261231T225959Z",
                "every week on Mon, until 2026-12-31 (Europe/Berlin)",
            ),
            ("FREQ=MONTHLY;INTERVAL=2", "every 2 months on day 19"),
            ("FREQ=MONTHLY;BYMONTHDAY=31", "every month on day 31"),
            ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
            ("FREQ=MONTHLY;BYDAY=2TU", "every month on the second Tuesday"),
            ("FREQ=MONTHLY;BYDAY=MO,TU", "on certain days"),
            ("FREQ=YEARLY", "every year"),
            ("FREQ=HOURLY", "several times a day"),
            ("nonsense", "by a rule that cannot be understood"),
        ] {
            assert_eq!(words(&format!("RRULE:{line}"), monday), said);
        }
    }
}

/// A provider's calendar for a pattern, day by day and weeks from Sunday, in another way than the rules are followed.
fn provided(pattern: &Pattern, start: Timestamp, zone: &str, limit: usize) -> Vec<Timestamp> {
    let tz = TimeZone::get(zone).unwrap();
    let first = tz.to_datetime(start);
    let sunday = |date: Date| {
        date.checked_sub(i64::from(date.weekday().to_sunday_zero_offset()).days())
            .unwrap()
    };
    let interval = i64::from(pattern.interval);
    let (mut starts, mut counted) = (Vec::new(), 0);
    for date in first.date().series(1.day()).take(200_000) {
        let days = (date - first.date()).get_days();
        let months = i64::from(date.year() - first.year()) * 12 + i64::from(date.month() - first.month());
        let on = match &pattern.every {
            Every::Day => i64::from(days) % interval == 0,
            Every::Week { days } => {
                let weeks = sunday(date).since(sunday(first.date())).unwrap().get_days() / 7;
                days.contains(&date.weekday()) && i64::from(weeks) % interval == 0
            }
            Every::MonthOnDay { day } => i16::from(date.day()) == i16::from(*day) && months % interval == 0,
            Every::MonthOnWeekday { week: -1, day } => {
                date.weekday() == *day && date.day() + 7 > date.days_in_month() && months % interval == 0
            }
            Every::MonthOnWeekday { week, day } => {
                date.weekday() == *day && (date.day() + 6) / 7 == *week && months % interval == 0
            }
        };
        if !on {
            continue;
        }
        let at = if date == first.date() {
            start
        } else {
            tz.to_timestamp(date.to_datetime(first.time())).unwrap()
        };
        match pattern.ends {
            Ends::After(count) if counted == count => break,
            Ends::Until(last) if at > last => break,
            _ if starts.len() == limit => break,
            // Where the zone leaps over a whole day, two dates are one moment.
            _ if starts.last() == Some(&at) => {}
            _ => starts.push(at),
        }
        counted += 1;
    }
    starts
}

fn a_zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        BERLIN,
        NEW_YORK,
        "Australia/Lord_Howe",
        "America/Asuncion",
        "Africa/Casablanca",
        "Asia/Kolkata",
        "Pacific/Apia",
    ])
}

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn some_days() -> impl Strategy<Value = Vec<&'static str>> + Clone {
    prop::sample::subsequence(DAYS.to_vec(), 1..4)
}

fn an_end() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (1..40).prop_map(|count| format!(";COUNT={count}")),
        (2020..2030).prop_map(|year| format!(";UNTIL={year}0701T120000Z")),
    ]
}

fn a_rule() -> impl Strategy<Value = String> {
    let days = some_days();
    let part = prop_oneof![
        Just(String::new()),
        days.clone().prop_map(|days| format!(";BYDAY={}", days.join(","))),
        (prop::sample::select(vec![1, 2, 3, 4, 5, -1, -2]), days)
            .prop_map(|(place, days)| format!(";BYDAY={place}{}", days[0])),
        (1..=31).prop_map(|day| format!(";BYMONTHDAY={day}")),
        (1..=12).prop_map(|month| format!(";BYMONTH={month}")),
    ];
    let wkst = prop::sample::select(vec!["", ";WKST=SU", ";WKST=MO", ";WKST=TH"]);
    let frequency = prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    (frequency, 1..4, part, wkst, an_end()).prop_map(|(frequency, interval, part, wkst, end)| {
        format!("RRULE:FREQ={frequency};INTERVAL={interval}{part}{wkst}{end}")
    })
}

/// From 2000 to 2026, in whole quarters of an hour.
fn an_instant() -> impl Strategy<Value = Timestamp> {
    (0..900_000_i64).prop_map(|quarters| Timestamp::from_second(946_684_800 + quarters * 900).unwrap())
}

proptest! {
    #[test]
    fn lines_of_any_kind_end_quickly_and_without_panic(
        lines in prop::collection::vec("(RRULE|EXRULE|RDATE|EXDATE|X-A)(;TZID=(UTC|\\PC{0,5}))?:(\\PC{0,30}|(FREQ=(DAILY|YEARLY)|BYDAY=[0-9A-Z,-]{0,9}|COUNT=[0-9]{1,9}|UNTIL=[0-9TZ]{8,16}|;){1,5})|\\PC{0,20}", 0..4),
        start in an_instant(),
        zone in a_zone(),
    ) {
        let any = Recurrence::new(lines);
        let _ = any.starts(start, zone, start, 50);
        let _ = any.pattern(start, zone);
        prop_assert!(!any.in_words(start, zone).is_empty());
    }

    #[test]
    fn a_late_look_sees_the_same_occurrences_as_an_early_one(
        rule in a_rule(),
        start in an_instant(),
        zone in a_zone(),
        (nth, earlier) in (0..150_usize, 0..200_000_i64),
    ) {
        let rule = Recurrence::new(vec![rule]);
        if let Ok(all) = rule.starts(start, zone, start, 150) {
            prop_assert!(all.is_sorted_by(|one, next| one < next));
            let complete = all.len() < 150;
            let from = *all.get(nth % all.len().max(1)).unwrap_or(&start) - SignedDuration::from_secs(earlier);
            let expected: Vec<_> = all.into_iter().filter(|start| *start >= from).take(20).collect();
            let late = rule.starts(start, zone, from, 20).unwrap();
            let known = if complete { late.len() } else { expected.len() };
            prop_assert_eq!(late.get(..known), Some(expected.as_slice()));
        }
    }

    #[test]
    fn a_provider_gives_the_same_dates_for_the_pattern(
        (start, zone, days, every) in (an_instant(), a_zone(), some_days(), 0..5),
        interval in 1..5,
        week_start in prop::sample::select(vec!["SU", "MO", "TH"]),
        end in an_end(),
    ) {
        let first = TimeZone::get(zone).unwrap().to_datetime(start).date();
        let own = DAYS[usize::try_from(first.weekday().to_monday_zero_offset()).unwrap()];
        let every = match every {
            0 => "DAILY".to_owned(),
            1 => format!("WEEKLY;BYDAY={own},{};WKST={week_start}", days.join(",")),
            2 => "MONTHLY".to_owned(),
            3 if first.day() + 7 > first.days_in_month() => format!("MONTHLY;BYDAY=-1{own}"),
            _ => format!("MONTHLY;BYDAY={}{own}", (first.day() + 6) / 7),
        };
        let rule = recurrence(&[&format!("RRULE:FREQ={every};INTERVAL={interval}{end}")]);
        match rule.pattern(start, zone) {
            Ok(pattern) => prop_assert_eq!(
                rule.regular_starts(start, zone, start, 50).unwrap(),
                provided(&pattern, start, zone, 50)
            ),
            Err(beyond) => prop_assert!(matches!(
                beyond,
                Beyond::Empty | Beyond::ShortMonth | Beyond::WeekStart | Beyond::Selection
            )),
        }
    }
}
