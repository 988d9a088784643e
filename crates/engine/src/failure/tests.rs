use proptest::prelude::*;

use super::testing::a_retry_after;
use super::*;

struct Steady;
impl Dice for Steady {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

#[test]
fn p13_retry_after_is_understood_in_every_form() {
    for (value, wanted) in [
        ("120", "2026-11-22T12:02:00Z"),
        ("0", "2026-11-22T12:00:01Z"),
        ("1.5", "2026-11-22T12:00:02Z"),
        ("Sun, 22 Nov 2026 12:05:00 GMT", "2026-11-22T12:05:00Z"),
        ("Sunday, 22-Nov-26 12:05:00 GMT", "2026-11-22T12:05:00Z"),
        ("Sun Nov 22 12:05:00 2026", "2026-11-22T12:05:00Z"),
        ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("2026-11-23T00:00:00", "2026-11-23T00:00:00Z"),
        ("2020-01-01T00:00:00Z", "2026-11-22T12:00:01Z"),
        ("99999999999", "2026-11-23T13:00:00Z"),
    ] {
        assert_eq!(
            retry_after(value, now()),
            Some(wanted.parse().unwrap()),
            "{value}"
        );
    }
    for value in ["", "soon", "NaN", "inf", "Tue Nov 31 12:05:00 2026"] {
        assert_eq!(retry_after(value, now()), None, "{value}");
    }
}

#[test]
fn p13_backoff_doubles_and_is_bounded() {
    let pause = |attempts| backoff(attempts, now(), &Steady).duration_since(now()).as_secs();
    assert_eq!([pause(1), pause(2), pause(3), pause(60)], [2, 4, 8, 900]);
}

#[test]
fn p13_the_next_day_begins_at_midnight_utc() {
    assert_eq!(
        next_utc_day(now(), &Steady),
        "2026-11-23T00:00:05Z".parse().unwrap()
    );
}

/// The forms in which services name an instant.
const FORMS: [&str; 6] = [
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %e %H:%M:%S %Y",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S+00:00",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p13_no_retry_after_makes_the_engine_panic_or_wait_for_ever(
        value in a_retry_after(),
        now in prop_oneof![8 => Just(now()), 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)],
    ) {
        if let Some(until) = retry_after(&value, now) {
            prop_assert!(until >= later(now, SignedDuration::from_secs(1)) && until <= later(now, LONGEST_OBEDIENCE));
        }
    }

    /// From a day ago to two days ahead, in whole seconds, while the clock stands anywhere within one.
    #[test]
    fn p13_the_wait_is_as_long_as_asked_for_in_whatever_form(
        ahead in -86_400..172_800_i64,
        within in 0..1_000_000_000_i64,
        form in prop::sample::select(&FORMS[..]),
    ) {
        let asked = later(now(), SignedDuration::from_secs(ahead));
        let now = later(now(), SignedDuration::from_nanos(within));
        let bounded = |until: Timestamp| {
            until.clamp(later(now, SignedDuration::from_secs(1)), later(now, LONGEST_OBEDIENCE))
        };
        let value = asked.strftime(form).to_string();
        prop_assert_eq!(retry_after(&value, now), Some(bounded(asked)), "{}", value);
        let seconds = later(now, SignedDuration::from_secs(ahead));
        for value in [format!("{ahead}"), format!(" {ahead}.0 ")] {
            prop_assert_eq!(retry_after(&value, now), Some(bounded(seconds)), "{}", value);
        }
        let until = retry_after(&format!("{ahead}.5"), now).unwrap();
        prop_assert!(until >= bounded(later(seconds, SignedDuration::from_millis(500 * ahead.signum()))));
    }
}
