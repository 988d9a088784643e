//! The token endpoint: every refresh token works once.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, header};
use serde_json::json;
use url::Url;

use super::{ACCESS_LIFE, Grant, REFRESH_LIFE, dead_grant, error};
use crate::google::oauth::token::answers;
use crate::wire::{Answer, Asked, Handled};
use crate::world::World;

pub(super) fn exchange(world: &mut World, asked: &Asked) -> Handled {
    let client = client(world, asked)?;
    let bad = |code: &str, reason: &str| error(StatusCode::BAD_REQUEST, code, reason);
    match field(asked, "grant_type").as_deref() {
        Some("authorization_code") => by_code(world, &client, asked),
        Some("refresh_token") => by_refresh(world, &client, asked),
        Some(_) => Err(bad(
            "unsupported_grant_type",
            "Grant type is not supported from token endpoint.",
        )),
        None => Err(bad("invalid_request", "Missing grant type.")),
    }
}

/// `POST /oauth/revoke`: takes an access token, and a refresh token is not one
/// (<https://developers.zoom.us/docs/integrations/oauth/>, “Revoke a token”).
pub(super) fn revoke(world: &mut World, asked: &Asked) -> Handled {
    client(world, asked)?;
    let token = field(asked, "token").unwrap_or_default();
    let oauth = &mut world.zoom.oauth;
    let grant = oauth.access.get(&token).cloned();
    let grant = grant.ok_or_else(|| error(StatusCode::BAD_REQUEST, "invalid_request", "Invalid Token!"))?;
    oauth.end(&grant.user, Some(&grant.client));
    Ok(Answer::ok(&json!({"status": "success"})))
}

/// Parameters come in the form body; Zoom takes them from the query as well.
fn field(asked: &Asked, name: &str) -> Option<String> {
    let form = asked.form();
    let found = form
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value);
    found.or_else(|| asked.param(name).map(str::to_owned))
}

/// Who asks: a confidential client by HTTP Basic, a public client by its id alone.
fn client(world: &World, asked: &Asked) -> Result<String, Answer> {
    let invalid = || {
        error(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Invalid client_id or client_secret",
        )
    };
    let basic = asked
        .header(header::AUTHORIZATION)
        .and_then(|value| value.strip_prefix("Basic "));
    let Some(basic) = basic else {
        let id = field(asked, "client_id").ok_or_else(invalid)?;
        let known = world.zoom.oauth.clients.get(&id).ok_or_else(invalid)?;
        return match &known.secret {
            None => Ok(id),
            Some(_) => Err(invalid()),
        };
    };
    let decoded = BASE64_STANDARD.decode(basic).map_err(|_| invalid())?;
    let decoded = String::from_utf8(decoded).map_err(|_| invalid())?;
    let (id, secret) = decoded.split_once(':').ok_or_else(invalid)?;
    // RFC 6749 §2.3.1: both halves are form-encoded first. Plain ids and secrets survive that unchanged.
    let plain = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let known = world.zoom.oauth.clients.get(&plain(id)).ok_or_else(invalid)?;
    if known.secret.as_deref() == Some(plain(secret).as_str()) {
        Ok(plain(id))
    } else {
        Err(invalid())
    }
}

fn by_code(world: &mut World, client: &str, asked: &Asked) -> Handled {
    let now = world.now();
    let code = field(asked, "code").unwrap_or_default();
    let refused = |reason: &str| error(StatusCode::BAD_REQUEST, "invalid_grant", reason);
    // A code works once, whatever comes of it.
    let kept = world
        .zoom
        .oauth
        .codes
        .remove(&code)
        .filter(|kept| kept.grant.client == client);
    let kept = kept.ok_or_else(|| refused(&format!("Invalid authorization code {code}")))?;
    if kept.grant.expires <= now {
        return Err(refused("The authorization code has expired."));
    }
    let redirect = field(asked, "redirect_uri")
        .and_then(|uri| Url::parse(&uri).ok())
        .map(String::from);
    if redirect != Some(kept.redirect_uri) {
        return Err(error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Redirect URI mismatch.",
        ));
    }
    if let Some(challenge) = &kept.challenge {
        let verifier = field(asked, "code_verifier").unwrap_or_default();
        if !answers(challenge, &verifier) {
            return Err(refused("code_verifier is invalid."));
        }
    }
    // A fresh consent of the same user ends what was given to the same app before (4741).
    world.zoom.oauth.end(&kept.grant.user, Some(client));
    Ok(give(world, &kept.grant, &asked.base()))
}

/// The old refresh token dies the moment it is used; the lost answer to a refresh is a lost sign-in.
fn by_refresh(world: &mut World, client: &str, asked: &Asked) -> Handled {
    let now = world.now();
    let token = field(asked, "refresh_token").unwrap_or_default();
    let grant = world
        .zoom
        .oauth
        .refresh
        .get(&token)
        .filter(|grant| grant.client == client && grant.expires > now);
    let grant = grant.cloned().ok_or_else(dead_grant)?;
    world.zoom.oauth.refresh.remove(&token);
    Ok(give(world, &grant, &asked.base()))
}

/// `api_url` is the regional host for this user; here the simulator's own.
fn give(world: &mut World, grant: &Grant, base: &str) -> Answer {
    let now = world.now();
    let access = format!("eyJ{}", world.opaque(160));
    let refresh = format!("eyJ{}", world.opaque(160));
    let oauth = &mut world.zoom.oauth;
    oauth.access.insert(
        access.clone(),
        Grant {
            expires: now + ACCESS_LIFE,
            ..grant.clone()
        },
    );
    oauth.refresh.insert(
        refresh.clone(),
        Grant {
            expires: now + REFRESH_LIFE,
            ..grant.clone()
        },
    );
    Answer::ok(&json!({
        "access_token": access,
        "token_type": "bearer",
        "refresh_token": refresh,
        "expires_in": ACCESS_LIFE.as_secs(),
        "scope": grant.scopes.join(" "),
        "api_url": format!("{base}/zoom"),
    }))
}
