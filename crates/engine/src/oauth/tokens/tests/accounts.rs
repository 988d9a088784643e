//! Signing in and out, and how the services learn who asks.

use std::time::Duration;

use super::*;

fn grant(service: Service, refresh: &str, access: &str, world: &World) -> Grant {
    use crate::ports::Clock;
    Grant {
        service,
        refresh: refresh.into(),
        access: Access {
            token: access.into(),
            expires: world.now() + SignedDuration::from_hours(1),
            api_url: None,
        },
        scopes: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn p12_a_grant_goes_to_the_keyring_first() {
    let (world, tokens) = world();
    world.keyring_fails(Some(SecretsError::Missing));
    let problem = tokens
        .store("zoom-2", grant(Service::Zoom, "r5", "a5", &world))
        .await
        .unwrap_err();
    assert_eq!(problem.code, Code::KeyringMissing);
    world.keyring_fails(None);
    assert_eq!(
        tokens.access("zoom-2", Service::Zoom).await.unwrap_err().code,
        Code::SignInAgain,
        "nothing was kept"
    );
    tokens
        .store("zoom-2", grant(Service::Zoom, "r5", "a5", &world))
        .await
        .unwrap();
    assert_eq!(world.kept("zoom-2").unwrap(), "r5");
    let access = tokens.access("zoom-2", Service::Zoom).await.unwrap();
    assert_eq!(access.token.expose_secret(), "a5");
    assert!(world.seen().is_empty(), "the first token is used");
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_during_a_refresh_wins() {
    let (world, tokens) = world();
    world.answers(400, r#"{"error":"invalid_grant"}"#);
    let (old, stored) = tokio::join!(zoom(&tokens), async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        tokens.store(ZOOM, grant(Service::Zoom, "r5", "a5", &world)).await
    });
    assert_eq!(old.unwrap_err().code, Code::SignInAgain);
    stored.unwrap();
    assert_eq!(zoom(&tokens).await.unwrap(), "a5");
    assert_eq!(world.kept(ZOOM).unwrap(), "r5");
}

#[tokio::test(start_paused = true)]
async fn signing_out_gives_back_and_forgets_everywhere() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    zoom(&tokens).await.unwrap();
    world.answers(200, r#"{"status":"success"}"#);
    tokens.revoke(ZOOM, Service::Zoom).await.unwrap();
    let given_back = world.seen().pop().unwrap();
    assert_eq!(given_back.uri, "https://zoom.us/oauth/revoke");
    assert_eq!(given_back.form["token"], "a1");
    assert_eq!(
        given_back.authorization.as_deref(),
        Some("Basic em9vbS1pZDp6b29tLXNlY3JldA==")
    );
    tokens.forget(ZOOM).await.unwrap();
    assert_eq!(world.kept(ZOOM), None);
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::SignInAgain);

    world.answers(200, "");
    tokens.revoke(GOOGLE, Service::Google).await.unwrap();
    let given_back = world.seen().pop().unwrap();
    assert_eq!(given_back.uri, "https://oauth2.googleapis.com/revoke");
    assert_eq!(given_back.form.len(), 1);
    assert_eq!(given_back.form["token"], "g1");
    // What has ended already is as good as given back.
    world.answers(400, r#"{"error":"invalid_token"}"#);
    tokens.revoke(GOOGLE, Service::Google).await.unwrap();
    world.fails(TransportError::Unreachable("no route".to_owned()));
    assert_eq!(
        tokens.revoke(GOOGLE, Service::Google).await.unwrap_err().code,
        Code::Offline
    );
}

#[tokio::test(start_paused = true)]
async fn signing_out_of_zoom_asks_for_an_access_token_to_give_back() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    world.answers(200, r#"{"status":"success"}"#);
    tokens.revoke(ZOOM, Service::Zoom).await.unwrap();
    assert_eq!(world.seen()[1].form["token"], "a1");

    let (world, tokens) = super::world();
    world.answers(400, r#"{"error":"invalid_grant"}"#);
    tokens.revoke(ZOOM, Service::Zoom).await.unwrap();
    assert_eq!(
        world.seen().len(),
        1,
        "a grant that has ended needs no giving back"
    );
}

#[tokio::test(start_paused = true)]
async fn each_service_learns_its_client_in_the_way_it_wants() {
    let (world, tokens) = world();
    world.issues("b1", 3600, None);
    google(&tokens).await.unwrap();
    world.issues("a1", 3600, Some("r2"));
    zoom(&tokens).await.unwrap();
    let seen = world.seen();
    assert_eq!(seen[0].authorization, None);
    assert_eq!(seen[0].form["client_id"], "google-id");
    assert_eq!(seen[0].form["client_secret"], "google-secret");
    assert_eq!(
        seen[1].authorization.as_deref(),
        Some("Basic em9vbS1pZDp6b29tLXNlY3JldA==")
    );
    assert!(!seen[1].form.contains_key("client_id") && !seen[1].form.contains_key("client_secret"));

    let public = World::new();
    public.keep(ZOOM, "r1");
    let tokens = Tokens::new(public.ports(), &config("[zoom]\nclient_id = 'public-id'"));
    public.issues("a1", 3600, Some("r2"));
    zoom(&tokens).await.unwrap();
    let seen = public.seen();
    assert_eq!(seen[0].authorization, None);
    assert_eq!(seen[0].form["client_id"], "public-id");
    assert!(!seen[0].form.contains_key("client_secret"));
}

#[tokio::test(start_paused = true)]
async fn the_regional_address_is_used_only_within_the_services_own_domain() {
    for (named, kept) in [
        ("https://api-eu.zoom.us", Some("https://api-eu.zoom.us/")),
        ("https://zoom.us/", Some("https://zoom.us/")),
        ("https://api.zoom.us.example", None),
        ("https://evilzoom.us", None),
        ("http://api.zoom.us", None),
        ("http://127.0.0.1:99", None),
        ("nonsense", None),
    ] {
        let (world, tokens) = world();
        world.answers(
            200,
            &format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":60,"api_url":"{named}"}}"#),
        );
        let access = tokens.access(ZOOM, Service::Zoom).await.unwrap();
        assert_eq!(access.api_url.as_ref().map(url::Url::as_str), kept, "{named}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_without_lifetime_is_taken_to_live_an_hour() {
    let (world, tokens) = world();
    world.answers(200, r#"{"access_token":"a1","token_type":"Bearer"}"#);
    zoom(&tokens).await.unwrap();
    world.passes(3299);
    zoom(&tokens).await.unwrap();
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_without_client_says_what_to_configure() {
    let world = World::new();
    let tokens = Tokens::new(world.ports(), &config("[zoom]\nclient_id = 'x'"));
    let problem = google(&tokens).await.unwrap_err();
    assert_eq!(problem.code, Code::ClientMissing);
    for word in [
        "config.toml",
        "[google]",
        "client_id",
        "client_secret",
        "Desktop app",
    ] {
        assert!(problem.hint.contains(word), "{word}: {}", problem.hint);
    }
    assert_eq!(tokens.client(Service::Zoom).unwrap().service(), Service::Zoom);
}

#[tokio::test(start_paused = true)]
async fn p12_nothing_that_can_be_printed_shows_a_token() {
    let (world, tokens) = world();
    let grant = grant(Service::Zoom, "hush-refresh", "hush-access", &world);
    let printed = format!("{grant:?} {tokens:?} {:?}", tokens.client(Service::Zoom).unwrap());
    assert!(
        !printed.contains("hush") && !printed.contains("zoom-secret"),
        "{printed}"
    );
    world.answers(200, r#"{"access_token":"hush-access","refresh_token":7}"#);
    let problem = zoom(&tokens).await.unwrap_err();
    assert!(!format!("{problem:?}").contains("hush"), "{problem:?}");
    world.answers(400, r#"{"error":"Hush hush, token=hush"}"#);
    let problem = zoom(&tokens).await.unwrap_err();
    assert!(
        !format!("{problem:?}").to_lowercase().contains("hush"),
        "{problem:?}"
    );
}
