use jiff::SignedDuration;

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
