//! Meetings.

use jiff::SignedDuration;
use reconvene_simulator::Hand;
use reconvene_simulator::hands::NewMeeting;
use serde_json::{Value, json};

use crate::bench::{ANA, BEN, Bench, Got};

const MINE: &str = "/zoom/v2/users/me/meetings";

fn meeting(id: &Value) -> String {
    format!("/zoom/v2/meetings/{id}")
}

fn scheduled() -> Value {
    json!({"topic": "T", "type": 2, "start_time": "2026-12-03T09:00:00Z", "duration": 30, "timezone": "Europe/Berlin"})
}

fn weekly() -> Value {
    json!({
        "topic": "W", "type": 8, "start_time": "2026-12-07T09:00:00", "timezone": "Europe/Berlin", "duration": 30,
        "recurrence": {"type": 2, "weekly_days": "2", "end_times": 4},
    })
}

async fn create(bench: &Bench, token: &str, body: Value) -> Got {
    let got = bench.ask(token, "POST", MINE, body).await;
    assert_eq!(got.status, 201, "{}", got.text);
    got
}

fn code(got: &Got) -> (u16, u64) {
    (got.status.as_u16(), got.json["code"].as_u64().unwrap_or_default())
}

#[tokio::test]
async fn a_start_is_utc_with_z_or_local_to_the_zone_and_read_back_in_utc() {
    let bench = Bench::new();
    let token = bench.zoom();
    let made = create(&bench, &token, scheduled()).await;
    assert_eq!(made.str("/start_time"), "2026-12-03T09:00:00Z");
    let path = meeting(&made.json["id"]);
    let local = json!({"start_time": "2026-12-04T09:00:00", "timezone": "Asia/Jakarta"});
    let got = bench.ask(&token, "PATCH", &path, local).await;
    assert_eq!((got.status.as_u16(), got.text.as_str()), (204, ""));
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    assert_eq!(
        (read.str("/start_time"), read.str("/timezone")),
        ("2026-12-04T02:00:00Z", "Asia/Jakarta")
    );
}

#[tokio::test]
async fn a_start_in_the_past_is_ignored_with_204() {
    let bench = Bench::new();
    let token = bench.zoom();
    let path = meeting(&create(&bench, &token, scheduled()).await.json["id"]);
    let past = json!({"start_time": "2026-11-03T09:00:00Z", "topic": "U"});
    assert_eq!(bench.ask(&token, "PATCH", &path, past).await.status, 204);
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    assert_eq!(
        (read.str("/start_time"), read.str("/topic")),
        ("2026-12-03T09:00:00Z", "U")
    );
}

#[tokio::test]
async fn what_breaks_the_rules_of_a_field_is_300_and_names_the_field() {
    let bench = Bench::new();
    let token = bench.zoom();
    let path = meeting(&create(&bench, &token, scheduled()).await.json["id"]);
    for (field, value) in [
        ("topic", json!("x".repeat(201))),
        ("agenda", json!("x".repeat(2001))),
        ("duration", json!("30")),
        ("duration", json!(0)),
        ("start_time", json!("2026-12-03T09:00:00+01:00")),
        ("start_time", json!("tomorrow")),
        ("timezone", json!("Mars/Olympus")),
        ("type", json!(5)),
        ("password", json!("far too long for this")),
        ("settings", json!([])),
    ] {
        let got = bench.ask(&token, "PATCH", &path, json!({field: value})).await;
        assert_eq!(code(&got), (400, 300), "{field}");
        assert_eq!(got.str("/errors/0/field"), field);
    }
    assert_eq!(
        bench
            .ask(&token, "PATCH", &path, json!({"topic": "ü".repeat(200)}))
            .await
            .status,
        204
    );
    assert_eq!(
        code(&bench.ask(&token, "PATCH", &path, json!([])).await),
        (400, 300)
    );
}

#[tokio::test]
async fn an_occurrence_is_named_by_its_first_start_and_changed_alone() {
    let bench = Bench::new();
    let token = bench.zoom();
    let made = create(&bench, &token, weekly()).await;
    let path = meeting(&made.json["id"]);
    assert_eq!(made.str("/occurrences/0/start_time"), "2026-12-07T08:00:00Z");
    let id = |n: usize| {
        made.json["occurrences"][n]["occurrence_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(id(0), "1796630400000");
    let at = |n: usize| format!("{path}?occurrence_id={}", id(n));
    let body = json!({"start_time": "2026-12-15T10:00:00Z", "duration": 45});
    assert_eq!(bench.ask(&token, "PATCH", &at(1), body).await.status, 204);
    assert_eq!(bench.ask(&token, "DELETE", &at(2), Value::Null).await.status, 204);
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    let told: Vec<(&str, &str)> = (0..4)
        .map(|n| {
            (
                read.str(&format!("/occurrences/{n}/start_time")),
                read.str(&format!("/occurrences/{n}/status")),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("2026-12-07T08:00:00Z", "available"),
            ("2026-12-15T10:00:00Z", "available"),
            ("2026-12-21T08:00:00Z", "deleted"),
            ("2026-12-28T08:00:00Z", "available"),
        ]
    );
    assert_eq!(read.str("/occurrences/1/occurrence_id"), id(1));
    let one = bench.ask(&token, "GET", &at(1), Value::Null).await;
    assert_eq!(
        (one.str("/start_time"), one.json["duration"].as_u64()),
        ("2026-12-15T10:00:00Z", Some(45))
    );
    for (method, path, body) in [
        ("DELETE", at(2), Value::Null),
        (
            "GET",
            format!("{path}?occurrence_id=20261207T080000Z"),
            Value::Null,
        ),
        ("PATCH", at(0), json!({"topic": "Only this one"})),
        ("PATCH", at(0), json!({"recurrence": {"type": 1}})),
    ] {
        assert_eq!(
            code(&bench.ask(&token, method, &path, body).await),
            (400, 300),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_whole_series_wants_its_recurrence_and_lays_all_dates_out_anew() {
    let bench = Bench::new();
    let token = bench.zoom();
    let made = create(&bench, &token, weekly()).await;
    let path = meeting(&made.json["id"]);
    let third = made.str("/occurrences/2/occurrence_id");
    bench
        .ask(
            &token,
            "DELETE",
            &format!("{path}?occurrence_id={third}"),
            Value::Null,
        )
        .await;
    assert_eq!(
        code(&bench.ask(&token, "PATCH", &path, json!({"topic": "X"})).await),
        (400, 300)
    );
    let same = json!({"topic": "X", "recurrence": weekly()["recurrence"]});
    assert_eq!(bench.ask(&token, "PATCH", &path, same).await.status, 204);
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    assert_eq!(
        read.str("/occurrences/2/status"),
        "deleted",
        "the same schedule keeps its exceptions"
    );
    let moved = json!({"start_time": "2026-12-07T10:00:00", "recurrence": weekly()["recurrence"]});
    assert_eq!(bench.ask(&token, "PATCH", &path, moved).await.status, 204);
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    assert_eq!(read.str("/occurrences/2/status"), "available");
    assert_eq!(read.str("/occurrences/2/start_time"), "2026-12-21T09:00:00Z");
}

#[tokio::test]
async fn a_deleted_meeting_is_3001_and_recovered_within_seven_days() {
    let bench = Bench::new();
    let token = bench.zoom();
    let path = meeting(&create(&bench, &token, scheduled()).await.json["id"]);
    let status = format!("{path}/status");
    let recover = json!({"action": "recover"});
    assert_eq!(bench.ask(&token, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(
        code(&bench.ask(&token, "DELETE", &path, Value::Null).await),
        (404, 3001)
    );
    assert_eq!(
        code(&bench.ask(&token, "PATCH", &path, json!({"topic": "X"})).await),
        (404, 3001)
    );
    assert_eq!(
        bench.ask(&token, "PUT", &status, recover.clone()).await.status,
        204
    );
    assert_eq!(bench.ask(&token, "GET", &path, Value::Null).await.status, 200);
    bench.ask(&token, "DELETE", &path, Value::Null).await;
    bench.later(SignedDuration::from_hours(24 * 8));
    let token = bench.zoom();
    assert_eq!(
        code(&bench.ask(&token, "PUT", &status, recover).await),
        (404, 3001)
    );
    assert_eq!(
        code(&bench.ask(&token, "PUT", &status, json!({"action": "sing"})).await),
        (400, 300)
    );
}

#[tokio::test]
async fn the_hundred_and_first_write_of_a_host_in_a_utc_day_is_refused_without_retry_after() {
    let bench = Bench::new();
    let token = bench.zoom();
    let path = meeting(&create(&bench, &token, scheduled()).await.json["id"]);
    for n in 1..100 {
        assert_eq!(
            bench
                .ask(&token, "PATCH", &path, json!({"topic": format!("{n}")}))
                .await
                .status,
            204
        );
        bench.later(SignedDuration::from_secs(1));
    }
    assert_eq!(bench.simulator.with(|world| world.writes_today(ANA)), 100);
    let got = bench
        .ask(&token, "PATCH", &path, json!({"topic": "one too many"}))
        .await;
    assert_eq!(code(&got), (429, 429));
    assert!(got.str("/message").contains("daily rate limit (100)"));
    assert!(!got.headers.contains_key("retry-after"));
    assert_eq!(got.headers["x-ratelimit-limit"], "6000");
    assert_eq!(
        bench.ask(&token, "GET", &path, Value::Null).await.str("/topic"),
        "99"
    );
    assert_eq!(
        bench.ask(&token, "DELETE", &path, Value::Null).await.status,
        204,
        "deletes do not count"
    );
    bench.later(SignedDuration::from_hours(16));
    let token = bench.zoom();
    create(&bench, &token, scheduled()).await;
}

#[tokio::test]
async fn more_requests_in_a_second_than_the_plan_allows_are_429_of_type_qps() {
    let bench = Bench::new();
    let token = bench.zoom();
    for _ in 0..30 {
        assert_eq!(
            bench
                .ask(&token, "GET", "/zoom/v2/users/me", Value::Null)
                .await
                .status,
            200
        );
    }
    let got = bench.ask(&token, "GET", "/zoom/v2/users/me", Value::Null).await;
    assert_eq!(
        (
            got.status.as_u16(),
            got.headers["x-ratelimit-type"].to_str().unwrap()
        ),
        (429, "QPS")
    );
    bench.later(SignedDuration::from_secs(1));
    assert_eq!(
        bench
            .ask(&token, "GET", "/zoom/v2/users/me", Value::Null)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn standing_rooms_webinars_running_and_foreign_meetings_are_refused_by_their_codes() {
    let bench = Bench::new();
    let token = bench.zoom();
    let hand = |host: &str, kind| {
        let new = NewMeeting {
            host: host.to_owned(),
            topic: "T".to_owned(),
            kind,
            start: "2026-12-03T09:00:00Z".parse().ok(),
            minutes: 30,
            recurrence: None,
            time_zone: None,
        };
        bench
            .hand(Hand::CreateMeeting(Box::new(new)))
            .parse::<u64>()
            .unwrap()
    };
    bench.hand(Hand::CreateZoomUser {
        email: "far@example.test".to_owned(),
        name: "Far Away".to_owned(),
        account: "elsewhere".to_owned(),
        time_zone: "UTC".to_owned(),
        may_host: true,
    });
    let (room, running, webinar) = (hand(ANA, 4), hand(ANA, 2), hand(ANA, 2));
    bench.hand(Hand::StartMeeting { meeting: running });
    bench.hand(Hand::MakeWebinar { meeting: webinar });
    for (id, expected) in [
        (room, (400, 3018)),
        (running, (400, 3002)),
        (webinar, (400, 3000)),
        (hand(BEN, 2), (400, 3003)),
        (hand("far@example.test", 2), (404, 3001)),
    ] {
        let got = bench
            .ask(&token, "DELETE", &meeting(&json!(id)), Value::Null)
            .await;
        assert_eq!(code(&got), expected);
    }
    let bens = meeting(&json!(hand(BEN, 2)));
    assert_ne!(
        bench
            .ask(&token, "GET", &bens, Value::Null)
            .await
            .str("/host_email"),
        ANA
    );
    let list = "/zoom/v2/users/far@example.test/meetings";
    assert_eq!(
        code(&bench.ask(&token, "GET", list, Value::Null).await),
        (404, 1001)
    );
}

#[tokio::test]
async fn scopes_and_tokens_are_told_apart_by_their_codes() {
    let bench = Bench::new();
    let path = meeting(&create(&bench, &bench.zoom(), scheduled()).await.json["id"]);
    let reading = bench
        .simulator
        .with(|world| world.zoom_token(ANA, &["meeting:read:meeting"]))
        .unwrap();
    assert_eq!(bench.ask(&reading, "GET", &path, Value::Null).await.status, 200);
    let got = bench.ask(&reading, "PATCH", &path, json!({"topic": "X"})).await;
    assert_eq!(code(&got), (400, 4711));
    assert!(got.str("/message").contains("meeting:update:meeting"));
    let classic = bench
        .simulator
        .with(|world| world.zoom_token(ANA, &["meeting:write"]))
        .unwrap();
    assert_eq!(
        bench
            .ask(&classic, "PATCH", &path, json!({"topic": "X"}))
            .await
            .status,
        204
    );
    bench.later(SignedDuration::from_hours(1));
    assert_eq!(
        code(&bench.ask(&classic, "GET", &path, Value::Null).await),
        (401, 124)
    );
    assert_eq!(
        code(&bench.ask("unknown", "GET", &path, Value::Null).await),
        (401, 124)
    );
}

#[tokio::test]
async fn notify_flags_are_mails_and_their_absence_is_silence() {
    let bench = Bench::new();
    let token = bench.zoom();
    for (query, mails) in [
        ("", 0),
        ("?schedule_for_reminder=false&cancel_meeting_reminder=false", 0),
        ("?schedule_for_reminder=true", 1),
    ] {
        let path = meeting(&create(&bench, &token, scheduled()).await.json["id"]);
        assert_eq!(
            bench
                .ask(&token, "DELETE", &format!("{path}{query}"), Value::Null)
                .await
                .status,
            204
        );
        assert_eq!(
            bench.simulator.with(|world| world.mails().len()),
            mails,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_of_a_list_lives_fifteen_minutes() {
    let bench = Bench::new();
    let token = bench.zoom();
    for _ in 0..3 {
        create(&bench, &token, scheduled()).await;
    }
    let first = bench
        .ask(&token, "GET", &format!("{MINE}?page_size=2"), Value::Null)
        .await;
    let page = first.str("/next_page_token").to_owned();
    let next = format!("{MINE}?page_size=2&next_page_token={page}");
    let second = bench.ask(&token, "GET", &next, Value::Null).await;
    assert_eq!(second.json["meetings"].as_array().unwrap().len(), 1);
    assert_eq!(second.str("/next_page_token"), "");
    bench.later(SignedDuration::from_mins(15));
    assert_eq!(
        code(&bench.ask(&token, "GET", &next, Value::Null).await),
        (400, 300)
    );
    let over = format!("{MINE}?page_size=301");
    assert_eq!(
        code(&bench.ask(&token, "GET", &over, Value::Null).await),
        (400, 300)
    );
}

#[tokio::test]
async fn a_scheduled_meeting_expires_thirty_days_after_its_date() {
    let bench = Bench::new();
    let path = meeting(&create(&bench, &bench.zoom(), scheduled()).await.json["id"]);
    bench.later(SignedDuration::from_hours(24 * 31));
    assert_eq!(
        bench.ask(&bench.zoom(), "GET", &path, Value::Null).await.status,
        200
    );
    bench.later(SignedDuration::from_hours(24 * 2));
    assert_eq!(
        code(&bench.ask(&bench.zoom(), "GET", &path, Value::Null).await),
        (404, 3001)
    );
}
