//! The authorize page.

use http::{StatusCode, header};
use url::Url;

use super::{CODE_LIFE, Client, Code, Grant};
use crate::consent::{ConsentMode, Page, error_page};
use crate::wire::{Answer, Asked};
use crate::world::World;

struct Sound {
    redirect: Url,
    client: String,
    state: Option<String>,
    scopes: Vec<String>,
    challenge: Option<String>,
}

/// GET: show the page, or do what the standing answer says.
pub(super) fn open(world: &mut World, asked: &Asked) -> Answer {
    let sound = match check(world, &asked.query) {
        Ok(sound) => sound,
        Err(refused) => return refused,
    };
    let rule = world.consent.zoom.clone();
    match rule.mode {
        ConsentMode::Deny => back(&sound, &[("error", "access_denied")]),
        ConsentMode::Allow => {
            let user = match &rule.user {
                Some(email) => world.zoom.user_by_email(email),
                None => world.zoom.users.values().next(),
            };
            match user.map(|user| user.id.clone()) {
                Some(user) => allow(world, &sound, user, &rule.withhold),
                None => back(&sound, &[("error", "access_denied")]),
            }
        }
        ConsentMode::Ask => {
            let page = Page {
                vendor: "Zoom",
                app: &sound.client,
                action: asked.path.as_str(),
                request: &asked.query,
                users: world.zoom.users.values().map(|user| user.email.clone()).collect(),
                preferred: None,
                scopes: sound.scopes.clone(),
                granular: false,
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
            .map(|(_, value)| value.as_str())
    };
    let sound = match check(world, &form) {
        Ok(sound) => sound,
        Err(refused) => return refused,
    };
    let user = field("_user")
        .and_then(|email| world.zoom.user_by_email(email))
        .map(|user| user.id.clone());
    match user.filter(|_| field("_choice") == Some("allow")) {
        Some(user) => allow(world, &sound, user, &[]),
        None => back(&sound, &[("error", "access_denied")]),
    }
}

fn allow(world: &mut World, sound: &Sound, user: String, withhold: &[String]) -> Answer {
    let code = world.opaque(36);
    let grant = Grant {
        user,
        client: sound.client.clone(),
        scopes: sound
            .scopes
            .iter()
            .filter(|scope| !withhold.contains(scope))
            .cloned()
            .collect(),
        expires: world.now() + CODE_LIFE,
    };
    let kept = Code {
        grant,
        redirect_uri: sound.redirect.to_string(),
        challenge: sound.challenge.clone(),
    };
    world.zoom.oauth.codes.insert(code.clone(), kept);
    back(sound, &[("code", &code)])
}

fn back(sound: &Sound, answer: &[(&str, &str)]) -> Answer {
    let mut url = sound.redirect.clone();
    {
        let mut query = url.query_pairs_mut();
        for (key, value) in answer {
            query.append_pair(key, value);
        }
        if let Some(state) = &sound.state {
            query.append_pair("state", state);
        }
    }
    Answer::empty(StatusCode::FOUND).with(header::LOCATION, url.to_string())
}

fn check(world: &World, query: &[(String, String)]) -> Result<Sound, Answer> {
    let param = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let page = |code: &str, message: &str| {
        let html = error_page("Zoom", code, message);
        Answer::text(StatusCode::BAD_REQUEST, "text/html; charset=utf-8", html)
    };
    let client_id = param("client_id").unwrap_or_default();
    let client = world.zoom.oauth.clients.get(client_id);
    let client = client.ok_or_else(|| page("4702", "Invalid client_id: the app does not exist."))?;
    let redirect = redirect(client, param("redirect_uri").unwrap_or_default())
        .ok_or_else(|| page("4700", "Invalid redirect url."))?;
    if param("response_type") != Some("code") {
        return Err(page("4700", "response_type must be code."));
    }
    let challenge = param("code_challenge").map(str::to_owned);
    match &challenge {
        // A public client has nothing else to prove itself with.
        None if client.secret.is_none() => {
            return Err(page("4700", "A public client must send code_challenge."));
        }
        Some(_) if param("code_challenge_method") != Some("S256") => {
            return Err(page("4700", "code_challenge_method must be S256."));
        }
        Some(text) if text.len() != 43 => return Err(page("4700", "Invalid code_challenge.")),
        _ => {}
    }
    if param("state").is_none_or(str::is_empty) {
        return Err(page("4700", "Missing state."));
    }
    Ok(Sound {
        redirect,
        client: client_id.to_owned(),
        state: param("state").map(str::to_owned),
        // The app's scopes are chosen when it is registered; the request cannot widen or narrow them.
        scopes: client.scopes.clone(),
        challenge,
    })
}

/// Redirects must match what was registered; on a loopback address the port is ignored
/// (<https://developers.zoom.us/changelog/>, “PKCE loopback”; RFC 8252 §7.3).
fn redirect(client: &Client, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let mut plain = url.clone();
    if matches!(url.host_str(), Some("127.0.0.1" | "[::1]")) {
        plain.set_port(None).ok()?;
    }
    let fits = |own: &String| Url::parse(own).is_ok_and(|own| own == plain || own == url);
    client.redirect_uris.iter().any(fits).then_some(url)
}
