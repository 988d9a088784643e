//! Rules of any kind, against properties that hold for all of them.

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

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

/// A line as a calendar should not write it.
fn any_line() -> impl Strategy<Value = String> {
    "(RRULE|EXRULE|RDATE|EXDATE|X-A)(;TZID=(UTC|\\PC{0,5}))?:(\\PC{0,30}|(FREQ=(DAILY|YEARLY)|BYDAY=[0-9A-Z,-]{0,9}|COUNT=[0-9]{1,9}|UNTIL=[0-9TZ]{8,16}|;){1,5})|\\PC{0,20}"
}

/// As events name them, and at both ends of time.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let ends = prop_oneof![Just(Timestamp::MIN), Just(Timestamp::MAX)];
    let any = seconds.prop_map(|second| Timestamp::from_second(second).unwrap());
    prop_oneof![4 => an_instant(), 1 => any, 1 => ends]
}

proptest! {
    #[test]
    fn lines_of_any_kind_end_quickly_and_without_panic(
        lines in prop::collection::vec(prop_oneof![any_line(), a_rule()], 0..4),
        (start, from) in (any_instant(), any_instant()),
        zone in prop_oneof![4 => a_zone().prop_map(str::to_owned), 1 => "\\PC{0,20}"],
    ) {
        let any = Recurrence::new(lines);
        for from in [start, from] {
            let starts = any.starts(start, &zone, from, 50).unwrap_or_default();
            prop_assert!(starts.len() <= 50 && starts.iter().all(|start| *start >= from));
        }
        let _ = any.pattern(start, &zone);
        prop_assert!(!any.in_words(start, &zone).is_empty());
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
