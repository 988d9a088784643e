//! The token endpoint: codes and refresh tokens into access tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{ACCESS_LIFE, Client, Grant, REFRESH_LIFE, REFRESH_LIMIT, dead_grant, error, invalid_client};
use crate::wire::{Answer, Asked};
use crate::world::World;

pub(super) fn exchange(world: &mut World, asked: &Asked) -> Result<Answer, Answer> {
    let form = asked.form();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let client_id = field("client_id").unwrap_or_default();
    let client = world
        .google
        .oauth
        .clients
        .get(client_id)
        .ok_or_else(invalid_client)?;
    check_secret(client, field("client_secret"))?;
    match field("grant_type") {
        Some("authorization_code") => {
            let code = field("code").unwrap_or_default().to_owned();
            by_code(
                world,
                client_id,
                &code,
                field("redirect_uri"),
                field("code_verifier"),
            )
        }
        Some("refresh_token") => by_refresh(world, client_id, field("refresh_token").unwrap_or_default()),
        Some(_) => Err(error(400, "unsupported_grant_type", "Invalid grant_type")),
        None => Err(error(
            400,
            "invalid_request",
            "Required parameter is missing: grant_type",
        )),
    }
}

/// Desktop apps must send their secret even with PKCE
/// (<https://github.com/googleapis/google-api-dotnet-client/issues/1827>).
fn check_secret(client: &Client, secret: Option<&str>) -> Result<(), Answer> {
    match secret {
        None | Some("") => Err(error(400, "invalid_request", "client_secret is missing.")),
        Some(secret) if secret == client.secret => Ok(()),
        Some(_) => Err(error(
            401,
            "invalid_client",
            "The provided client secret is invalid.",
        )),
    }
}

fn by_code(
    world: &mut World,
    client_id: &str,
    code: &str,
    redirect_uri: Option<&str>,
    verifier: Option<&str>,
) -> Result<Answer, Answer> {
    let now = world.now();
    // A code works once, whatever comes of it.
    let kept = world.google.oauth.codes.remove(code);
    let kept = kept
        .filter(|kept| kept.grant.client == client_id && kept.grant.expires > now)
        .ok_or_else(|| error(400, "invalid_grant", "Malformed auth code."))?;
    if redirect_uri
        .and_then(|uri| Url::parse(uri).ok())
        .map(String::from)
        != Some(kept.redirect_uri)
    {
        return Err(error(400, "redirect_uri_mismatch", "Bad Request"));
    }
    if let Some(challenge) = &kept.challenge {
        let verifier = verifier.ok_or_else(|| error(400, "invalid_grant", "Missing code verifier."))?;
        if !answers(challenge, verifier) {
            return Err(error(400, "invalid_grant", "Invalid code verifier."));
        }
    }
    let refresh = format!("1//{}", world.opaque(90));
    let grant = Grant {
        expires: now + REFRESH_LIFE,
        ..kept.grant
    };
    let mut own: Vec<(jiff::Timestamp, String)> = world
        .google
        .oauth
        .refresh
        .iter()
        .filter(|(_, other)| other.person == grant.person && other.client == grant.client)
        .map(|(token, other)| (other.expires, token.clone()))
        .collect();
    own.sort();
    if let (true, Some((_, oldest))) = (own.len() >= REFRESH_LIMIT, own.first()) {
        world.google.oauth.refresh.remove(oldest);
    }
    world.google.oauth.refresh.insert(refresh.clone(), grant.clone());
    Ok(access(world, &grant, &refresh, Some(&refresh)))
}

/// A refresh gives an access token and no new refresh token: Google's do not rotate.
fn by_refresh(world: &mut World, client_id: &str, token: &str) -> Result<Answer, Answer> {
    let now = world.now();
    let grant = world.google.oauth.refresh.get_mut(token).ok_or_else(dead_grant)?;
    if grant.client != client_id {
        return Err(error(401, "unauthorized_client", "Unauthorized"));
    }
    if grant.expires <= now {
        return Err(dead_grant());
    }
    grant.expires = now + REFRESH_LIFE;
    let grant = grant.clone();
    Ok(access(world, &grant, token, None))
}

fn access(world: &mut World, grant: &Grant, refresh: &str, shown: Option<&str>) -> Answer {
    let token = format!("ya29.{}", world.opaque(120));
    let expires = world.now() + ACCESS_LIFE;
    let mut out = json!({
        "access_token": token,
        "expires_in": ACCESS_LIFE.as_secs(),
        "scope": grant.scopes.join(" "),
        "token_type": "Bearer",
    });
    if let (Some(refresh), Some(map)) = (shown, out.as_object_mut()) {
        map.insert("refresh_token".to_owned(), Value::from(refresh));
    }
    let grant = Grant {
        expires,
        refresh: Some(refresh.to_owned()),
        ..grant.clone()
    };
    world.google.oauth.access.insert(token, grant);
    Answer::ok(&out)
}

/// RFC 7636 §4.6, S256; the verifier's letters and length as in §4.1.
pub(crate) fn answers(challenge: &str, verifier: &str) -> bool {
    let sound = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    sound && BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}
