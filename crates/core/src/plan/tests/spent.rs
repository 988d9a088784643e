use super::*;
use crate::meeting::Occurrence;

/// A weekly series of two dates, both over, of which an edit took another; its meeting still has that one.
fn ended() -> Case {
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("UTC".into()),
    };
    let mut case = Case::bonded(Event {
        start: moment("2026-11-10T09:00:00Z"),
        end: moment("2026-11-10T09:30:00Z"),
        kind: Kind::Series {
            recurrence: Recurrence::new(vec!["RRULE:FREQ=WEEKLY;UNTIL=20261118T000000Z".into()]),
        },
        ..event("ev1", Some("ev1"))
    });
    case.emptied = Some(at(NOW));
    case.seen = Some(Meeting {
        nature: Nature::Recurring,
        occurrences: vec![Occurrence {
            id: "1".into(),
            original: at("2026-11-24T09:00:00Z"),
            start: at("2026-11-24T09:00:00Z"),
            minutes: 30,
        }],
        ..meeting()
    });
    case
}

#[test]
fn p2_p3_a_series_that_an_edit_ended_takes_its_meeting_along_after_the_grace_period() {
    let not_before = at("2026-11-22T12:02:00Z");
    assert_eq!(ended().decide(), Decision::Delete { not_before });
}

#[test]
fn p3_a_series_that_time_ended_keeps_its_meeting() {
    let mut case = ended();
    case.emptied = None;
    assert_eq!(case.decide(), Decision::Leave(Reason::Over));
}

#[test]
fn p3_a_series_without_dates_deletes_nothing_that_is_not_known_to_have_some_or_that_others_need() {
    let over = Decision::Leave(Reason::Over);
    let mut unread = ended();
    unread.seen = None;
    assert_eq!(unread.decide(), over);
    let mut empty = ended();
    if let Some(seen) = &mut empty.seen {
        seen.occurrences.clear();
    }
    assert_eq!(empty.decide(), over);
    let mut copied = ended();
    copied.links.push((event("copy", Some("ev1")), None, None));
    assert_eq!(copied.decide(), over);
    let mut foreign = ended();
    foreign.hosts = vec!["host2".into()];
    assert_eq!(foreign.decide(), Decision::Leave(Reason::NotHost));
    let mut ignored = ended();
    ignored.ignored = true;
    assert_eq!(ignored.decide(), Decision::Leave(Reason::Ignored));
}

#[test]
fn p2_p3_a_series_without_dates_that_is_cancelled_as_well_takes_its_meeting_along() {
    let not_before = at("2026-11-22T12:02:00Z");
    let mut case = ended();
    case.links[0].1 = Some(at(NOW));
    assert_eq!(case.decide(), Decision::Delete { not_before });
    let seen = case.seen.take();
    assert_eq!(case.decide(), Decision::Look, "dates may stand");
    case.seen = seen;
    // Time has brought the end.
    case.emptied = None;
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p3_a_series_without_dates_keeps_the_meeting_that_its_other_half_left() {
    let mut case = ended();
    case.outlived = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::Over));
}

/// Its second half, with dates on 2026-11-24 and 2026-12-01.
fn second_half() -> Event {
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("UTC".into()),
    };
    Event {
        start: moment("2026-11-24T09:00:00Z"),
        end: moment("2026-11-24T09:30:00Z"),
        kind: Kind::Series {
            recurrence: Recurrence::new(vec!["RRULE:FREQ=WEEKLY;COUNT=2".into()]),
        },
        ..event("ev1_R20261124T090000", Some("ev1"))
    }
}

#[test]
fn p2_p3_a_series_whose_later_half_is_cancelled_when_time_has_ended_the_first_takes_its_meeting_along() {
    let mut case = ended();
    case.emptied = None;
    let gone = at("2026-11-22T11:59:00Z");
    case.links.push((second_half(), Some(gone), Some(Proof::Origin)));
    let not_before = at("2026-11-22T12:01:00Z");
    assert_eq!(case.decide(), Decision::Delete { not_before });
    // It was cancelled while the first half still had a date, which has taken place since.
    let early = at("2026-11-16T09:00:00Z");
    case.links[1].1 = Some(early);
    assert_eq!(case.decide(), Decision::Leave(Reason::Over));
}

#[test]
fn p3_only_an_edit_that_takes_the_last_date_empties_a_series() {
    let now = at(NOW);
    let (over, ahead) = (ended().links.remove(0).0, second_half());
    let none: &[Exception] = &[];
    let was = |event, before| Some((event, none, before));
    assert_eq!(emptied(was(&ahead, None), (&over, none), now), Some(now));
    assert_eq!(
        emptied(was(&over, Some(at("2026-11-20T09:00:00Z"))), (&over, none), now),
        Some(now)
    );
    assert_eq!(
        emptied(was(&over, None), (&over, none), now),
        None,
        "time had ended it"
    );
    assert_eq!(emptied(None, (&over, none), now), None, "never seen before");
    assert_eq!(
        emptied(was(&over, None), (&ahead, none), now),
        None,
        "it has dates"
    );
}

#[test]
fn p2_p3_a_deletion_that_waits_outlives_the_cancelled_dates_that_are_forgotten() {
    let mut case = ended();
    // The date of the next day was cancelled then, and nothing tells so any more.
    case.emptied = Some(at("2026-11-16T09:00:00Z"));
    let not_before = at("2026-11-16T09:02:00Z");
    assert_eq!(case.decide(), Decision::Delete { not_before });
}
