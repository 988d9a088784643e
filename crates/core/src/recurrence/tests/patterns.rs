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
