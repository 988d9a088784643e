//! A meeting made anew in the place of one that vanished.

use super::*;

#[tokio::test(start_paused = true)]
async fn p5_a_vanished_meeting_is_made_anew_in_its_place() {
    for conference in ["block", "location"] {
        let (stand, _) = ready().await;
        let (event, old) = stand.event("Retro", START);
        if conference == "location" {
            let link = stand
                .simulator
                .with(|world| world.meeting(old).unwrap().join_url());
            write(&stand, &event, json!({"conferenceData": null, "location": link}));
        }
        stand.sync().await;
        stand.hand(Hand::ForgetMeeting { meeting: old });
        stand.rename(&event, "Retrospective");
        stand.sync_after(Duration::from_secs(60)).await;
        let view = stand.view("Retrospective");
        assert!(view.remedies.contains(&Remedy::Recreate), "{view:#?}");
        assert!(stand.newest().remedies.contains(&Remedy::Recreate));
        let added = stand.engine.recreate(view.id).await.unwrap();
        let [meeting] = meetings(&stand)[..] else { panic!() };
        assert_eq!(added.number, Some(meeting.to_string()));
        assert_eq!(shown(&stand, &event), Some(meeting), "{conference}");
        assert_eq!(field(&stand, &event, "conferenceData"), Value::Null);
        assert_eq!(stand.topic(meeting).as_deref(), Some("Retrospective"));
        let report = stand.sync_after(Duration::from_secs(60)).await;
        assert_eq!(report.entries, [], "nobody took anything off");
        assert_eq!(stand.engine.meetings().unwrap().len(), 1);
        assert_eq!(stand.state("Retrospective"), MeetingState::InStep);
        assert!(
            stand.engine.recreate(added.id).await.is_err(),
            "that one is there"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p13_a_wait_asked_for_while_a_meeting_is_looked_for_is_kept() {
    let (stand, event) = ready().await;
    stand.fault(Wire::Zoom, "/users/me/meetings", "POST", answer_lost());
    stand.fault(Wire::Zoom, "/users/me/meetings", "GET", refused("429_seconds"));
    assert_eq!(add(&stand, &event).await, Err(Code::RateLimited));
    stand.event("Other", START);
    stand.clear_log();
    stand.sync_after(Duration::from_secs(3)).await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
    stand.sync_after(Duration::from_secs(5)).await;
    let number = shown(&stand, &event).unwrap();
    assert_eq!(stand.topic(number).as_deref(), Some("Review"));
    assert_eq!(meetings(&stand).len(), 2, "one for each event");
}

#[tokio::test(start_paused = true)]
async fn p13_a_meeting_is_not_made_anew_while_its_account_has_to_wait() {
    let (stand, _) = ready().await;
    let (event, old) = stand.event("Retro", START);
    let (other, _) = stand.event("Other", START);
    stand.sync().await;
    stand.hand(Hand::ForgetMeeting { meeting: old });
    stand.rename(&event, "Retrospective");
    stand.sync().await;
    stand.rename(&other, "Others");
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    stand.sync().await;
    stand.clear_log();
    let vanished = stand.view("Retrospective").id;
    let refused = stand.engine.recreate(vanished).await.unwrap_err();
    assert_eq!(refused.code, Code::RateLimited);
    assert_eq!(stand.zoom_methods(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn p5_a_vanished_meeting_is_not_made_anew_beside_a_link_that_people_would_join_by() {
    let (stand, _) = ready().await;
    let (event, old) = stand.event("Retro", START);
    let (_, other) = stand.event("Other", START);
    let link = stand
        .simulator
        .with(|world| world.meeting(other).unwrap().join_url());
    write(&stand, &event, json!({"location": link}));
    stand.sync().await;
    stand.hand(Hand::ForgetMeeting { meeting: old });
    stand.rename(&event, "Retrospective");
    stand.sync_after(Duration::from_secs(60)).await;
    let view = stand.view("Retrospective");
    let refused = stand.engine.recreate(view.id).await.unwrap_err();
    assert_eq!(refused.code, Code::HasMeeting);
    assert_eq!(meetings(&stand), [other]);
    assert_eq!(stand.google_writes(), 0);
}

/// A series of five, split after the second date, whose meeting vanished. Returns both halves.
async fn split_and_vanished(stand: &Stand) -> (String, String) {
    let (first, old) = stand.series("Retro", START, "FREQ=WEEKLY;COUNT=5");
    stand.sync().await;
    let second = stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: first.clone(),
        at: at("2026-12-15T09:00:00Z"),
        start: None,
        title: None,
    });
    stand.sync_after(Duration::from_secs(60)).await;
    stand.hand(Hand::ForgetMeeting { meeting: old });
    (first, second)
}

fn failed(stand: &Stand) -> Vec<reconvene_core::id::MeetingId> {
    let views = stand.engine.meetings().unwrap();
    let failed = views.iter().filter(|view| view.state == MeetingState::Failed);
    failed.map(|view| view.id).collect()
}

#[tokio::test(start_paused = true)]
async fn p11_the_half_of_a_series_that_goes_on_takes_the_meeting_made_anew() {
    let (stand, _) = ready().await;
    let (_, second) = split_and_vanished(&stand).await;
    // The first half is over.
    stand.sync_after(Duration::from_secs(17 * 24 * 3600)).await;
    stand.engine.sync(None, true).await.unwrap();
    let vanished = failed(&stand)[0];
    stand.engine.recreate(vanished).await.unwrap();
    assert_eq!(shown(&stand, &second), meetings(&stand).first().copied());
}

#[tokio::test(start_paused = true)]
async fn p11_the_other_half_goes_on_saying_that_its_meeting_vanished() {
    let (stand, _) = ready().await;
    let (first, second) = split_and_vanished(&stand).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    stand.engine.sync(None, true).await.unwrap();
    stand.engine.recreate(failed(&stand)[0]).await.unwrap();
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(shown(&stand, &first).is_some() && shown(&stand, &second).is_none());
    assert!(!failed(&stand).is_empty());
    assert!(stand.sync().await.needs_you);
}
