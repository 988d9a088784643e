//! Sync tokens, pages, tombstones.

use crate::bench::{ANA, BEN, Bench, CALENDAR, calendar};
use jiff::SignedDuration;
use reconvene_simulator::Hand;
use reconvene_simulator::google::{Habits, Role, Tombstones};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use serde_json::{Value, json};

fn own(event: &str) -> (String, String) {
    (ANA.to_owned(), event.to_owned())
}

fn habits(bench: &Bench, habits: Habits) {
    bench.hand(Hand::SetHabits(habits));
}

#[tokio::test]
async fn a_delta_tells_the_latest_state_of_what_changed_and_nothing_else() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let (a, _b) = (
        bench.event("A", "2026-12-02T09:00:00Z", NewConference::None),
        bench.event("B", "2026-12-02T10:00:00Z", NewConference::None),
    );
    let sync = bench.sync_token(&token).await;
    for title in ["1", "2", "3", "4", "5"] {
        bench.rename(&a, title);
    }
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.ids(), [a]);
    assert_eq!(delta.str("/items/0/summary"), "5");
    let next = delta.str("/nextSyncToken");
    assert_ne!(next, sync);
    assert!(
        bench
            .list(&token, &format!("syncToken={next}"))
            .await
            .ids()
            .is_empty()
    );
}

#[tokio::test]
async fn every_forbidden_parameter_and_show_deleted_false_are_400_with_a_sync_token() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let sync = bench.sync_token(&token).await;
    for parameter in [
        "iCalUID=x",
        "orderBy=updated",
        "privateExtendedProperty=a%3Db",
        "q=x",
        "sharedExtendedProperty=a%3Db",
        "timeMin=2026-01-01T00:00:00Z",
        "timeMax=2027-01-01T00:00:00Z",
        "updatedMin=2026-12-01T00:00:00Z",
        "showDeleted=false",
    ] {
        let got = bench.list(&token, &format!("syncToken={sync}&{parameter}")).await;
        assert_eq!(got.status, 400, "{parameter}");
    }
    assert_eq!(
        bench
            .list(&token, &format!("syncToken={sync}&showDeleted=true"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_malformed_token_a_token_of_another_calendar_and_of_another_query_are_400() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let other = bench.hand(Hand::CreateCalendar {
        owner: ANA.to_owned(),
        summary: "Other".to_owned(),
        id: Some("other#x@group.calendar.google.com".to_owned()),
        time_zone: None,
    });
    let path = calendar("other%23x%40group.calendar.google.com/events");
    let foreign = bench
        .ask(&token, "GET", &path, Value::Null)
        .await
        .str("/nextSyncToken")
        .to_owned();
    let single = bench
        .list(&token, "singleEvents=true")
        .await
        .str("/nextSyncToken")
        .to_owned();
    for bad in ["nonsense", &foreign, &single] {
        let got = bench.list(&token, &format!("syncToken={bad}")).await;
        assert_eq!(
            (got.status.as_u16(), got.str("/error/message")),
            (400, "Invalid sync token value.")
        );
    }
    assert_eq!(
        bench
            .ask(&token, "GET", &format!("{path}?syncToken={foreign}"), Value::Null)
            .await
            .status,
        200
    );
    assert!(other.contains('#'));
}

#[tokio::test]
async fn an_expired_token_and_a_changed_role_are_410_and_an_unshared_calendar_404() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let sync = bench.sync_token(&token).await;
    bench.hand(Hand::ExpireSyncTokens {
        calendar: Some(ANA.to_owned()),
    });
    let got = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!((got.status.as_u16(), got.reason()), (410, "fullSyncRequired"));

    let share = |role| Hand::ShareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
        role,
    };
    bench.hand(share(Role::Writer));
    let path = calendar("ben%40example.test/events");
    let sync = bench
        .ask(&token, "GET", &path, Value::Null)
        .await
        .str("/nextSyncToken")
        .to_owned();
    bench.hand(share(Role::Reader));
    let delta = format!("{path}?syncToken={sync}");
    assert_eq!(bench.ask(&token, "GET", &delta, Value::Null).await.status, 410);
    bench.hand(Hand::UnshareCalendar {
        calendar: BEN.to_owned(),
        with: ANA.to_owned(),
    });
    assert_eq!(
        bench.ask(&token, "GET", &delta, Value::Null).await.reason(),
        "notFound"
    );
}

#[tokio::test]
async fn pages_are_one_stable_snapshot_and_what_changes_meanwhile_is_in_the_next_delta() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let ids: Vec<String> = (0..5)
        .map(|n| bench.event(&format!("E{n}"), "2026-12-02T09:00:00Z", NewConference::None))
        .collect();
    let first = bench.list(&token, "maxResults=2").await;
    assert!(first.json.get("nextSyncToken").is_none());
    let page = first.str("/nextPageToken").to_owned();
    bench.rename(&ids[0], "changed");
    let new = bench.event("new", "2026-12-02T09:00:00Z", NewConference::None);
    let second = bench
        .list(&token, &format!("maxResults=2&pageToken={page}"))
        .await;
    let third = bench
        .list(
            &token,
            &format!("maxResults=2&pageToken={}", second.str("/nextPageToken")),
        )
        .await;
    let mut seen = [first.ids(), second.ids(), third.ids()].concat();
    seen.sort();
    let mut all = ids.clone();
    all.sort();
    assert_eq!(seen, all);
    let delta = bench
        .list(
            &token,
            &format!("maxResults=2&syncToken={}", third.str("/nextSyncToken")),
        )
        .await;
    let mut changed = vec![ids[0].clone(), new];
    changed.sort();
    assert_eq!(delta.ids(), changed);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_query_alone() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    for n in 0..3 {
        bench.event(&format!("E{n}"), "2026-12-02T09:00:00Z", NewConference::None);
    }
    let page = bench
        .list(&token, "maxResults=1")
        .await
        .str("/nextPageToken")
        .to_owned();
    assert_eq!(
        bench
            .list(&token, &format!("maxResults=1&showDeleted=true&pageToken={page}"))
            .await
            .status,
        400
    );
    assert_eq!(
        bench
            .list(&token, &format!("maxResults=1&pageToken={page}"))
            .await
            .status,
        200
    );
    let sync = bench.sync_token(&token).await;
    assert_eq!(
        bench
            .list(&token, &format!("maxResults=1&pageToken={page}&syncToken={sync}"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn empty_pages_and_repeated_rows_come_when_asked_for() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    for n in 0..3 {
        bench.event(&format!("E{n}"), "2026-12-02T09:00:00Z", NewConference::None);
    }
    habits(
        &bench,
        Habits {
            empty_pages: 2,
            repeat_rows: true,
            ..Habits::default()
        },
    );
    let mut query = "maxResults=2".to_owned();
    let mut sizes = Vec::new();
    loop {
        let got = bench.list(&token, &query).await;
        sizes.push(got.ids().len());
        match got.json.get("nextPageToken") {
            Some(next) => query = format!("maxResults=2&pageToken={}", next.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(sizes, [0, 0, 2, 2]);
}

#[tokio::test]
async fn a_deleted_event_is_a_bare_id_in_a_delta_and_full_for_an_organizer_who_asks() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event(
        "A",
        "2026-12-02T09:00:00Z",
        NewConference::ZoomAddOn(ANA.to_owned()),
    );
    let sync = bench.sync_token(&token).await;
    let (calendar, event) = own(&id);
    bench.hand(Hand::CancelEvent { calendar, event });
    let bare = bench.list(&token, &format!("syncToken={sync}")).await;
    let keys: Vec<&String> = bare.json["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["etag", "id", "kind", "status"]);
    let full = bench
        .list(&token, &format!("syncToken={sync}&showDeleted=true"))
        .await;
    assert_eq!(full.str("/items/0/summary"), "A");
    assert!(full.json.pointer("/items/0/conferenceData").is_some());
    habits(
        &bench,
        Habits {
            tombstones: Tombstones::FullForOrganizer,
            ..Habits::default()
        },
    );
    assert_eq!(
        bench
            .list(&token, &format!("syncToken={sync}"))
            .await
            .str("/items/0/summary"),
        "A"
    );
    assert!(bench.list(&token, "").await.ids().is_empty());
}

#[tokio::test]
async fn a_cancelled_occurrence_names_its_series_unless_the_service_is_sparing() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let series = bench.series(NewConference::None);
    let sync = bench.sync_token(&token).await;
    let second = format!("{series}_20261214T080000Z");
    let (calendar, event) = own(&second);
    bench.hand(Hand::CancelEvent { calendar, event });
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.ids(), std::slice::from_ref(&second));
    assert_eq!(delta.str("/items/0/recurringEventId"), series);
    assert_eq!(
        delta.str("/items/0/originalStartTime/dateTime"),
        "2026-12-14T09:00:00+01:00"
    );
    // Also in a full list that shows no deleted events.
    assert_eq!(bench.list(&token, "").await.ids().len(), 2);
    habits(
        &bench,
        Habits {
            tombstones: Tombstones::IdOnly,
            ..Habits::default()
        },
    );
    let sparse = bench.list(&token, &format!("syncToken={sync}")).await;
    assert!(sparse.json.pointer("/items/0/recurringEventId").is_none());
}

#[tokio::test]
async fn a_deleted_series_is_one_row_and_comes_back_with_its_exceptions() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let series = bench.series(NewConference::None);
    let second = format!("{series}_20261214T080000Z");
    bench.rename(&second, "Special");
    let sync = bench.sync_token(&token).await;
    let (calendar, event) = own(&series);
    bench.hand(Hand::CancelEvent {
        calendar: calendar.clone(),
        event: event.clone(),
    });
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.ids(), std::slice::from_ref(&series));
    bench.hand(Hand::UndeleteEvent { calendar, event });
    let delta = bench
        .list(&token, &format!("syncToken={}", delta.str("/nextSyncToken")))
        .await;
    assert_eq!(delta.ids(), [series, second]);
}

#[tokio::test]
async fn single_events_expand_a_series_and_leave_the_master_out() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let series = bench.series(NewConference::None);
    let second = format!("{series}_20261214T080000Z");
    bench.rename(&second, "Special");
    let got = bench
        .list(
            &token,
            "singleEvents=true&orderBy=startTime&timeMax=2026-12-25T00:00:00Z",
        )
        .await;
    let titles: Vec<&str> = got.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["summary"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Weekly", "Special", "Weekly"]);
    assert!(
        got.json.get("nextSyncToken").is_none(),
        "an ordered list starts no sync"
    );
    assert_eq!(bench.list(&token, "orderBy=startTime").await.status, 400);
}

#[tokio::test]
async fn a_window_is_exclusive_at_both_ends_and_never_empty() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let id = bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let list = async |min: &str, max: &str| bench.list(&token, &format!("timeMin={min}&timeMax={max}")).await;
    assert_eq!(
        list("2026-12-02T09:29:00Z", "2026-12-03T00:00:00Z").await.ids(),
        [id]
    );
    assert!(
        list("2026-12-02T09:30:00Z", "2026-12-03T00:00:00Z")
            .await
            .ids()
            .is_empty()
    );
    assert!(
        list("2026-12-01T00:00:00Z", "2026-12-02T09:00:00Z")
            .await
            .ids()
            .is_empty()
    );
    assert_eq!(
        list("2026-12-02T00:00:00Z", "2026-12-02T00:00:00Z")
            .await
            .reason(),
        "timeRangeEmpty"
    );
    assert_eq!(
        bench.list(&token, "timeMin=2026-12-02T00:00:00").await.status,
        400
    );
    bench.later(SignedDuration::from_hours(24 * 40));
    let token = bench.google(&[CALENDAR]);
    assert_eq!(
        bench
            .list(&token, "updatedMin=2026-12-01T00:00:00Z")
            .await
            .reason(),
        "updatedMinTooLongAgo"
    );
}

#[tokio::test]
async fn a_split_series_keeps_one_conference_under_two_ids() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let series = bench.series(NewConference::ZoomAddOn(ANA.to_owned()));
    let late = format!("{series}_20261228T080000Z");
    bench.rename(&late, "Special");
    let sync = bench.sync_token(&token).await;
    let new = bench.hand(Hand::SplitSeries {
        calendar: ANA.to_owned(),
        event: series.clone(),
        at: Moment::At("2026-12-21T08:00:00Z".parse().unwrap()),
        start: Some(Moment::At("2026-12-21T10:00:00Z".parse().unwrap())),
        title: None,
    });
    assert_eq!(new, format!("{series}_R20261221T080000"));
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.ids(), [series.clone(), late, new.clone()]);
    let rows = delta.json["items"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(
        row(&series)["recurrence"],
        json!(["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261221T075959Z"])
    );
    assert_eq!(
        row(&new)["recurrence"],
        json!(["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4"])
    );
    assert_eq!(row(&new)["conferenceData"], row(&series)["conferenceData"]);
    let path = calendar(&format!("primary/events/{new}/instances"));
    let instances = bench.ask(&token, "GET", &path, Value::Null).await;
    assert_eq!(
        instances.ids()[0],
        format!("{series}_20261221T100000Z"),
        "instances go without _R"
    );
    let path = calendar(&format!("primary/events/{series}_20261221T100000Z"));
    assert_eq!(
        bench
            .ask(&token, "GET", &path, Value::Null)
            .await
            .str("/recurringEventId"),
        new
    );
}

#[tokio::test]
async fn a_guest_sees_the_organizers_event_with_the_same_id_and_without_self() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    let event = NewEvent {
        guests: vec![ANA.to_owned()],
        ..NewEvent::new(BEN, "Ben's", Moment::At("2026-12-02T09:00:00Z".parse().unwrap()))
    };
    let id = bench.hand(Hand::AddEvent(Box::new(event)));
    let row = bench
        .ask(
            &token,
            "GET",
            &calendar(&format!("primary/events/{id}")),
            Value::Null,
        )
        .await;
    assert_eq!(row.str("/organizer/email"), BEN);
    assert!(row.json.pointer("/organizer/self").is_none());
    assert_eq!(row.json.pointer("/attendees/1/self"), Some(&json!(true)));
    let sync = bench.sync_token(&token).await;
    bench.hand(Hand::RenameEvent {
        calendar: BEN.to_owned(),
        event: id.clone(),
        title: "Moved".to_owned(),
    });
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.str("/items/0/summary"), "Moved");
    bench.hand(Hand::CancelEvent {
        calendar: BEN.to_owned(),
        event: id,
    });
    let delta = bench.list(&token, &format!("syncToken={sync}")).await;
    assert_eq!(delta.str("/items/0/status"), "cancelled");
    assert!(bench.simulator.with(|world| world.mails().is_empty()));
}

#[tokio::test]
async fn a_field_mask_without_the_token_loses_the_token_and_a_wrong_one_is_refused() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    let got = bench.list(&token, "fields=items(id,start/dateTime)").await;
    assert_eq!(
        got.json["items"][0]["start"],
        json!({"dateTime": "2026-12-02T10:00:00+01:00"})
    );
    assert!(got.json.get("nextSyncToken").is_none());
    assert_eq!(
        bench.list(&token, "fields=items(sumary)").await.reason(),
        "invalidParameter"
    );
}

#[tokio::test]
async fn the_same_seed_and_the_same_requests_give_the_same_bytes() {
    let run = async || {
        let bench = Bench::new();
        let token = bench.google(&[CALENDAR]);
        bench.event(
            "A",
            "2026-12-02T09:00:00Z",
            NewConference::ZoomAddOn(ANA.to_owned()),
        );
        bench.list(&token, "").await.text
    };
    assert_eq!(run().await, run().await);
}
