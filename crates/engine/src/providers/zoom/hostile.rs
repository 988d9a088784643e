//! Answers of Zoom's with anything wrong in them: none makes Reconvene panic, and none is taken for what it does not say.

use jiff::Timestamp;
use proptest::prelude::*;
use reconvene_core::amend::amend;
use reconvene_core::event::{Schedule, Times};
use reconvene_core::meeting::{Carry, Nature};
use serde_json::{Value, json};

use super::wire::{Described, Listing, Unclear, Update};
use super::*;
use crate::failure::testing::a_foreign_page;
use crate::spoiled::spoiled;

fn meeting() -> Value {
    json!({
        "id": 81_234_567_890_u64, "type": 2, "host_id": "h", "topic": "Review", "timezone": "Europe/Berlin",
        "start_time": "2026-12-01T09:00:00Z", "duration": 30, "status": "waiting", "pmi": "1234567890",
        "settings": {"use_pmi": false}, "join_url": "https://zoom.us/j/81234567890",
    })
}

fn rule(kind: u8) -> Value {
    match kind {
        2 => json!({"type": 2, "repeat_interval": 2, "weekly_days": "3,5", "end_times": 2}),
        _ => {
            json!({"type": 3, "repeat_interval": 1, "monthly_week": -1, "monthly_week_day": 3, "monthly_day": 1})
        }
    }
}

/// A series of two dates.
fn series() -> Value {
    let date = |id: i64, start: &str| json!({"occurrence_id": id.to_string(), "start_time": start, "duration": 30, "status": "available"});
    let mut series = meeting();
    series["type"] = 8.into();
    series["recurrence"] = rule(2);
    series["occurrences"] = json!([
        date(1_796_115_600_000, "2026-12-01T09:00:00Z"),
        date(1_796_720_400_000, "2026-12-08T09:00:00Z"),
    ]);
    series
}

/// A series whose rule alone is spoiled.
fn ruled(rule: &str) -> String {
    series().to_string().replace(&self::rule(2).to_string(), rule)
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

struct Half;
impl Dice for Half {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x7f);
    }
}

fn kind(status: u16, body: &(impl AsRef<[u8]> + ?Sized)) -> (FailureKind, Code) {
    let answer = Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_ref()))
        .unwrap();
    let failure = failure(&answer, now(), &Half);
    let words = failure.answer.and_then(|answer| answer.words);
    assert!(words.unwrap_or_default().len() <= 2000);
    (failure.kind, failure.problem.code)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_understood_of_a_meeting_can_be_worked_with(row in prop_oneof![
        spoiled(&meeting(), &[]),
        spoiled(&series(), &[]),
        spoiled(&rule(2), &[]).prop_map(|rule| ruled(&rule)),
        spoiled(&rule(3), &[]).prop_map(|rule| ruled(&rule)),
    ]) {
        let described = serde_json::from_str::<Described>(&row).ok();
        if let Some(meeting) = described.and_then(Described::meeting) {
            prop_assert!(meeting.nature != Nature::Scheduled || meeting.start.is_some());
            let times = Times::Once { start: now(), minutes: 30 };
            let event = Schedule { topic: "Retro".into(), zone: Some("Asia/Jakarta".into()), times };
            for wanted in [Some(event), meeting.schedule(now())].into_iter().flatten() {
                for write in amend(&meeting, &wanted, Carry { title: true, time: true }, now()).writes {
                    if let Write::Whole(whole) = write {
                        prop_assert!(serde_json::to_value(Update::of(&whole, &meeting)).is_ok());
                    }
                }
            }
        }
    }

    #[test]
    fn p4_a_series_is_understood_with_all_its_dates_or_not_at_all(row in spoiled(&series(), &[
        "/type", "/occurrences", "/occurrences/0", "/occurrences/1", "/occurrences/0/status", "/occurrences/1/status",
    ])) {
        let described = serde_json::from_str::<Described>(&row).ok();
        let meeting = described.and_then(Described::meeting);
        if let Some(meeting) = meeting.filter(|meeting| meeting.nature == Nature::Recurring) {
            prop_assert_eq!(meeting.occurrences.len(), 2);
        }
    }

    #[test]
    fn p5_p10_a_meeting_that_was_made_is_found_beside_any_other_and_is_never_overlooked(
        odd in spoiled(&json!({"id": 1, "host_id": "h", "agenda": "a", "topic": "Review", "start_time": "2026-12-01"}), &[]),
        made in spoiled(&json!({"id": 81_234_567_890_u64, "host_id": "h", "agenda": agenda("x1"), "topic": "Retro"}), &["/agenda"]),
    ) {
        let on = |rows: &str| {
            let listing: Listing = serde_json::from_str(&format!(r#"{{"meetings":[{rows}],"next_page_token":null}}"#)).unwrap();
            listing.number_of(&agenda("x1"))
        };
        let good = json!({"id": 81_234_567_890_u64, "agenda": agenda("x1")});
        prop_assert_eq!(on(&format!("{odd},{good}")), Ok(Some("81234567890".to_owned())));
        prop_assert!(matches!(on(&odd), Ok(None) | Err(Unclear)));
        prop_assert!(matches!(on(&made), Ok(Some(_)) | Err(Unclear)));
    }

    #[test]
    fn p3_a_page_that_is_not_zooms_says_what_its_status_says_and_never_that_something_is_gone(
        status in 300..600_u16,
        page in a_foreign_page(),
    ) {
        let meant = kind(status, &page);
        prop_assert_eq!(meant, kind(status, ""));
        prop_assert!(meant.0 != FailureKind::Gone && meant.0 != FailureKind::Final);
    }

    #[test]
    fn an_error_is_known_by_status_and_code_whatever_stands_beside(
        (status, code, text) in prop_oneof![
            (Just(404), Just(3001)), (Just(400), prop::sample::select(vec![300, 3000, 3002, 3018, 3161, 4711])),
            (Just(401), Just(124)), (Just(403), Just(200)), (Just(404), Just(1001)), (Just(500), Just(500)),
        ].prop_flat_map(|(status, code)| {
            let error = json!({"code": code, "message": "m", "errors": [{"field": "f", "message": "m"}], "more": {}});
            (Just(status), Just(code), spoiled(&error, &["/code"]))
        }),
    ) {
        prop_assert_eq!(kind(status, &text), kind(status, &format!(r#"{{"code":"{code}"}}"#)));
    }
}
