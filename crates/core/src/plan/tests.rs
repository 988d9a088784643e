mod spent;

use super::*;
use crate::conference::{Conference, Source};
use crate::event::{Moment, Place, Times};
use crate::recurrence::Recurrence;
use crate::report::Service;
use proptest::prelude::*;

const NOW: &str = "2026-11-22T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn target() -> Target {
    Target::Meeting {
        service: Service::Zoom,
        number: "81234567890".into(),
    }
}

fn event(id: &str, origin: Option<&str>) -> Event {
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("Europe/Berlin".into()),
    };
    Event {
        google_id: id.into(),
        etag: "\"1\"".into(),
        title: "Review".into(),
        start: moment("2026-12-01T09:00:00Z"),
        end: moment("2026-12-01T09:30:00Z"),
        kind: Kind::Single,
        organized_here: true,
        conference: Some(Conference {
            source: Source::Block,
            target: target(),
            origin: origin.map(str::to_owned),
        }),
    }
}

fn meeting() -> Meeting {
    Meeting {
        nature: Nature::Scheduled,
        topic: "Review".into(),
        start: Some(at("2026-12-01T09:00:00Z")),
        minutes: Some(30),
        zone: Some("Europe/Berlin".into()),
        host: "host1".into(),
        running: false,
        occurrences: vec![],
        repeats: None,
    }
}

fn settings() -> Settings {
    Settings {
        carry: Carry {
            title: true,
            time: true,
        },
        delete_grace: SignedDuration::from_mins(2),
    }
}

struct Case {
    links: Vec<(Event, Option<Timestamp>, Option<Proof>)>,
    seen: Option<Meeting>,
    hosts: Vec<String>,
    rooms: Vec<String>,
    ignored: bool,
    unbonded: bool,
    outlived: bool,
    odd: bool,
    emptied: Option<Timestamp>,
    target: Target,
}

impl Case {
    fn bonded(event: Event) -> Self {
        Self {
            links: vec![(event, None, Some(Proof::Origin))],
            seen: Some(meeting()),
            hosts: vec!["host1".into()],
            rooms: vec![],
            ignored: false,
            unbonded: false,
            outlived: false,
            odd: false,
            emptied: None,
            target: target(),
        }
    }

    fn gone(event: Event) -> Self {
        let mut case = Self::bonded(event);
        case.links[0].1 = Some(at(NOW));
        case
    }

    fn decide(&self) -> Decision {
        self.ask(|subject| decide(subject, &settings(), at(NOW)))
    }

    fn bondable(&self) -> Result<Vec<usize>, Reason> {
        self.ask(|subject| bondable(subject, &settings(), at(NOW)))
    }

    fn ask<T>(&self, ask: impl FnOnce(&Subject<'_>) -> T) -> T {
        let links: Vec<Linked<'_>> = self
            .links
            .iter()
            .map(|(event, gone, proof)| Linked {
                emptied: self.emptied,
                elsewhere: false,
                event,
                gone: *gone,
                proof: *proof,
                exceptions: &[],
                odd: self.odd,
            })
            .collect();
        let subject = Subject {
            target: &self.target,
            links: &links,
            seen: self.seen.as_ref(),
            hosts: &self.hosts,
            rooms: &self.rooms,
            ignored: self.ignored,
            unbonded: self.unbonded,
            outlived: self.outlived,
        };
        ask(&subject)
    }
}

#[test]
fn p2_p3_an_event_that_was_cancelled_before_its_time_keeps_no_meeting_and_one_that_took_place_does() {
    let ahead = event("ev1", Some("ev1"));
    let mut past = event("ev2", Some("ev2"));
    let moment = |text: &str| Moment::At {
        instant: at(text),
        zone: Some("Europe/Berlin".into()),
    };
    (past.start, past.end) = (moment("2026-11-20T09:00:00Z"), moment("2026-11-20T09:30:00Z"));
    let mut case = Case::gone(ahead);
    case.links
        .push((past, Some(at("2026-11-20T08:00:00Z")), Some(Proof::Origin)));
    assert!(matches!(case.decide(), Decision::Delete { .. }));
    case.links[1].1 = Some(at("2026-11-20T10:00:00Z"));
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p3_p11_a_meeting_whose_event_is_not_understood_is_left_alone() {
    let mut case = Case::bonded(Event {
        title: "Retro".into(),
        ..event("ev1", Some("ev1"))
    });
    case.odd = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::NotUnderstood));
    case.ignored = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::Ignored));
    case.links[0].2 = None;
    assert_eq!(
        case.decide(),
        Decision::Leave(Reason::MadeForAnother),
        "it was never acted for"
    );
}

#[test]
fn p6_a_meeting_known_to_be_equal_gets_nothing() {
    assert_eq!(Case::bonded(event("ev1", Some("ev1"))).decide(), Decision::InStep);
}

#[test]
fn p2_a_moved_or_renamed_event_takes_its_meeting_along() {
    let mut case = Case::bonded(Event {
        title: "Retro".into(),
        ..event("ev1", Some("ev1"))
    });
    assert!(matches!(case.decide(), Decision::Update(schedule) if schedule.topic == "Retro"));
    case.seen = None;
    assert!(
        matches!(case.decide(), Decision::Update(_)),
        "an unread meeting may differ"
    );
}

#[test]
fn p3_a_cancelled_event_deletes_its_meeting_after_the_grace_period() {
    let case = Case::gone(event("ev1", Some("ev1")));
    assert_eq!(
        case.decide(),
        Decision::Delete {
            not_before: at("2026-11-22T12:02:00Z")
        }
    );
}

#[test]
fn p3_a_living_event_with_the_same_meeting_prevents_the_deletion() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    case.links.push((event("copy", Some("ev1")), None, None));
    assert_eq!(case.decide(), Decision::Leave(Reason::MadeForAnother));
}

#[test]
fn p3_the_same_event_living_on_another_calendar_takes_over() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    let moved = Event {
        title: "Retro".into(),
        ..event("ev1", Some("ev1"))
    };
    case.links.push((moved, None, Some(Proof::Origin)));
    assert!(matches!(case.decide(), Decision::Update(schedule) if schedule.topic == "Retro"));
}

#[test]
fn p3_a_meeting_that_a_living_event_left_is_not_deleted_with_another() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    assert!(matches!(case.decide(), Decision::Delete { .. }));
    case.outlived = true;
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p3_an_unbonded_link_never_deletes() {
    let mut case = Case::gone(event("ev1", None));
    case.links[0].2 = None;
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p3_a_standing_room_or_anothers_meeting_is_never_touched() {
    for (nature, host) in [(Nature::Standing, "host1"), (Nature::Scheduled, "other")] {
        let seen = Meeting {
            nature,
            host: host.into(),
            ..meeting()
        };
        let mut case = Case::gone(event("ev1", Some("ev1")));
        case.seen = Some(seen.clone());
        assert!(matches!(case.decide(), Decision::Leave(_)), "{nature:?} {host}");
        let mut case = Case::bonded(Event {
            title: "Retro".into(),
            ..event("ev1", Some("ev1"))
        });
        case.seen = Some(seen);
        assert!(matches!(case.decide(), Decision::Leave(_)), "{nature:?} {host}");
    }
}

#[test]
fn p3_only_the_organizers_cancellation_counts() {
    let guest = Event {
        organized_here: false,
        ..event("ev1", Some("ev1"))
    };
    assert_eq!(Case::gone(guest.clone()).decide(), Decision::Forget);
    assert_eq!(
        Case::bonded(guest).decide(),
        Decision::Leave(Reason::NotOrganizer)
    );
}

fn weekly(id: &str, origin: Option<&str>) -> Event {
    let recurrence = Recurrence::new(vec!["RRULE:FREQ=WEEKLY;COUNT=8".into()]);
    Event {
        kind: Kind::Series { recurrence },
        ..event(id, origin)
    }
}

fn date(series: &str) -> Event {
    let original = event("ev1", None).start;
    Event {
        kind: Kind::Exception(Place {
            series: series.into(),
            original,
        }),
        ..event(&format!("{series}_20261201T090000Z"), Some(series))
    }
}

#[test]
fn p2_a_series_takes_its_meeting_along() {
    let case = Case::bonded(weekly("ev1", Some("ev1")));
    let Decision::Update(schedule) = case.decide() else {
        panic!()
    };
    assert!(matches!(schedule.times, Times::Series(series) if series.dates.len() == 8));
}

#[test]
fn p3_a_series_that_is_deleted_takes_its_meeting_along_and_its_changed_dates_do_not_keep_it() {
    let mut case = Case::gone(weekly("ev1", Some("ev1")));
    case.links.push((date("ev1"), Some(at(NOW)), None));
    assert!(matches!(case.decide(), Decision::Delete { .. }));
    case.links[1].1 = None;
    assert!(!matches!(case.decide(), Decision::Delete { .. }), "a living date");
}

#[test]
fn p3_a_meeting_that_was_made_a_series_at_the_provider_outlives_its_single_event() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    case.seen.as_mut().unwrap().nature = Nature::Recurring;
    assert_eq!(case.decide(), Decision::Forget);
}

#[test]
fn p4_a_changed_date_is_its_series_business() {
    let mut case = Case::bonded(date("ev1"));
    case.links[0].2 = None;
    case.seen.as_mut().unwrap().nature = Nature::Recurring;
    assert_eq!(case.decide(), Decision::Leave(Reason::PartOfSeries));
    case.links
        .push((weekly("ev1", Some("ev1")), None, Some(Proof::Origin)));
    assert!(
        matches!(case.decide(), Decision::Update(schedule) if matches!(schedule.times, Times::Series(_)))
    );
}

#[test]
fn p3_one_half_of_a_split_series_keeps_the_meeting_when_the_other_goes() {
    let mut case = Case::bonded(weekly("ev1", Some("ev1")));
    let rest = weekly("ev1_R20261215T090000", Some("ev1"));
    assert_eq!(proof_by_origin(&rest), Some(Proof::Origin));
    case.links.push((rest, None, Some(Proof::Origin)));
    case.links[0].1 = Some(at(NOW));
    assert!(matches!(case.decide(), Decision::Update(_)));
    case.links[1].1 = Some(at(NOW));
    assert!(matches!(case.decide(), Decision::Delete { .. }));
}

#[test]
fn p3_two_bonded_events_that_disagree_are_left_alone() {
    let mut case = Case::bonded(event("ev1", None));
    case.links.push((
        Event {
            title: "Other".into(),
            ..event("ev2", None)
        },
        None,
        Some(Proof::Agreement),
    ));
    assert_eq!(case.decide(), Decision::Leave(Reason::Ambiguous));
}

#[test]
fn a_link_in_text_is_looked_at_once_and_bonded_only_by_agreement() {
    let mut case = Case::bonded(event("ev1", None));
    case.links[0].2 = None;
    case.seen = None;
    assert_eq!(case.decide(), Decision::Look);
    case.seen = Some(Meeting {
        topic: "Team room".into(),
        ..meeting()
    });
    assert_eq!(case.decide(), Decision::Leave(Reason::NotBonded));
    assert_eq!(
        proof_by_agreement(&event("ev1", None), &[], &meeting(), at(NOW)),
        Some(Proof::Agreement)
    );
    assert_eq!(
        proof_by_agreement(&event("copy", Some("ev1")), &[], &meeting(), at(NOW)),
        None,
        "a copy agrees with its original's meeting"
    );
}

#[test]
fn without_an_account_nothing_is_done_and_nothing_forgotten() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    case.hosts.clear();
    assert_eq!(case.decide(), Decision::Leave(Reason::NoAccount));
}

#[test]
fn what_is_over_is_left_alone() {
    let past = Event {
        start: Moment::At {
            instant: at("2026-11-20T09:00:00Z"),
            zone: None,
        },
        end: Moment::At {
            instant: at("2026-11-20T09:30:00Z"),
            zone: None,
        },
        ..event("ev1", Some("ev1"))
    };
    assert_eq!(Case::bonded(past.clone()).decide(), Decision::Leave(Reason::Over));
    assert_eq!(Case::gone(past).decide(), Decision::Forget);
}

#[test]
fn the_persons_no_is_heeded() {
    let mut case = Case::bonded(Event {
        title: "Retro".into(),
        ..event("ev1", Some("ev1"))
    });
    case.ignored = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::Ignored));
}

#[test]
fn the_person_can_bond_what_nothing_else_proves_and_unbond_anything() {
    let mut case = Case::bonded(event("ev1", None));
    case.links[0].2 = None;
    case.seen = Some(Meeting {
        topic: "Something else".into(),
        ..meeting()
    });
    assert_eq!(case.decide(), Decision::Leave(Reason::NotBonded));
    assert_eq!(case.bondable(), Ok(vec![0]));
    case.links[0].2 = Some(Proof::Said);
    assert!(matches!(case.decide(), Decision::Update(_)));
    case.unbonded = true;
    assert_eq!(case.decide(), Decision::Leave(Reason::Unbonded));
    assert_eq!(case.bondable(), Ok(vec![]), "its bond is as good as before");
    case.links[0].1 = Some(at(NOW));
    assert_eq!(
        case.decide(),
        Decision::Forget,
        "P3: it is not deleted with its event either"
    );
}

#[test]
fn a_bond_goes_along_with_a_moved_event_and_to_both_halves_of_a_series_and_to_no_copy() {
    let half = |id: &str| Event {
        kind: weekly("ev1", None).kind,
        ..event(id, None)
    };
    assert!(inherits(&event("ev1", None), &event("ev1", None)));
    assert!(inherits(&half("ev1_R20261208T090000"), &half("ev1")));
    assert!(inherits(
        &half("ev1_R20261215T090000"),
        &half("ev1_R20261208T090000")
    ));
    assert!(!inherits(&event("ev2", None), &event("ev1", None)));
    assert!(!inherits(&half("ev2"), &half("ev1")));
    assert!(!inherits(&half("ev1_Rough"), &half("ev1")));
    assert!(!inherits(&event("ev1_R20261208T090000", None), &half("ev1")));
    for whose in [[true, false], [false, true]] {
        let [mine, others] = whose.map(|organized_here| Event {
            organized_here,
            ..event("ev1", None)
        });
        assert!(!inherits(&mine, &others), "P3: somebody else's copy");
    }
}

#[test]
fn p3_neither_rooms_nor_what_others_host_or_organize_can_be_bonded() {
    let refused = |change: fn(&mut Case), reason| {
        let mut case = Case::bonded(event("ev1", None));
        case.links[0].2 = None;
        case.seen = Some(Meeting {
            topic: "Something else".into(),
            ..meeting()
        });
        change(&mut case);
        assert_eq!(case.bondable(), Err(reason));
    };
    refused(|case| case.hosts.clear(), Reason::NoAccount);
    refused(
        |case| case.seen.as_mut().unwrap().nature = Nature::Standing,
        Reason::StandingRoom,
    );
    refused(
        |case| case.seen.as_mut().unwrap().host = "other".into(),
        Reason::NotHost,
    );
    refused(
        |case| case.links[0].0.organized_here = false,
        Reason::NotOrganizer,
    );
    refused(
        |case| case.links.push((event("ev2", None), None, None)),
        Reason::Ambiguous,
    );
    refused(
        |case| {
            if let Target::Meeting { number, .. } = &case.target {
                case.rooms.push(number.clone());
            }
        },
        Reason::StandingRoom,
    );
}

proptest! {
    /// P3 over every combination: a deletion is decided only when all of its conditions hold.
    #[test]
    fn p3_a_deletion_needs_every_condition(
        links in proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..3u8), 0..4),
        nature in 0..4u8, own_host: bool, signed_in: bool, ignored: bool, unbonded: bool, outlived: bool,
    ) {
        let links: Vec<_> = links.into_iter().enumerate().map(|(index, (alive, bonded, organizer, past, kind))| {
            let mut event = event(&format!("ev{index}"), None);
            event.organized_here = organizer;
            if past { event.start = Moment::At { instant: at("2026-11-20T09:00:00Z"), zone: None };
                      event.end = event.start.clone(); }
            event.kind = match kind { 0 => Kind::Single, 1 => weekly("s", None).kind, _ => date("s").kind };
            (event, (!alive).then(|| at(NOW)), bonded.then_some(Proof::Agreement))
        }).collect();
        let seen = match nature {
            0 => None, 1 => Some(Nature::Standing), 2 => Some(Nature::Recurring), _ => Some(Nature::Scheduled),
        }.map(|nature| Meeting { nature, host: if own_host { "host1" } else { "x" }.into(), ..meeting() });
        let case = Case {
            links, seen, ignored, unbonded, outlived, target: target(),
            odd: false,
            emptied: None,
            hosts: if signed_in { vec!["host1".into()] } else { vec![] },
            rooms: vec![],
        };
        if matches!(case.decide(), Decision::Delete { .. }) {
            prop_assert!(case.links.iter().all(|(_, gone, _)| gone.is_some()), "a living event links to it");
            prop_assert!(case.links.iter().any(|(event, _, proof)|
                proof.is_some() && event.organized_here), "no bond");
            prop_assert!(case.seen.as_ref().is_none_or(|seen|
                seen.nature != Nature::Standing && seen.host == "host1"), "not ours");
            prop_assert!(signed_in && !ignored && !unbonded && !outlived);
        }
    }
}

#[test]
fn p3_the_grace_period_counts_from_the_last_event_that_went() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    case.links
        .push((event("copy", Some("ev1")), Some(at("2026-11-22T15:00:00Z")), None));
    assert_eq!(
        case.decide(),
        Decision::Delete {
            not_before: at("2026-11-22T15:02:00Z")
        }
    );
}

#[test]
fn p5_a_deletion_waits_for_the_right_account_and_is_not_forgotten() {
    let mut case = Case::gone(event("ev1", Some("ev1")));
    case.hosts = vec!["somebody else".into()];
    assert_eq!(case.decide(), Decision::Leave(Reason::NotHost));
    case.hosts = vec!["host1".into()];
    assert!(matches!(case.decide(), Decision::Delete { .. }));
}

#[test]
fn p3_a_personal_room_is_known_by_its_number_whatever_it_looks_like() {
    let mut case = Case::bonded(Event {
        title: "Retro".into(),
        ..event("ev1", None)
    });
    case.rooms = vec!["81234567890".into()];
    assert_eq!(case.decide(), Decision::Leave(Reason::StandingRoom));
    case.links[0].1 = Some(at(NOW));
    assert!(!matches!(case.decide(), Decision::Delete { .. }));
}

#[test]
fn p11_the_titles_of_earlier_parts_that_a_meeting_cannot_hold_are_named_once() {
    let part = |id: &str, start: &str, title: &str| {
        let moment = |text: &str| Moment::At {
            instant: at(text),
            zone: Some("UTC".into()),
        };
        Event {
            start: moment(&format!("{start}T09:00:00Z")),
            end: moment(&format!("{start}T09:30:00Z")),
            title: title.into(),
            kind: Kind::Series {
                recurrence: Recurrence::new(vec!["RRULE:FREQ=WEEKLY;COUNT=1".into()]),
            },
            ..event(id, Some("ev1"))
        }
    };
    let mut case = Case::bonded(part("ev1", "2026-12-01", "One"));
    case.links.push((
        part("ev1_R20261208T090000", "2026-12-08", "Two"),
        None,
        Some(Proof::Origin),
    ));
    case.links.push((
        part("ev1_R20261215T090000", "2026-12-15", "One"),
        None,
        Some(Proof::Origin),
    ));
    let Decision::Update(schedule) = case.decide() else {
        panic!("{:?}", case.decide());
    };
    let Times::Series(series) = schedule.times else {
        panic!("not a series")
    };
    assert_eq!(schedule.topic, "One");
    assert_eq!(series.titles, [(at("2026-12-08T09:00:00Z"), "Two".to_owned())]);
}
