//! Answers with something wrong in them, for the tests of whatever reads what a service sends.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// What may stand where something else belongs, as JSON is written. Some of it is no value that memory could hold: half of a
/// surrogate pair, a number beyond all.
const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "1.0",
    "1e999",
    "18446744073709551616",
    "-9223372036854775808",
    "\"-9223372036854775808\"",
    "[]",
    "[null]",
    "{}",
    "{\"\":null}",
    "\"\"",
    "\" \"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\u{202e}\u{1f469}\u{200d}\u{1f467}\"",
    "\"0000-00-00\"",
    "\"2026-02-30\"",
    "\"9999-12-31\"",
    "\"9999-12-30T21:59:59.999999999Z\"",
    "\"-009999-01-02T02:00:00Z\"",
    "\"-009999-01-02T01:59:59+25:59\"",
    "\"2026-12-01T09:00:00\"",
    "\"2026-12-01T23:59:60Z\"",
    "\"Mars/Olympus\"",
    "\"../etc/localtime\"",
    "\"Pacific/Apia\"",
    "[\"RRULE:FREQ=DAILY;INTERVAL=4294967295\"]",
    "[\"RRULE:FREQ=YEARLY;COUNT=4294967295;UNTIL=99991231T235959Z\",\"EXDATE:\"]",
    "[\"RDATE;TZID=Mars/Olympus:20260230T256199\"]",
    "\"ev1_20261332T256199Z\"",
    "\"https://zoom.us:0/j/81234567890\"",
];

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(ODD).prop_map(str::to_owned),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        2 => any::<f64>().prop_map(|number| Value::from(number).to_string()),
        2 => ".{0,30}".prop_map(|text| Value::from(text).to_string()),
        1 => (1..400usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1..70_000usize).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
    ]
}

/// `good`, with up to four of its fields taken out or exchanged; those at the pointers `kept` (RFC 6901) stay.
pub(crate) fn spoiled(good: &Value, kept: &[&str]) -> impl Strategy<Value = String> + use<> {
    let mut places = Vec::new();
    pointers(good, "", &mut places);
    places.retain(|place| !kept.contains(&place.as_str()));
    let good = good.clone();
    vec((select(places), proptest::option::weighted(0.8, odd())), 1..5)
        .prop_map(move |spoils| spoil(good.clone(), spoils))
}

fn pointers(value: &Value, here: &str, into: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => (0..).map(|at: usize| at.to_string()).zip(items).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let place = format!("{here}/{name}");
        pointers(value, &place, into);
        into.push(place);
    }
}

fn spoil(mut good: Value, spoils: Vec<(String, Option<String>)>) -> String {
    let mut odds = Vec::new();
    for (place, odd) in spoils {
        match (odd, good.pointer_mut(&place)) {
            (Some(odd), Some(value)) => {
                *value = Value::from(format!("odd {}", odds.len()));
                odds.push(odd);
            }
            (None, Some(_)) => take_out(&mut good, &place),
            // It stood in what was spoiled before.
            (_, None) => {}
        }
    }
    let odds = odds.iter().enumerate();
    odds.fold(good.to_string(), |text, (at, odd)| {
        text.replace(&format!("\"odd {at}\""), odd)
    })
}

fn take_out(whole: &mut Value, place: &str) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match whole.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
}
