//! What both sign-ins have in common.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reconvene_simulator::{Consent, ConsentMode, ConsentRule};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::bench::{ANA, Bench, Got};

pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters.12345";

pub(crate) fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

pub(crate) fn allow(bench: &Bench, withhold: &[&str]) {
    let rule = ConsentRule {
        mode: ConsentMode::Allow,
        user: Some(ANA.to_owned()),
        withhold: withhold.iter().map(ToString::to_string).collect(),
    };
    bench.simulator.with(|world| {
        world.set_consent(Consent {
            google: rule.clone(),
            zoom: rule,
        })
    });
}

pub(crate) async fn authorize(bench: &Bench, path: &str, changes: &[(&str, &str)]) -> Got {
    let challenge = challenge();
    let mut fields = vec![
        ("response_type", "code"),
        ("state", "s t"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    bench
        .ask("", "GET", &format!("{path}?{query}"), Value::Null)
        .await
}

pub(crate) fn from_redirect(got: &Got, name: &str) -> Option<String> {
    got.location()
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
