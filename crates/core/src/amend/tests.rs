use super::compare::FEWEST_LEFT;
use super::layout::endless;
use super::*;
use crate::event::{Became, Event, Exception, Kind, Moment};
use crate::meeting::{LONGEST_TOPIC, Repeats, agrees};
use crate::recurrence::Recurrence;
use jiff::SignedDuration;
use proptest::prelude::*;

const NOW: &str = "2026-11-22T12:00:00Z";
const START: &str = "2026-12-01T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn once(start: &str, minutes: u32) -> Times {
    Times::Once {
        start: at(start),
        minutes,
    }
}

fn differences(meeting: &Meeting, wanted: &Schedule, carry: Carry) -> Vec<Change> {
    let amendment = amend(meeting, wanted, carry, at(NOW));
    assert_eq!(amendment.changes.is_empty(), amendment.writes.is_empty());
    amendment.changes
}

const BOTH: Carry = Carry {
    title: true,
    time: true,
};

fn wanted() -> Schedule {
    Schedule {
        topic: "Review".into(),
        times: once(START, 30),
        zone: Some("Europe/Berlin".into()),
    }
}

fn meeting() -> Meeting {
    Meeting {
        nature: Nature::Scheduled,
        topic: "Review".into(),
        start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
        minutes: Some(30),
        zone: Some("Europe/Berlin".into()),
        host: "h1".into(),
        running: false,
        occurrences: vec![],
        repeats: None,
    }
}

#[test]
fn p6_an_equal_meeting_differs_in_nothing() {
    assert_eq!(differences(&meeting(), &wanted(), BOTH), []);
    let zoneless = Schedule {
        zone: None,
        ..wanted()
    };
    assert_eq!(differences(&meeting(), &zoneless, BOTH), []);
}

#[test]
fn each_property_is_compared_and_only_what_differs_is_named() {
    let moved = Schedule {
        times: once("2026-12-02T09:00:00Z", 30),
        ..wanted()
    };
    assert!(matches!(
        differences(&meeting(), &moved, BOTH).as_slice(),
        [Change::Start { .. }]
    ));
    let longer = Schedule {
        times: once(START, 45),
        ..wanted()
    };
    assert!(matches!(
        differences(&meeting(), &longer, BOTH).as_slice(),
        [Change::Duration {
            before: 30,
            after: 45
        }]
    ));
    let renamed = Schedule {
        topic: "Retro".into(),
        zone: Some("Asia/Tokyo".into()),
        ..wanted()
    };
    assert!(matches!(
        differences(&meeting(), &renamed, BOTH).as_slice(),
        [Change::Topic { .. }, Change::Zone { .. }]
    ));
}

#[test]
fn what_the_person_does_not_want_carried_over_is_not_a_difference() {
    let other = Schedule {
        topic: "Retro".into(),
        times: once(START, 45),
        ..wanted()
    };
    assert_eq!(
        differences(
            &meeting(),
            &other,
            Carry {
                title: false,
                time: false
            }
        ),
        []
    );
}

#[test]
fn p6_a_title_longer_than_the_provider_keeps_is_in_step_once_cut() {
    let long = Schedule {
        topic: "ü".repeat(300),
        ..wanted()
    };
    let cut = Meeting {
        topic: "ü".repeat(LONGEST_TOPIC),
        ..meeting()
    };
    assert_eq!(differences(&cut, &long, BOTH), []);
}

#[test]
fn an_untitled_event_leaves_the_topic_alone() {
    assert_eq!(
        differences(
            &meeting(),
            &Schedule {
                topic: " ".into(),
                ..wanted()
            },
            BOTH
        ),
        []
    );
}

#[test]
fn p6_a_zone_whose_clock_shows_the_same_at_the_meeting_is_the_same_zone() {
    let meeting = Meeting {
        zone: Some("Asia/Calcutta".into()),
        ..meeting()
    };
    let wanted = |zone: &str| Schedule {
        zone: Some(zone.into()),
        ..wanted()
    };
    assert_eq!(differences(&meeting, &wanted("Asia/Kolkata"), BOTH), []);
    assert_eq!(differences(&meeting, &wanted("Asia/Colombo"), BOTH), []);
    assert_eq!(differences(&meeting, &wanted("Asia/Tokyo"), BOTH).len(), 1);
    let berlin = Meeting {
        zone: Some("Europe/Berlin".into()),
        ..meeting.clone()
    };
    assert_eq!(differences(&berlin, &wanted("Europe/Paris"), BOTH), []);
    assert_eq!(differences(&berlin, &wanted("Europe/London"), BOTH).len(), 1);
    let odd = Meeting {
        zone: Some("Nowhere/Else".into()),
        ..meeting
    };
    assert_eq!(differences(&odd, &wanted("Nowhere/At All"), BOTH).len(), 1);
}

#[test]
fn agreement_needs_start_and_title_and_a_schedule() {
    assert!(agrees(
        &meeting(),
        &Schedule {
            times: once(START, 60),
            ..wanted()
        },
        at(NOW)
    ));
    assert!(!agrees(
        &meeting(),
        &Schedule {
            topic: "Other".into(),
            ..wanted()
        },
        at(NOW)
    ));
    assert!(!agrees(
        &Meeting {
            nature: Nature::Standing,
            ..meeting()
        },
        &wanted(),
        at(NOW)
    ));
    assert!(!agrees(
        &Meeting {
            start: None,
            ..meeting()
        },
        &wanted(),
        at(NOW)
    ));
}

/// A weekly series on Tuesdays at ten in Berlin.
fn master(rule: &str) -> Event {
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("Europe/Berlin".into()),
    };
    Event {
        google_id: "ev1".into(),
        etag: "1".into(),
        title: "Review".into(),
        start: moment(START),
        end: moment("2026-12-01T09:30:00Z"),
        kind: Kind::Series {
            recurrence: Recurrence::new(vec![format!("RRULE:{rule}")]),
        },
        organized_here: true,
        conference: None,
    }
}

fn exception(original: &str, became: Option<(&str, &str)>) -> Exception {
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: None,
    };
    Exception {
        original: moment(original),
        became: match became {
            None => Became::Cancelled,
            Some((start, end)) => Became::Changed {
                start: moment(start),
                end: moment(end),
                title: "Review".into(),
                target: None,
            },
        },
    }
}

/// A date with a conference of its own.
fn in_meet(original: &str, became: (&str, &str)) -> Exception {
    let mut date = exception(original, Some(became));
    if let Became::Changed { target, .. } = &mut date.became {
        *target = Some(crate::conference::Target::Unscheduled {
            name: "Meet".into(),
            address: "a".into(),
        });
    }
    date
}

fn schedule(event: &Event, exceptions: &[Exception]) -> Schedule {
    event.schedule(exceptions, at(NOW)).unwrap().unwrap()
}

/// What a provider like Zoom makes of writes.
fn apply(mut meeting: Meeting, writes: &[Write]) -> Meeting {
    for write in writes {
        match write {
            Write::Whole(whole) => {
                meeting.topic = whole.topic.clone().unwrap_or(meeting.topic);
                meeting.zone = whole.zone.clone().or(meeting.zone);
                match &whole.shape {
                    Shape::Kept => {}
                    Shape::Once => {
                        meeting.nature = Nature::Scheduled;
                        meeting.occurrences.clear();
                        meeting.repeats = None;
                    }
                    Shape::Repeating { pattern, times, zone } => {
                        let start = whole.start.unwrap();
                        assert!(start > at(NOW), "the past is ignored");
                        let starts = endless(pattern)
                            .starts(start, zone, start, *times as usize)
                            .unwrap();
                        meeting.nature = Nature::Recurring;
                        meeting.zone = Some(zone.clone());
                        meeting.occurrences = starts
                            .iter()
                            .map(|start| Occurrence {
                                id: start.as_millisecond().to_string(),
                                original: *start,
                                start: *start,
                                minutes: whole.minutes.unwrap(),
                            })
                            .collect();
                        meeting.repeats = Some(Repeats {
                            own: format!("{pattern:?} {times}"),
                            words: endless(pattern).in_words(start, zone),
                            lines: Vec::new(),
                        });
                    }
                }
                meeting.start = whole.start.or(meeting.start);
                meeting.minutes = whole.minutes.or(meeting.minutes);
            }
            Write::Date { id, start, minutes } => {
                let date = meeting
                    .occurrences
                    .iter_mut()
                    .find(|date| date.id == *id)
                    .unwrap();
                date.start = start.unwrap_or(date.start);
                date.minutes = minutes.unwrap_or(date.minutes);
            }
            Write::Cancel { id } => meeting.occurrences.retain(|date| date.id != *id),
        }
    }
    meeting
}

/// Amends until nothing is left to write, and says how many writes that took.
fn settle(mut meeting: Meeting, wanted: &Schedule) -> (Meeting, Amendment, usize) {
    let mut writes = 0;
    for _ in 0..3 {
        let amendment = amend(&meeting, wanted, BOTH, at(NOW));
        if amendment.writes.is_empty() {
            return (meeting, amendment, writes);
        }
        let until = match amendment
            .writes
            .iter()
            .position(|write| matches!(write, Write::Whole(_)))
        {
            Some(whole) => whole + 1,
            None => amendment.writes.len(),
        };
        writes += until;
        meeting = apply(meeting, amendment.writes.get(..until).unwrap());
    }
    panic!("no end of writing: {:#?}", amend(&meeting, wanted, BOTH, at(NOW)));
}

fn standing(event: &Event) -> Meeting {
    settle(meeting(), &schedule(event, &[])).0
}

#[test]
fn p2_a_series_is_laid_out_with_one_write_and_then_is_in_step() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let (laid, left, writes) = settle(meeting(), &schedule(&event, &[]));
    assert_eq!(
        (laid.occurrences.len(), left, writes),
        (8, Amendment::default(), 1)
    );
}

#[test]
fn p4_moving_one_date_writes_to_that_date_alone() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let moved = exception(
        "2026-12-15T09:00:00Z",
        Some(("2026-12-16T10:00:00Z", "2026-12-16T11:00:00Z")),
    );
    let amendment = amend(&standing(&event), &schedule(&event, &[moved]), BOTH, at(NOW));
    let id = at("2026-12-15T09:00:00Z").as_millisecond().to_string();
    let start = Some(at("2026-12-16T10:00:00Z"));
    assert_eq!(
        amendment.writes,
        [Write::Date {
            id,
            start,
            minutes: Some(60)
        }]
    );
}

#[test]
fn p4_cancelling_one_date_writes_to_that_date_alone() {
    for rule in ["FREQ=WEEKLY;COUNT=8", "FREQ=DAILY", "FREQ=WEEKLY"] {
        let event = master(rule);
        let gone = exception("2026-12-08T09:00:00Z", None);
        let amendment = amend(&standing(&event), &schedule(&event, &[gone]), BOTH, at(NOW));
        let id = at("2026-12-08T09:00:00Z").as_millisecond().to_string();
        assert_eq!(amendment.writes, [Write::Cancel { id }], "{rule}");
    }
}

#[test]
fn p3_a_series_is_never_left_without_a_date() {
    let before = standing(&master("FREQ=WEEKLY;COUNT=4"));
    let yearly = Event {
        start: Moment::At {
            instant: at("2027-06-01T08:00:00Z"),
            zone: Some("Europe/Berlin".into()),
        },
        end: Moment::At {
            instant: at("2027-06-01T08:30:00Z"),
            zone: Some("Europe/Berlin".into()),
        },
        ..master("FREQ=YEARLY;COUNT=3")
    };
    let (after, left, _) = settle(before, &schedule(&yearly, &[]));
    let starts: Vec<Timestamp> = after.occurrences.iter().map(|date| date.start).collect();
    assert_eq!(starts, [at("2027-06-01T08:00:00Z")]);
    assert_eq!(left.beyond.len(), 2, "the other two years are named");
}

#[test]
fn a_date_that_is_restored_is_laid_out_again_with_every_other_exception() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let gone = |original| exception(original, None);
    let both = [gone("2026-12-08T09:00:00Z"), gone("2026-12-22T09:00:00Z")];
    let (meeting, _, _) = settle(standing(&event), &schedule(&event, &both));
    assert_eq!(meeting.occurrences.len(), 6);
    let wanted = schedule(&event, both.get(..1).unwrap());
    let (restored, left, writes) = settle(meeting, &wanted);
    assert_eq!(
        (restored.occurrences.len(), left, writes),
        (7, Amendment::default(), 2)
    );
}

#[test]
fn p11_a_layout_that_changes_nothing_but_dates_names_them_as_far_as_both_readings_reach() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let laid_out_anew = |mut meeting: Meeting| {
        for date in &mut meeting.occurrences {
            date.id = format!("new {}", date.id);
        }
        meeting
    };
    let before = standing(&event);
    assert_eq!(between(&before, &laid_out_anew(before.clone())), []);

    let mut after = laid_out_anew(before.clone());
    after.occurrences.pop();
    let reach = |before: &str, after: &str| Change::Rule {
        before: format!("every week on Tue, until {before}"),
        after: format!("every week on Tue, until {after}"),
    };
    let shorter = reach("2027-01-19", "2027-01-12");
    assert_eq!(between(&before, &after), std::slice::from_ref(&shorter));
    let moved = after.occurrences.get_mut(2).unwrap();
    moved.start += SignedDuration::from_hours(1);
    let (date, now) = (moved.original, Some(slot(moved)));
    let gone = after.occurrences.remove(3);
    let told = |before, after, date| Change::Date { date, before, after };
    let was = before.occurrences.get(2).map(slot);
    let dropped = Some(slot(&gone));
    assert_eq!(
        between(&before, &after),
        [shorter, told(was, now, date), told(dropped, None, gone.original)]
    );
    assert_eq!(
        between(&after, &before),
        [
            reach("2027-01-12", "2027-01-19"),
            told(now, was, date),
            told(None, dropped, gone.original)
        ]
    );
}

#[test]
fn p6_time_passing_makes_no_difference_until_few_dates_are_left() {
    let event = master("FREQ=WEEKLY");
    let meeting = standing(&event);
    let after = |weeks: i64| {
        let now = at(NOW) + SignedDuration::from_hours(24 * 7 * weeks);
        amend(&meeting, &event.schedule(&[], now).unwrap().unwrap(), BOTH, now)
            .writes
            .len()
    };
    assert_eq!((after(0), after(10), after(24), after(40)), (0, 0, 0, 1));
}

#[test]
fn both_halves_of_a_split_series_are_in_their_meeting_with_few_writes() {
    let old = master("FREQ=WEEKLY;UNTIL=20261214T000000Z");
    let mut new = master("FREQ=WEEKLY");
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("Europe/Berlin".into()),
    };
    (new.start, new.end) = (moment("2026-12-17T13:00:00Z"), moment("2026-12-17T13:45:00Z"));
    let Times::Series(first) = schedule(&old, &[]).times else {
        panic!()
    };
    let Times::Series(rest) = schedule(&new, &[]).times else {
        panic!()
    };
    let wanted = Schedule {
        times: Times::Series(first.with(rest, at(NOW))),
        ..schedule(&new, &[])
    };
    let (meeting, left, writes) = settle(standing(&master("FREQ=WEEKLY")), &wanted);
    assert_eq!(left, Amendment::default());
    assert_eq!(writes, 3, "laid out anew, and the first two moved");
    let mut starts: Vec<Timestamp> = meeting.occurrences.iter().map(|date| date.start).collect();
    starts.sort();
    assert_eq!(
        starts.get(..3).unwrap(),
        [at(START), at("2026-12-08T09:00:00Z"), at("2026-12-17T13:00:00Z")]
    );
}

#[test]
fn p2_a_month_counted_by_weekdays_is_laid_out_on_one_of_them_for_the_dates_of_the_first_half() {
    // The first Tuesdays at ten, from the third on an hour earlier.
    let old = master("FREQ=MONTHLY;BYDAY=1TU;COUNT=2");
    let mut new = master("FREQ=MONTHLY;BYDAY=1TU;COUNT=4");
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("Europe/Berlin".into()),
    };
    (new.start, new.end) = (moment("2027-02-02T08:00:00Z"), moment("2027-02-02T08:30:00Z"));
    let Times::Series(first) = schedule(&old, &[]).times else {
        panic!()
    };
    let Times::Series(rest) = schedule(&new, &[]).times else {
        panic!()
    };
    let wanted = Schedule {
        times: Times::Series(first.with(rest, at(NOW))),
        ..schedule(&new, &[])
    };
    let amendment = amend(
        &standing(&master("FREQ=MONTHLY;BYDAY=1TU;COUNT=6")),
        &wanted,
        BOTH,
        at(NOW),
    );
    let Some(Write::Whole(Whole {
        start: Some(start), ..
    })) = amendment.writes.first()
    else {
        panic!("{:?}", amendment.writes)
    };
    assert_eq!(
        *start,
        at("2026-12-01T08:00:00Z"),
        "a Tuesday, not the day of the month"
    );
}

#[test]
fn what_a_provider_cannot_repeat_stands_for_the_next_date_and_is_named() {
    let event = master("FREQ=YEARLY");
    let (meeting, left, _) = settle(meeting(), &schedule(&event, &[]));
    assert_eq!(meeting.start, Some(at(START)));
    assert_eq!(left.reason, Some(Beyond::Yearly));
    assert!(matches!(left.beyond.as_slice(), [Change::Rule { .. }]));
}

#[test]
fn a_title_of_one_date_is_named_and_not_written() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let mut renamed = exception(
        "2026-12-15T09:00:00Z",
        Some(("2026-12-15T09:00:00Z", "2026-12-15T09:30:00Z")),
    );
    if let Became::Changed { title, .. } = &mut renamed.became {
        *title = "Retro".into();
    }
    let amendment = amend(&standing(&event), &schedule(&event, &[renamed]), BOTH, at(NOW));
    assert_eq!(amendment.writes, []);
    assert!(matches!(amendment.beyond.as_slice(), [Change::DateTopic { .. }]));
}

#[test]
fn a_date_with_another_conference_is_left_as_it_is() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let apart = in_meet(
        "2026-12-15T09:00:00Z",
        ("2026-12-16T09:00:00Z", "2026-12-16T09:30:00Z"),
    );
    assert!(amend(&standing(&event), &schedule(&event, &[apart]), BOTH, at(NOW)).is_empty());
}

#[test]
fn p2_a_date_that_moved_to_where_another_left_the_meeting_is_in_step_once_it_is_there() {
    let event = master("FREQ=WEEKLY;COUNT=8");
    let left = in_meet(
        "2026-12-15T09:00:00Z",
        ("2026-12-15T09:00:00Z", "2026-12-15T09:30:00Z"),
    );
    let moved = exception(
        "2026-12-08T09:00:00Z",
        Some(("2026-12-15T09:00:00Z", "2026-12-15T09:30:00Z")),
    );
    // Laid out at another time before, no date bears the name of the one that left.
    let mut stands = standing(&event);
    stands
        .occurrences
        .retain(|date| date.start != at("2026-12-15T09:00:00Z"));
    for date in &mut stands.occurrences {
        date.original -= SignedDuration::from_hours(1);
        if date.start == at("2026-12-08T09:00:00Z") {
            date.start = at("2026-12-15T09:00:00Z");
        }
    }
    let amendment = amend(&stands, &schedule(&event, &[left, moved]), BOTH, at(NOW));
    assert_eq!(amendment, Amendment::default());
}

#[test]
fn p2_the_date_of_one_half_stands_where_a_date_left_the_other() {
    let old = master("FREQ=WEEKLY;COUNT=1");
    let left = in_meet(START, (START, "2026-12-01T09:30:00Z"));
    let new = master("FREQ=WEEKLY;COUNT=8");
    let Times::Series(first) = schedule(&old, &[left]).times else {
        panic!()
    };
    let Times::Series(rest) = schedule(&new, &[]).times else {
        panic!()
    };
    let wanted = Schedule {
        times: Times::Series(first.with(rest, at(NOW))),
        ..schedule(&new, &[])
    };
    let amendment = amend(&standing(&new), &wanted, BOTH, at(NOW));
    assert_eq!(
        amendment,
        Amendment::default(),
        "nothing is missing or one too many"
    );
}

#[test]
fn an_event_that_repeats_no_more_makes_its_meeting_take_place_once() {
    let (meeting, left, writes) = settle(standing(&master("FREQ=WEEKLY")), &wanted());
    assert_eq!(
        (meeting.nature, meeting.start, writes),
        (Nature::Scheduled, Some(at(START)), 1)
    );
    assert_eq!(left, Amendment::default());
}

prop_compose! {
    fn rules()(
        freq in prop_oneof![
            Just("DAILY".to_owned()),
            Just("WEEKLY".to_owned()),
            Just("WEEKLY;BYDAY=TU,TH".to_owned()),
            Just("MONTHLY".to_owned()),
            Just("MONTHLY;BYDAY=1TU".to_owned()),
        ],
        interval in 1_u32..4,
        count in proptest::option::of(1_u32..70),
    ) -> String {
        let count = count.map_or_else(String::new, |count| format!(";COUNT={count}"));
        format!("FREQ={freq};INTERVAL={interval}{count}")
    }
}

proptest! {
    /// Whatever is edited, the meeting ends equal to its event or as near as can be, in a bounded number of rounds, and
    /// a second look finds nothing to write (P2, P6).
    #[test]
    fn p2_p6_every_edit_of_a_series_settles(
        before in rules(), after in rules(), shift in -300_i64..300,
        cancelled in proptest::collection::btree_set(0_usize..12, 0..4),
        moved in proptest::collection::btree_map(0_usize..12, 1_i64..2000, 0..4),
    ) {
        let mut event = master(&after);
        let later = |moment: &Moment, minutes| match moment {
            Moment::At { instant, zone } => Moment::At { instant: *instant + SignedDuration::from_mins(minutes), zone: zone.clone() },
            Moment::Day(day) => Moment::Day(*day),
        };
        (event.start, event.end) = (later(&event.start, shift), later(&event.end, shift));
        let Times::Series(plain) = schedule(&event, &[]).times else { panic!() };
        let exceptions: Vec<Exception> = plain.dates.iter().enumerate().filter_map(|(at, date)| {
            let original = Moment::At { instant: date.original, zone: None };
            let became = if cancelled.contains(&at) {
                Became::Cancelled
            } else {
                let (start, title) = (later(&original, *moved.get(&at)?), "Review".to_owned());
                Became::Changed { end: later(&start, 30), start, title, target: None }
            };
            Some(Exception { original, became })
        }).collect();
        let wanted = schedule(&event, &exceptions);
        let Times::Series(series) = &wanted.times else { panic!() };
        prop_assume!(!series.dates.is_empty());
        let (meeting, left, _) = settle(standing(&master(&before)), &wanted);
        prop_assert_eq!(left, Amendment::default());
        // Occurrence by occurrence, not by the comparison that wrote them.
        let mut starts: Vec<Timestamp> = meeting.occurrences.iter().map(|date| date.start).filter(|start| *start > at(NOW)).collect();
        starts.sort();
        let expected: Vec<Timestamp> = series.dates.iter().map(|date| date.start).collect();
        let held = if series.goes_on { starts.len().min(expected.len()) } else { expected.len() };
        prop_assert_eq!(starts.len().min(held), held);
        prop_assert_eq!(&starts[..held], &expected[..held]);
        prop_assert!(held == expected.len() || held >= FEWEST_LEFT);
    }
}
