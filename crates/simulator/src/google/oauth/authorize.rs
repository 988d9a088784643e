//! The authorize page.

use http::{StatusCode, header};
use url::Url;

use super::{CODE_LIFE, Client, ClientKind, Code, Grant};
use crate::consent::{ConsentMode, Page, error_page};
use crate::wire::{Answer, Asked};
use crate::world::World;

const CALENDAR_SCOPE: &str = "https://www.googleapis.com/auth/calendar";

/// A request that may be answered at its redirect address.
struct Sound {
    redirect: Url,
    client: String,
    state: Option<String>,
    scopes: Vec<String>,
    /// `include_granted_scopes`: what the person allowed this client before comes along.
    with_granted: bool,
    challenge: Option<String>,
}

/// GET: show the page, or do what the standing answer says.
pub(super) fn open(world: &mut World, asked: &Asked) -> Answer {
    let sound = match check(world, &asked.query) {
        Ok(sound) => sound,
        Err(refused) => return refused,
    };
    let rule = world.consent.google.clone();
    match rule.mode {
        ConsentMode::Deny => back(&sound, &[("error", "access_denied")]),
        ConsentMode::Allow => {
            let hint = asked.param("login_hint").map(str::to_owned);
            let first = world.google.people.keys().next().cloned();
            let Some(person) = rule
                .user
                .or(hint)
                .or(first)
                .filter(|user| world.google.people.contains_key(user))
            else {
                return back(&sound, &[("error", "access_denied")]);
            };
            let scopes = sound
                .scopes
                .iter()
                .filter(|scope| !rule.withhold.contains(scope))
                .cloned()
                .collect();
            allow(world, &sound, person, scopes)
        }
        ConsentMode::Ask => {
            let page = Page {
                vendor: "Google",
                app: &sound.client,
                action: asked.path.as_str(),
                request: &asked.query,
                users: world.google.people.keys().cloned().collect(),
                preferred: asked.param("login_hint"),
                scopes: sound.scopes.clone(),
                granular: true,
            };
            Answer::text(StatusCode::OK, "text/html; charset=utf-8", page.html())
        }
    }
}

/// POST: the person pressed a button.
pub(super) fn decide(world: &mut World, asked: &Asked) -> Answer {
    let form = asked.form();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let sound = match check(world, &form) {
        Ok(sound) => sound,
        Err(refused) => return refused,
    };
    let person = field("_user").filter(|user| world.google.people.contains_key(user));
    match person.filter(|_| field("_choice").as_deref() == Some("allow")) {
        None => back(&sound, &[("error", "access_denied")]),
        Some(person) => {
            let ticked = form
                .iter()
                .filter(|(key, _)| key == "_scope")
                .map(|(_, value)| value.clone());
            let scopes = ticked.filter(|scope| sound.scopes.contains(scope)).collect();
            allow(world, &sound, person, scopes)
        }
    }
}

fn allow(world: &mut World, sound: &Sound, person: String, mut scopes: Vec<String>) -> Answer {
    if scopes.is_empty() {
        return back(sound, &[("error", "access_denied")]);
    }
    if sound.with_granted {
        // https://developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth
        let before = world.google.oauth.refresh.values();
        let before = before.filter(|grant| grant.person == person && grant.client == sound.client);
        let before: Vec<String> = before.flat_map(|grant| grant.scopes.clone()).collect();
        scopes.extend(before);
        scopes.sort();
        scopes.dedup();
    }
    let code = format!("4/{}", world.opaque(60));
    let grant = Grant {
        person,
        client: sound.client.clone(),
        scopes: scopes.clone(),
        expires: world.now() + CODE_LIFE,
        refresh: None,
    };
    let kept = Code {
        grant,
        redirect_uri: sound.redirect.to_string(),
        challenge: sound.challenge.clone(),
    };
    world.google.oauth.codes.insert(code.clone(), kept);
    back(sound, &[("code", &code), ("scope", &scopes.join(" "))])
}

fn back(sound: &Sound, answer: &[(&str, &str)]) -> Answer {
    let mut url = sound.redirect.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(state) = &sound.state {
            query.append_pair("state", state);
        }
        for (key, value) in answer {
            query.append_pair(key, value);
        }
    }
    Answer::empty(StatusCode::FOUND).with(header::LOCATION, url.to_string())
}

/// Checks the request. What is wrong with client or redirect is told to the person, never to the redirect address.
fn check(world: &World, query: &[(String, String)]) -> Result<Sound, Answer> {
    let param = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let page = |status, code: &str, message: &str| {
        Answer::text(
            status,
            "text/html; charset=utf-8",
            error_page("Google", code, message),
        )
    };
    let client_id = param("client_id").unwrap_or_default();
    let Some(client) = world.google.oauth.clients.get(client_id) else {
        return Err(page(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The OAuth client was not found.",
        ));
    };
    let redirect = redirect(client, param("redirect_uri").unwrap_or_default()).ok_or_else(|| {
        page(
            StatusCode::BAD_REQUEST,
            "redirect_uri_mismatch",
            "This app's request is invalid.",
        )
    })?;
    let bad = |message: &str| Err(page(StatusCode::BAD_REQUEST, "invalid_request", message));
    if param("response_type") != Some("code") {
        return bad("Required parameter: response_type must be code.");
    }
    let challenge = param("code_challenge").map(str::to_owned);
    let method = param("code_challenge_method");
    match &challenge {
        Some(_) if method != Some("S256") => return bad("code_challenge_method must be S256."),
        Some(text) if text.len() != 43 => return bad("Invalid code_challenge."),
        // Google lets an installed app go without PKCE; RFC 8252 §8.1 does not, and neither does this.
        None if client.kind == ClientKind::Desktop => {
            return bad("Missing required parameter: code_challenge.");
        }
        _ => {}
    }
    // RFC 8252 §8.9 asks for state or PKCE; a client of ours has no reason to go without either.
    if param("state").is_none_or(str::is_empty) {
        return bad("Missing required parameter: state.");
    }
    let scopes: Vec<String> = param("scope")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let known = |scope: &String| {
        ["openid", "email", "profile"].contains(&scope.as_str())
            || scope.starts_with(CALENDAR_SCOPE)
            || scope.starts_with("https://www.googleapis.com/auth/userinfo.")
    };
    if scopes.is_empty() || !scopes.iter().all(known) {
        return Err(page(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            "Some requested scopes were invalid.",
        ));
    }
    Ok(Sound {
        redirect,
        client: client_id.to_owned(),
        state: param("state").map(str::to_owned),
        scopes,
        with_granted: param("include_granted_scopes") == Some("true"),
        challenge,
    })
}

/// A desktop app comes back on a loopback address, any port, any path; a web app exactly where it registered.
fn redirect(client: &Client, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let allowed = match client.kind {
        ClientKind::Web => client.redirect_uris.iter().any(|own| own == text),
        ClientKind::Desktop => {
            url.scheme() == "http"
                && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
                && url.fragment().is_none()
        }
    };
    allowed.then_some(url)
}
