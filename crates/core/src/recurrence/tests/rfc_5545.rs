//! The examples of RFC 5545 §3.8.5.3 that try most parts of a rule at once.

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
