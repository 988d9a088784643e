//! Whatever comes from where tokens are handed out: nobody is signed out by it but by the service's own word.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::super::testing::{TOML, World, config};
use super::*;
use crate::failure::LONGEST_OBEDIENCE;
use crate::failure::testing::{a_foreign_page, a_retry_after};
use crate::spoiled::spoiled;

/// What comes of asking for a new access token.
fn refreshed(world: &Arc<World>) -> Result<Issued, Failure> {
    let client = OAuthClient::for_service(&config(TOML), Service::Zoom).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(client.refresh(&world.ports(), &"r1".into()))
}

/// How a refusal is understood.
fn meant(status: u16, refusal: &str) -> Option<Code> {
    let world = World::new();
    world.answers(status, refusal);
    match refreshed(&world).err().unwrap() {
        Failure::GrantGone => None,
        Failure::Other(problem, _) => Some(problem.code),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_that_is_not_the_services_is_a_failure_that_passes(
        status in prop::sample::select(vec![200, 204, 302, 400, 401, 403, 404, 408, 410, 429, 500, 503]),
        page in a_foreign_page(),
        wait in a_retry_after(),
        kind in prop::sample::select(vec!["application/json", "text/html", "application/json; charset=\u{fc}"]),
    ) {
        let world = World::new();
        let now = world.ports().clock.now();
        let wait = if http::HeaderValue::from_str(&wait).is_ok() { wait } else { String::new() };
        world.answers_with(status, &[("content-type", kind), ("retry-after", &wait)], page);
        let Some(Failure::Other(problem, until)) = refreshed(&world).err() else {
            return Err(TestCaseError::fail("the sign-in counts as lost, or as renewed"));
        };
        prop_assert!(problem.retryable, "{problem:?}");
        prop_assert!(until.is_none_or(|until| until > now && until.duration_since(now) <= LONGEST_OBEDIENCE));
    }

    #[test]
    fn a_refusal_is_known_by_its_word_or_number_whatever_stands_beside(
        status in prop::sample::select(vec![400, 401, 403, 404]),
        (plain, refusal) in prop_oneof![
            prop::sample::select(vec!["invalid_grant", "invalid_client", "invalid_scope", "server_error"])
                .prop_map(|word| ("/error", json!({"error": word}))),
            prop::sample::select(vec![4735, 4738, 4711, 4702]).prop_map(|number| ("/code", json!({"code": number}))),
        ].prop_flat_map(|(kept, plain)| {
            let mut refusal = plain.clone();
            for more in ["error_description", "error_uri", "reason", "status"] {
                refusal[more] = more.into();
            }
            (Just(plain.to_string()), spoiled(&refusal, &[kept]))
        }),
    ) {
        prop_assert_eq!(meant(status, &refusal), meant(status, &plain));
    }

    #[test]
    fn tokens_are_taken_whatever_is_told_beside_them(answer in spoiled(&json!({
        "access_token": "a1", "refresh_token": "r2", "token_type": "bearer", "expires_in": 3599, "scope": "meeting:read",
        "api_url": "https://api-eu.zoom.us",
    }), &["/access_token", "/refresh_token", "/token_type", "/expires_in", "/scope"]).prop_filter(
        // A value that cannot be held makes the whole answer unreadable.
        "no JSON", |answer| serde_json::from_str::<Value>(answer).is_ok(),
    )) {
        let world = World::new();
        let now = world.ports().clock.now();
        world.answers(200, &answer);
        let issued = refreshed(&world).ok().unwrap();
        let refresh = issued.refresh.as_ref().map(ExposeSecret::expose_secret);
        prop_assert_eq!(refresh, Some("r2"));
        prop_assert_eq!(issued.access.expires.duration_since(now).as_secs(), 3599);
        prop_assert!(issued.access.api_url.is_none_or(|url| url.host_str() == Some("api-eu.zoom.us") || url.host_str() == Some("zoom.us")));
    }

    #[test]
    fn no_answer_with_tokens_makes_a_token_last_longer_than_a_day(answer in spoiled(&json!({
        "access_token": "a1", "refresh_token": "r2", "token_type": "bearer", "expires_in": 3599, "scope": "meeting:read",
        "api_url": "https://api-eu.zoom.us",
    }), &[])) {
        let world = World::new();
        let now = world.ports().clock.now();
        world.answers(200, &answer);
        match refreshed(&world) {
            Ok(issued) => prop_assert!(issued.access.expires.duration_since(now).as_hours() <= 24),
            Err(Failure::Other(problem, _)) => prop_assert!(problem.retryable),
            Err(Failure::GrantGone) => prop_assert!(false, "the sign-in counts as lost"),
        }
    }
}
