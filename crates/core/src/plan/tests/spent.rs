use super::*;
use crate::meeting::Occurrence;

/// A weekly series of two dates, both over, whose meeting has one more at the provider.
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
    // A date lay ahead when it was last edited.
    case.learnt = at("2026-11-12T12:00:00Z");
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
    // A date lay ahead when it was last edited: time has brought the end.
    case.learnt = at("2026-11-12T12:00:00Z");
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p3_a_series_without_dates_keeps_the_meeting_that_its_other_half_left() {
    let mut case = ended();
    case.outlived = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::Over));
}
