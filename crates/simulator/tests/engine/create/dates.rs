//! Which events have no meeting yet, and the dates of a series that is given one.

use crate::series::date;

use super::*;

#[tokio::test(start_paused = true)]
async fn p10_events_without_a_meeting_are_listed_and_nothing_of_them_is_kept() {
    let (stand, event) = ready().await;
    stand.event("Has one", "2026-11-24T09:00:00Z");
    let soon = stand.add(NewEvent::new(ANA, "Soon", at("2026-11-24T09:00:00Z")));
    let listed = stand.engine.without_meeting(7).await.unwrap();
    let ids: Vec<&String> = listed.iter().map(|event| &event.event).collect();
    assert_eq!(ids, [&soon]);
    let listed = stand.engine.without_meeting(14).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1].event, event);
    stand.simulator.with(|world| {
        world
            .faults()
            .add(Rule::once(Wire::Google, "/events", Fault::preset("google_500")).method("GET"));
    });
    assert!(stand.engine.without_meeting(7).await.is_err());
}

/// “Lesson”, three times weekly without a meeting; the first is cancelled and the second goes to an hour later.
async fn lesson(stand: &Stand) -> String {
    let series = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=3".into()],
        ..NewEvent::new(ANA, "Lesson", at(START))
    });
    stand.cancel(&date(&series, "20261201T090000Z"));
    stand.drag(&date(&series, "20261208T090000Z"), "2026-12-08T10:00:00Z");
    stand.sync_after(Duration::from_secs(60)).await;
    series
}

#[tokio::test(start_paused = true)]
async fn p10_a_series_without_a_meeting_is_listed_by_the_date_that_comes_next() {
    let (stand, event) = ready().await;
    stand.cancel(&event);
    let series = lesson(&stand).await;
    let listed = stand.engine.without_meeting(14).await.unwrap();
    assert_eq!(listed, [], "its first date is cancelled");
    let listed = stand.engine.without_meeting(30).await.unwrap();
    let whole = listed.iter().find(|view| view.event == series).unwrap();
    assert_eq!(whole.start, "2026-12-08T10:00:00Z".parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn p11_dates_that_were_changed_before_the_series_had_a_meeting_are_named_when_it_gets_one() {
    let (stand, _) = ready().await;
    let series = lesson(&stand).await;
    add(&stand, &series).await.unwrap();
    let entries = stand.engine.activity(9, None).unwrap();
    let of = |outcome| {
        let mut found = entries.iter().filter(|entry| entry.outcome == outcome);
        found.find(|entry| entry.title == "Lesson").unwrap()
    };
    assert!(of(Outcome::Created).problem.is_none());
    let told = &of(Outcome::Kept).problem.as_ref().unwrap().message;
    assert!(told.contains("2026-12-08"), "{told}");
    assert!(
        !told.contains("2026-12-01") && !told.contains("2026-12-15"),
        "{told}"
    );
    // With the link on it the date is followed.
    let location = field(&stand, &series, "location");
    write(
        &stand,
        &date(&series, "20261208T090000Z"),
        json!({"location": location}),
    );
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(60)).await;
    }
    let number = meetings(&stand)[0];
    assert_eq!(
        crate::series::dates(&stand, number),
        ["2026-12-08T10:00:00Z", "2026-12-15T09:00:00Z"]
    );
}

#[tokio::test(start_paused = true)]
async fn p11_dates_that_go_on_leading_to_a_vanished_meeting_are_named_when_their_series_gets_a_new_one() {
    let (stand, _) = ready().await;
    let (series, old) = stand.series("Lesson", START, "FREQ=WEEKLY;COUNT=3");
    stand.sync().await;
    stand.drag(&date(&series, "20261208T090000Z"), "2026-12-08T10:00:00Z");
    stand.sync_after(Duration::from_secs(60)).await;
    stand.hand(Hand::ForgetMeeting { meeting: old });
    tokio::time::advance(Duration::from_secs(60)).await;
    stand.engine.sync(None, true).await.unwrap();
    let vanished = stand.newest();
    assert!(vanished.remedies.contains(&Remedy::Recreate), "{vanished:#?}");
    stand.engine.recreate(vanished.meeting.unwrap()).await.unwrap();
    let entries = stand.engine.activity(9, None).unwrap();
    let kept = entries
        .iter()
        .find(|entry| entry.outcome == Outcome::Kept)
        .unwrap();
    let told = &kept.problem.as_ref().unwrap().message;
    assert!(told.contains("2026-12-08"), "{told}");
    assert!(
        !told.contains("2026-12-01") && !told.contains("2026-12-15"),
        "{told}"
    );
}
