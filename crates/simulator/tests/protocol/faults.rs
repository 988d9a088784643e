//! Faults on demand.

use std::sync::Arc;
use std::time::Duration;

use reconvene_simulator::fault::presets;
use reconvene_simulator::hands::NewConference;
use reconvene_simulator::{Broken, Effect, Fault, Rule, Service};
use serde_json::{Value, json};

use crate::bench::{ANA, Bench, CALENDAR, calendar};

fn inject(bench: &Bench, rule: Rule) {
    bench.simulator.with(|world| world.faults().add(rule));
}

#[tokio::test]
async fn a_fault_before_leaves_the_world_alone_and_a_fault_after_only_loses_the_answer() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let path = calendar(&format!("primary/events/{id}"));
    let title = || {
        bench
            .simulator
            .with(|world| world.event(ANA, &id).unwrap().summary().to_owned())
    };
    inject(
        &bench,
        Rule::once(Service::Google, "/events/", Fault::before(Effect::Reset)),
    );
    let got = bench.ask(&token, "PATCH", &path, json!({"summary": "B"})).await;
    assert_eq!((got.broken, title().as_str()), (Some(Broken::Reset), "A"));
    inject(
        &bench,
        Rule::once(Service::Google, "/events/", Fault::after(Effect::Hang)),
    );
    let got = bench.ask(&token, "PATCH", &path, json!({"summary": "B"})).await;
    assert_eq!((got.broken, title().as_str()), (Some(Broken::Hang), "B"));
    let told = bench.simulator.with(|world| {
        let entries = world.log().entries();
        entries
            .iter()
            .map(|entry| (entry.seq, entry.applied, entry.fault.clone()))
            .collect::<Vec<_>>()
    });
    let told: Vec<_> = told
        .iter()
        .map(|(seq, applied, fault)| (*seq, *applied, fault.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (1, false, Some("reset")),
            (2, true, Some("hang, after it took effect"))
        ]
    );
}

#[tokio::test]
async fn a_rule_spares_the_first_and_ends_after_its_times() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let rule = Rule {
        skip: 1,
        times: Some(2),
        ..Rule::once(Service::Google, "", Fault::preset("google_410"))
    };
    inject(&bench, rule);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(bench.list(&token, "").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 410, 410, 200]);
    assert!(bench.simulator.with(|world| world.faults().rules().is_empty()));
}

#[tokio::test]
async fn a_cut_body_announces_its_whole_length() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let whole = bench.list(&token, "").await.text;
    inject(
        &bench,
        Rule::once(Service::Google, "", Fault::before(Effect::CutBody(10))),
    );
    let got = bench.list(&token, "").await;
    assert_eq!(
        (got.broken, got.text.as_str()),
        (Some(Broken::CutBody), whole.get(..10).unwrap())
    );
    assert_eq!(
        got.headers["content-length"]
            .to_str()
            .unwrap()
            .parse::<usize>()
            .unwrap(),
        whole.len()
    );
}

#[tokio::test]
async fn every_preset_is_given_when_named() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    for name in presets::NAMES {
        inject(&bench, Rule::once(Service::Google, "", Fault::preset(name)));
        let got = bench.list(&token, "").await;
        assert!(!got.text.contains("no preset"), "{name}");
    }
    inject(
        &bench,
        Rule::once(Service::Google, "", Fault::preset("429_seconds")),
    );
    assert_eq!(bench.list(&token, "").await.headers["retry-after"], "7");
    inject(
        &bench,
        Rule::once(Service::Google, "", Fault::preset("429_iso8601")),
    );
    assert_eq!(
        bench.list(&token, "").await.headers["retry-after"],
        "2026-12-01T08:00:07Z"
    );
}

#[tokio::test]
async fn a_hook_decides_for_each_request_and_outlives_a_reset() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let hook: reconvene_simulator::Hook = Arc::new(|request| {
        (request.operation == "calendar.events.list").then(|| Fault::before(Effect::Unreachable))
    });
    bench.simulator.with(|world| world.faults().set_hook(Some(hook)));
    assert_eq!(bench.list(&token, "").await.broken, Some(Broken::Unreachable));
    let list = "/google/calendar/v3/users/me/calendarList";
    assert_eq!(bench.ask(&token, "GET", list, Value::Null).await.broken, None);
    bench.simulator.with(reconvene_simulator::World::reset);
    assert_eq!(bench.list("x", "").await.broken, Some(Broken::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn slowness_waits_on_tokios_clock_and_a_second_write_meanwhile_is_refused() {
    let bench = Bench::new();
    let token = bench.zoom();
    let body = json!({"topic": "T", "type": 2, "start_time": "2026-12-03T09:00:00Z", "duration": 30});
    let path = "/zoom/v2/users/me/meetings";
    inject(
        &bench,
        Rule::once(Service::Zoom, "", Fault::slow(Duration::from_secs(20))),
    );
    let began = tokio::time::Instant::now();
    let (slow, second) = tokio::join!(
        bench.ask(&token, "POST", path, body.clone()),
        bench.ask(&token, "POST", path, body.clone()),
    );
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    assert_eq!((slow.status.as_u16(), second.status.as_u16()), (201, 429));
    assert!(second.text.contains("concurrent"));
    assert_eq!(bench.ask(&token, "POST", path, body).await.status, 201);
}

#[tokio::test]
async fn the_admin_door_takes_deeds_faults_and_tells_the_log() {
    let bench = Bench::new();
    let post = async |path: &str, body: Value| {
        bench
            .ask_with(
                "",
                "POST",
                &format!("/control/{path}"),
                body,
                &[("content-type", "application/json")],
            )
            .await
    };
    let new = json!({"do": "add_event", "calendar": ANA, "title": "A", "start": "2026-12-02",
        "conference": {"zoom_add_on": ANA}});
    let id = post("hand", new).await.str("/id").to_owned();
    assert!(
        bench
            .simulator
            .with(|world| world.event(ANA, &id).unwrap().start.is_day())
    );
    assert_eq!(
        post(
            "hand",
            json!({"do": "cancel_event", "calendar": ANA, "event": "nothing"})
        )
        .await
        .status,
        409
    );
    let token = post(
        "token",
        json!({"service": "google", "user": ANA, "scopes": [CALENDAR]}),
    )
    .await;
    let rule = json!({"match": {"service": "google", "method": "GET"}, "times": 1, "effect": {"preset": "google_404"}});
    assert_eq!(post("faults", rule).await.status, 204);
    assert_eq!(bench.list(token.str("/access_token"), "").await.status, 404);
    let log = bench.ask("", "GET", "/control/log?since=0", Value::Null).await;
    assert_eq!(log.str("/entries/0/operation"), "calendar.events.list");
    assert_eq!(log.str("/entries/0/fault"), "google_404");
    let state = bench.ask("", "GET", "/control/state", Value::Null).await;
    assert_eq!(state.str("/calendars/0/events/0/title"), "A");
    let consent = json!({"google": {"mode": "allow", "user": ANA, "withhold": []}});
    assert_eq!(post("consent", consent).await.status, 204);
    assert_eq!(post("reset", json!({})).await.status, 204);
    assert_eq!(post("scenario", json!({"name": "demo"})).await.status, 204);
}
