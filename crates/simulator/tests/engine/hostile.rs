//! Whatever the services send: no panic, no hang, and nothing deleted.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use reconvene_simulator::{Effect, Fault, Match, Rule};
use serde_json::Value;

use crate::stand::Stand;

/// The fields that either service's answers have, and some that none has.
const FIELDS: &[&str] = &[
    "items",
    "id",
    "etag",
    "status",
    "summary",
    "location",
    "description",
    "start",
    "end",
    "date",
    "dateTime",
    "timeZone",
    "recurrence",
    "recurringEventId",
    "organizer",
    "self",
    "hangoutLink",
    "conferenceData",
    "conferenceId",
    "conferenceSolution",
    "key",
    "type",
    "name",
    "entryPoints",
    "entryPointType",
    "uri",
    "parameters",
    "addOnParameters",
    "nextPageToken",
    "nextSyncToken",
    "accessRole",
    "primary",
    "error",
    "errors",
    "details",
    "reason",
    "message",
    "code",
    "field",
    "topic",
    "start_time",
    "duration",
    "timezone",
    "host_id",
    "pmi",
    "settings",
    "use_pmi",
    "join_url",
    "access_token",
    "refresh_token",
    "expires_in",
    "scope",
    "api_url",
    "unknown",
];

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "",
    "cancelled",
    "confirmed",
    "2026-12-01T09:00:00Z",
    "2026-12-01",
    "2026-02-30",
    "-9999-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "Europe/Berlin",
    "Mars/Olympus",
    "addOn",
    "hangoutsMeet",
    "video",
    "https://zoom.us/j/81234567890?pwd=x",
    "https://www.google.com/url?q=https%3A%2F%2Fzoom.us%2Fj%2F1",
    "zoom.us/j/",
    "freeBusyReader",
    "none",
    "deleted",
    "fullSyncRequired",
    "rateLimitExceeded",
    "authError",
    "invalid",
    "syncToken",
    "81234567890",
    "99999999999999999999999",
    "started",
    "http://169.254.169.254/",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((prop::sample::select(FIELDS), inner), 0..10).prop_map(|fields| {
                let named = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(named.collect())
            }),
        ]
    })
}

fn answer() -> impl Strategy<Value = Effect> {
    let statuses = [
        200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 410, 412, 429, 500, 503,
    ];
    let body = prop_oneof![
        8 => json().prop_map(|body| body.to_string()),
        1 => ".{0,200}",
        1 => Just("[".repeat(20_000)),
    ];
    let wait = prop_oneof!["[ -~]{0,30}", Just(String::new()), "-?[0-9]{1,25}"];
    (prop::sample::select(statuses.to_vec()), body, wait).prop_map(|(status, body, wait)| Effect::Answer {
        status,
        headers: [("Retry-After".to_owned(), wait.trim().to_owned())].into(),
        body,
    })
}

async fn survives(answers: Vec<Effect>) {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.simulator.with(|world| {
        for effect in answers {
            world.faults().add(Rule {
                matching: Match::default(),
                skip: 0,
                times: Some(1),
                fault: Fault::before(effect),
            });
        }
    });
    for _ in 0..4 {
        let synced = tokio::time::timeout(
            Duration::from_secs(600),
            stand.sync_after(Duration::from_secs(90)),
        );
        synced.await.expect("no answer makes a sync hang");
        stand.engine.status().unwrap();
    }
    stand.simulator.with(|world| world.faults().clear());
    stand.sync_after(Duration::from_secs(30 * 3600)).await;
    assert!(stand.exists(meeting), "p3: the event lives");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p3_p10_no_answer_makes_the_engine_panic_hang_or_delete(answers in vec(answer(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(survives(answers));
    }
}
