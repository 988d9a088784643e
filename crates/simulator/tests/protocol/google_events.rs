//! Reading and writing single events.

use crate::bench::{ANA, BEN, Bench, CALENDAR, calendar};
use http::StatusCode;
use reconvene_simulator::Hand;
use reconvene_simulator::google::Role;
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use serde_json::{Value, json};

const SCOPE: &str = "https://www.googleapis.com/auth/";

fn event(id: &str) -> String {
    calendar(&format!("primary/events/{id}"))
}

fn body() -> Value {
    json!({
        "summary": "New",
        "start": {"dateTime": "2026-12-03T10:00:00+01:00"},
        "end": {"dateTime": "2026-12-03T11:00:00+01:00"},
    })
}

#[tokio::test]
async fn if_match_lets_the_current_etag_pass_and_stops_an_older_one_on_every_write() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let etag = bench
        .ask(&token, "GET", &event(&id), Value::Null)
        .await
        .str("/etag")
        .to_owned();
    let title = json!({"summary": "B"});
    let stale = [("if-match", etag.as_str())];
    assert_eq!(
        bench
            .ask_with(&token, "PATCH", &event(&id), title.clone(), &stale)
            .await
            .status,
        200
    );
    let destination = format!("{}/move?destination=ben%40example.test", event(&id));
    bench.hand(Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role: Role::Writer,
    });
    for (method, path, body) in [
        ("PATCH", event(&id), title.clone()),
        ("PUT", event(&id), body()),
        ("DELETE", event(&id), Value::Null),
        ("POST", destination, Value::Null),
    ] {
        let got = bench.ask_with(&token, method, &path, body, &stale).await;
        assert_eq!(
            (got.status.as_u16(), got.reason()),
            (412, "conditionNotMet"),
            "{method}"
        );
    }
    assert_eq!(
        bench
            .ask_with(&token, "PATCH", &event(&id), title, &[("if-match", "*")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn if_none_match_is_304_without_a_body() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let etag = bench
        .ask(&token, "GET", &event(&id), Value::Null)
        .await
        .str("/etag")
        .to_owned();
    let got = bench
        .ask_with(
            &token,
            "GET",
            &event(&id),
            Value::Null,
            &[("if-none-match", &etag)],
        )
        .await;
    assert_eq!((got.status, got.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn a_patch_keeps_clears_and_replaces_and_put_replaces_everything() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let mut new = body();
    new["location"] = "Here".into();
    new["description"] = "Text".into();
    new["attendees"] = json!([{"email": BEN}, {"email": "x@example.test"}]);
    let path = calendar("primary/events");
    let id = bench.ask(&token, "POST", &path, new).await.str("/id").to_owned();
    let patch = json!({"location": null, "attendees": [{"email": BEN}]});
    let got = bench.ask(&token, "PATCH", &event(&id), patch).await;
    assert!(got.json.get("location").is_none());
    assert_eq!(
        (
            got.str("/description"),
            got.json["attendees"].as_array().unwrap().len()
        ),
        ("Text", 1)
    );
    let got = bench.ask(&token, "PUT", &event(&id), body()).await;
    assert!(got.json.get("description").is_none() && got.json.get("attendees").is_none());
}

#[tokio::test]
async fn the_conference_is_left_alone_without_version_1_cleared_by_null_and_closed_to_third_parties() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event(
        "A",
        "2026-12-02T09:00:00Z",
        NewConference::ZoomAddOn(ANA.to_owned()),
    );
    let block = bench.ask(&token, "GET", &event(&id), Value::Null).await.json["conferenceData"].clone();
    let with = format!("{}?conferenceDataVersion=1", event(&id));
    let write = json!({"conferenceData": block});
    let got = bench.ask(&token, "PATCH", &with, write.clone()).await;
    assert_eq!(
        (got.status.as_u16(), got.str("/error/message")),
        (400, "Invalid conference data")
    );
    let path = calendar("primary/events?conferenceDataVersion=1");
    let mut new = body();
    new["conferenceData"] = block;
    assert_eq!(bench.ask(&token, "POST", &path, new.clone()).await.status, 400);
    let silent = bench.ask(&token, "POST", &calendar("primary/events"), new).await;
    assert!(silent.status.is_success() && silent.json.get("conferenceData").is_none());
    let kept = bench
        .ask(&token, "PATCH", &event(&id), json!({"conferenceData": null}))
        .await;
    assert!(kept.json.get("conferenceData").is_some());
    let cleared = bench
        .ask(&token, "PATCH", &with, json!({"conferenceData": null}))
        .await;
    assert!(cleared.json.get("conferenceData").is_none());
}

#[tokio::test]
async fn a_deleted_event_is_read_deleted_once_and_its_id_never_used_again() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let mut new = body();
    new["id"] = "chosen0".into();
    let path = calendar("primary/events");
    assert_eq!(bench.ask(&token, "POST", &path, new.clone()).await.status, 200);
    assert_eq!(
        bench.ask(&token, "POST", &path, new.clone()).await.reason(),
        "duplicate"
    );
    let got = bench.ask(&token, "DELETE", &event("chosen0"), Value::Null).await;
    assert_eq!((got.status, got.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(
        bench
            .ask(&token, "DELETE", &event("chosen0"), Value::Null)
            .await
            .reason(),
        "deleted"
    );
    assert_eq!(
        bench
            .ask(&token, "GET", &event("chosen0"), Value::Null)
            .await
            .str("/status"),
        "cancelled"
    );
    assert_eq!(bench.ask(&token, "POST", &path, new.clone()).await.status, 409);
    assert_eq!(
        bench
            .ask(&token, "GET", &event("never00"), Value::Null)
            .await
            .reason(),
        "notFound"
    );
    new["id"] = "Not-Base32".into();
    assert_eq!(
        bench.ask(&token, "POST", &path, new).await.str("/error/message"),
        "Invalid resource id value."
    );
}

#[tokio::test]
async fn a_moved_event_leaves_a_bare_row_and_arrives_with_its_id() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let team = bench.hand(Hand::CreateCalendar {
        owner: ANA.to_owned(),
        summary: "Team".to_owned(),
        id: None,
        time_zone: None,
    });
    let id = bench.event(
        "A",
        "2026-12-02T09:00:00Z",
        NewConference::ZoomAddOn(ANA.to_owned()),
    );
    let sync = bench.sync_token(&token).await;
    let destination = format!("{}/move?destination={}", event(&id), team.replace('@', "%40"));
    assert_eq!(
        bench
            .ask(&token, "POST", &destination, Value::Null)
            .await
            .str("/status"),
        "cancelled"
    );
    let row = bench
        .list(&token, &format!("syncToken={sync}&showDeleted=true"))
        .await;
    let keys: Vec<&String> = row.json["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["etag", "id", "kind", "status"]);
    let there = bench
        .ask(
            &token,
            "GET",
            &calendar(&format!("{team}/events/{id}")),
            Value::Null,
        )
        .await;
    assert_eq!(
        (there.str("/status"), there.str("/organizer/email")),
        ("confirmed", team.as_str())
    );
    assert!(there.json.get("conferenceData").is_some());
}

#[tokio::test]
async fn bad_times_are_refused_and_good_ones_answered_in_the_calendars_zone() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let patch = async |start: Value, end: Value| {
        bench
            .ask(&token, "PATCH", &event(&id), json!({"start": start, "end": end}))
            .await
    };
    let day = |date: &str| json!({"date": date, "dateTime": null, "timeZone": null});
    let at = |time: &str| json!({"dateTime": time});
    let mixed = patch(day("2026-12-02"), at("2026-12-02T10:00:00Z")).await;
    assert_eq!(
        mixed.str("/error/message"),
        "Start and end times must either both be date or both be dateTime."
    );
    assert_eq!(
        patch(json!({"date": "2026-12-02"}), day("2026-12-03"))
            .await
            .status,
        400,
        "the old dateTime is still there"
    );
    let backwards = patch(at("2026-12-02T10:00:00Z"), at("2026-12-02T09:00:00Z")).await;
    assert_eq!(backwards.reason(), "timeRangeEmpty");
    assert_eq!(
        patch(day("2026-12-02"), day("2026-12-03")).await.json["start"],
        json!({"date": "2026-12-02"})
    );
    let path = calendar("primary/events");
    let local =
        json!({"start": {"dateTime": "2026-12-03T10:00:00"}, "end": {"dateTime": "2026-12-03T11:00:00"}});
    assert_eq!(bench.ask(&token, "POST", &path, local).await.reason(), "required");
    let low = bench
        .ask(&token, "PATCH", &event(&id), json!({"sequence": 0}))
        .await;
    assert!(low.str("/error/message").starts_with("Invalid sequence value."));
}

#[tokio::test]
async fn a_guest_changes_nothing_shared_and_a_reader_nothing_at_all() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let new = NewEvent {
        guests: vec![ANA.to_owned()],
        ..NewEvent::new(BEN, "Ben's", Moment::At("2026-12-02T09:00:00Z".parse().unwrap()))
    };
    let id = bench.hand(Hand::AddEvent(Box::new(new)));
    let got = bench
        .ask(&token, "PATCH", &event(&id), json!({"summary": "Mine"}))
        .await;
    assert_eq!(
        (got.status.as_u16(), got.reason()),
        (403, "forbiddenForNonOrganizer")
    );
    let own = json!({"extendedProperties": {"private": {"a": "b"}}});
    assert_eq!(bench.ask(&token, "PATCH", &event(&id), own).await.status, 200);
    bench.hand(Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role: Role::Reader,
    });
    let path = calendar(&format!("ben%40example.test/events/{id}"));
    let got = bench
        .ask(&token, "PATCH", &path, json!({"summary": "Mine"}))
        .await;
    assert_eq!(got.reason(), "requiredAccessLevel");
    let read = bench.ask(&token, "GET", &path, Value::Null).await;
    assert!(
        read.json.pointer("/extendedProperties/private").is_none(),
        "private to Ana's copy"
    );
}

#[tokio::test]
async fn a_free_busy_reader_sees_when_and_not_what() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let new = NewEvent::new(BEN, "Secret", Moment::At("2026-12-02T09:00:00Z".parse().unwrap()));
    bench.hand(Hand::AddEvent(Box::new(new)));
    bench.hand(Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role: Role::FreeBusyReader,
    });
    let got = bench
        .ask(&token, "GET", &calendar("ben%40example.test/events"), Value::Null)
        .await;
    assert_eq!(got.str("/accessRole"), "freeBusyReader");
    assert!(got.json.pointer("/items/0/summary").is_none());
    assert_eq!(got.str("/items/0/start/dateTime"), "2026-12-02T10:00:00+01:00");
}

#[tokio::test]
async fn each_method_wants_its_scope() {
    let bench = Bench::new();
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let list = "/google/calendar/v3/users/me/calendarList";
    for (scope, lists, reads, writes) in [
        ("calendar.calendarlist.readonly", 200, 403, 403),
        ("calendar.events.readonly", 403, 200, 403),
        ("calendar.events", 403, 200, 200),
        ("calendar.readonly", 200, 200, 403),
        ("calendar.events.owned", 403, 200, 200),
    ] {
        let token = bench.google(&[&format!("{SCOPE}{scope}")]);
        let got = [
            bench.ask(&token, "GET", list, Value::Null).await,
            bench.ask(&token, "GET", &event(&id), Value::Null).await,
            bench
                .ask(&token, "PATCH", &event(&id), json!({"summary": "B"}))
                .await,
        ];
        let statuses: Vec<u16> = got.iter().map(|got| got.status.as_u16()).collect();
        assert_eq!(statuses, [lists, reads, writes], "{scope}");
        for refused in got.iter().filter(|got| got.status == 403) {
            assert_eq!(
                refused.str("/error/details/0/reason"),
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
            );
        }
    }
    let owned = bench.google(&[&format!("{SCOPE}calendar.events.owned")]);
    bench.hand(Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role: Role::Writer,
    });
    assert_eq!(
        bench
            .ask(&owned, "GET", &calendar("ben%40example.test/events"), Value::Null)
            .await
            .status,
        403
    );
    assert_eq!(bench.ask("", "GET", list, Value::Null).await.status, 401);
    assert_eq!(
        bench.ask("ya29.unknown", "GET", list, Value::Null).await.reason(),
        "authError"
    );
}

#[tokio::test]
async fn the_six_hundred_and_first_request_in_a_minute_is_refused() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    for _ in 0..600 {
        assert_eq!(bench.list(&token, "maxResults=1").await.status, 200);
    }
    assert_eq!(
        bench.list(&token, "maxResults=1").await.reason(),
        "userRateLimitExceeded"
    );
    bench.later(jiff::SignedDuration::from_secs(60));
    assert_eq!(bench.list(&token, "maxResults=1").await.status, 200);
}

#[tokio::test]
async fn the_calendar_list_tells_of_shares_hides_and_losses_but_not_of_roles() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let list = "/google/calendar/v3/users/me/calendarList";
    let full = bench.ask(&token, "GET", list, Value::Null).await;
    assert_eq!(full.ids(), [ANA]);
    assert_eq!(full.json.pointer("/items/0/primary"), Some(&json!(true)));
    assert!(full.json.pointer("/items/0/hidden").is_none());
    let delta = async |sync: &str| {
        bench
            .ask(&token, "GET", &format!("{list}?syncToken={sync}"), Value::Null)
            .await
    };
    let share = |role| Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role,
    };
    bench.hand(share(Role::Writer));
    let got = delta(full.str("/nextSyncToken")).await;
    assert_eq!(got.ids(), [BEN]);
    bench.hand(share(Role::Reader));
    let got = delta(got.str("/nextSyncToken")).await;
    assert!(got.ids().is_empty());
    bench.hand(Hand::HideCalendar {
        calendar: BEN.to_owned(),
        person: ANA.to_owned(),
        hidden: true,
    });
    let got = delta(got.str("/nextSyncToken")).await;
    assert_eq!(got.json.pointer("/items/0/hidden"), Some(&json!(true)));
    bench.hand(Hand::UnshareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
    });
    let got = delta(got.str("/nextSyncToken")).await;
    assert_eq!(got.json.pointer("/items/0/deleted"), Some(&json!(true)));
    let sync = got.str("/nextSyncToken").to_owned();
    for bad in ["minAccessRole=writer", "showHidden=false", "showDeleted=false"] {
        let path = format!("{list}?syncToken={sync}&{bad}");
        assert_eq!(
            bench.ask(&token, "GET", &path, Value::Null).await.status,
            400,
            "{bad}"
        );
    }
    bench.hand(Hand::ExpireListTokens {
        person: ANA.to_owned(),
    });
    assert_eq!(delta(&sync).await.reason(), "fullSyncRequired");
}

#[tokio::test]
async fn send_updates_none_mails_nobody_and_all_mails_the_guests() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let new = NewEvent {
        guests: vec![BEN.to_owned()],
        ..NewEvent::new(ANA, "A", Moment::At("2026-12-02T09:00:00Z".parse().unwrap()))
    };
    let id = bench.hand(Hand::AddEvent(Box::new(new)));
    let mails = || bench.simulator.with(|world| world.mails().len());
    for (query, expected) in [("?sendUpdates=none", 0), ("", 0), ("?sendUpdates=all", 1)] {
        bench
            .ask(
                &token,
                "PATCH",
                &format!("{}{query}", event(&id)),
                json!({"summary": "B"}),
            )
            .await;
        assert_eq!(mails(), expected, "{query}");
    }
    let writes: Vec<Option<String>> = bench.simulator.with(|world| {
        world
            .log()
            .writes()
            .map(|entry| entry.param("sendUpdates").map(str::to_owned))
            .collect()
    });
    assert_eq!(writes, [Some("none".to_owned()), None, Some("all".to_owned())]);
}
