//! Lines as nobody should send them: each is read as what it says, or refused.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;

/// A request of each kind, with everything that it takes.
fn requests() -> Vec<Value> {
    let settings = json!({
        "carry_title": true, "carry_time": true, "poll_seconds": 60, "delete_grace_seconds": 120, "mass_delete_limit": 5,
        "preview": false, "ask_on_drift": false, "notify": true, "request_word": "#zoom", "fixed": [],
    });
    vec![
        json!({"command": "status"}),
        json!({"command": "activity", "limit": 20, "before": "e4"}),
        json!({"command": "sign_in", "service": "google", "write": true}),
        json!({"command": "await_sign_in", "ticket": "t"}),
        json!({"command": "remove_account", "account": "a1"}),
        json!({"command": "watch", "calendar": "c1", "watched": true}),
        json!({"command": "sync", "calendar": "c1", "meetings": true}),
        json!({"command": "retry", "meeting": "m1"}),
        json!({"command": "undo", "what": "e12"}),
        json!({"command": "approve", "meetings": ["m1", "m2"]}),
        json!({"command": "without_meeting", "days": 14}),
        json!({"command": "add_meeting", "calendar": "c1", "event": "ev1", "service": "zoom"}),
        json!({"command": "change_settings", "settings": settings}),
        json!({"command": "pause", "paused": true}),
        json!({"command": "open_link", "url": "https://zoom.us/j/1"}),
    ]
}

/// A line of each kind that the agent sends.
fn messages() -> Vec<Value> {
    let problem = json!({"code": "bad_usage", "message": "m", "hint": "h", "retryable": false});
    vec![
        json!({"id": 1, "result": {"reply": "done"}}),
        json!({"id": 1, "result": {"reply": "link", "value": "https://zoom.us/j/1"}}),
        json!({"id": 1, "result": {"reply": "sign_in", "value": {"ticket": "t", "url": "https://zoom.us"}}}),
        json!({"id": null, "error": problem}),
        json!({"event": "raise"}),
        json!({"event": "closing", "value": null}),
    ]
}

/// JSON in the place of other JSON.
fn odd() -> impl Strategy<Value = String> {
    let written = select(vec![
        "null",
        "true",
        "-1",
        "1.5",
        "1e999",
        "18446744073709551616",
        "4294967296",
        "\"\"",
        "\"m0\"",
        "\"m-1\"",
        "\"a1\"",
        "\"m9223372036854775808\"",
        "\"m\u{661}\"",
        "\"\\ud800\"",
        "\"\\n\"",
        "[]",
        "[\"m1\",7]",
        "{}",
        "{\"status\":null}",
    ]);
    prop_oneof![
        4 => written.prop_map(str::to_owned),
        1 => ".{0,20}".prop_map(|text| Value::from(text).to_string()),
        1 => (1..3000usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1..3000usize).prop_map(|depth| "{\"command\":".repeat(depth) + "0" + &"}".repeat(depth)),
    ]
}

/// `good` in other words: some of its fields exchanged, left out or said twice, and cut somewhere, or not.
fn spoiled(good: Vec<Value>) -> impl Strategy<Value = String> {
    let spoils = vec((any::<prop::sample::Index>(), 0..4, odd()), 0..4);
    let cut = proptest::option::weighted(0.1, any::<prop::sample::Index>());
    (select(good), any::<u64>(), spoils, cut).prop_map(|(mut good, id, spoils, cut)| {
        let object = good.as_object_mut().unwrap();
        object.entry("id").or_insert_with(|| id.into());
        let mut fields: Vec<(String, String)> = object
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect();
        for (at, how, odd) in spoils {
            let at = at.index(fields.len());
            match how {
                0 if fields.len() > 1 => drop(fields.remove(at)),
                1 => fields.push((fields[at].0.clone(), odd)),
                2 => fields.push(("more".to_owned(), odd)),
                _ => fields[at].1 = odd,
            }
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        let line = format!("{{{}}}", fields.join(","));
        let end = cut.map_or(line.len(), |cut| cut.index(line.len()));
        String::from_utf8_lossy(&line.as_bytes()[..end]).into_owned()
    })
}

/// Reads a line; what it says is said in one line again, which is read as the same.
fn reads_back<T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(
    line: &str,
) -> Option<T> {
    let read: T = serde_json::from_str(line).ok()?;
    let again = serde_json::to_string(&read).unwrap();
    assert!(!again.contains('\n'), "{again}");
    assert_eq!(serde_json::from_str::<T>(&again).unwrap(), read);
    Some(read)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_is_read_as_anything_but_what_it_says(line in spoiled(requests())) {
        if let Some(Request { command, .. }) = reads_back(&line) {
            let said = serde_json::to_value(&command).unwrap()["command"].to_string();
            prop_assert!(line.contains(&format!("\"command\":{said}")), "{line}: {said}");
        }
    }

    #[test]
    fn no_line_of_the_agent_is_read_as_anything_but_what_it_says(line in spoiled(messages())) {
        match reads_back::<Message>(&line) {
            Some(Message::Answer { .. }) => prop_assert!(line.contains("\"result\":")),
            Some(Message::Failure { .. }) => prop_assert!(line.contains("\"error\":")),
            Some(Message::Event(_)) => prop_assert!(line.contains("\"event\":")),
            None => {}
        }
    }
}

#[test]
fn each_kind_of_line_is_read_as_long_as_nothing_is_wrong_with_it() {
    for mut request in requests() {
        request["id"] = 1.into();
        assert!(reads_back::<Request>(&request.to_string()).is_some(), "{request}");
    }
    for message in messages() {
        assert!(reads_back::<Message>(&message.to_string()).is_some(), "{message}");
    }
}
