//! Meetings looked at again: changed or vanished at their provider, or not to be had.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{Change, MeetingState, Outcome, Overall, Remedy, Service};
use reconvene_simulator::{Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Running, Stand, refused};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn edit(stand: &Stand, meeting: u64, topic: &str) {
    stand.hand(Hand::EditMeeting {
        meeting,
        topic: Some(topic.into()),
        start: None,
        minutes: None,
    });
}

pub(crate) async fn look(stand: &Stand) {
    stand.engine.sync(None, true).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p2_a_meeting_changed_at_the_provider_is_noticed_by_itself_and_the_calendar_wins() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    edit(&stand, meeting, "Sabotage");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.topic(meeting).as_deref(),
        Some("Sabotage"),
        "nobody looked yet"
    );
    let stop = tokio_util::sync::CancellationToken::new();
    let hours = tokio::time::timeout(Duration::from_secs(7 * 3600), stand.engine.run(stop));
    assert!(hours.await.is_err());
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.newest().outcome, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn p6_looking_at_meetings_in_step_writes_nothing_and_tells_nothing() {
    let stand = Stand::new("").await;
    stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    let entries = stand.engine.activity(99, None).unwrap().len();
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert_eq!(stand.zoom_methods(), ["GET"]);
    assert_eq!(stand.engine.activity(99, None).unwrap().len(), entries);
}

#[tokio::test(start_paused = true)]
async fn p11_who_wants_to_be_asked_sees_both_values_and_decides() {
    let stand = Stand::new("ask_on_drift = true\n").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    edit(&stand, meeting, "Changed there");
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    let view = stand.view("Review");
    assert_eq!((view.state, view.differences.len()), (MeetingState::OutOfStep, 1));
    assert_eq!(stand.newest().problem.unwrap().code, Code::Drifted);
    assert_eq!(stand.newest().remedies, [Remedy::Fix, Remedy::Ignore]);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Changed there"));
    let entries = stand.engine.activity(99, None).unwrap().len();
    look(&stand).await;
    assert_eq!(
        stand.engine.activity(99, None).unwrap().len(),
        entries,
        "asked once"
    );
    stand.engine.approve(&[view.id]).unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p11_the_next_dates_of_a_series_are_written_without_a_question_as_nothing_changed_at_the_provider() {
    let stand = Stand::new("ask_on_drift = true\n").await;
    let (_, meeting) = stand.series("Daily", "2026-12-01T09:00:00Z", "FREQ=DAILY");
    stand.sync().await;
    tokio::time::advance(MINUTE * 60 * 24 * 45).await;
    look(&stand).await;
    assert_eq!(stand.state("Daily"), MeetingState::InStep);
    let ahead = |stand: &Stand| {
        let now = stand.now();
        let dates = crate::series::dates(stand, meeting);
        dates
            .into_iter()
            .filter(|date| date.parse::<jiff::Timestamp>().unwrap() > now)
            .count()
    };
    assert!(ahead(&stand) > 40, "{}", ahead(&stand));
    assert!(stand.engine.status().unwrap().asking.is_empty());
    // What was changed there in the meantime is asked about all the same.
    tokio::time::advance(MINUTE * 60 * 24 * 40).await;
    edit(&stand, meeting, "Changed there");
    look(&stand).await;
    assert_eq!(stand.newest().problem.unwrap().code, Code::Drifted);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Changed there"));
    look(&stand).await;
    assert_eq!(
        stand.topic(meeting).as_deref(),
        Some("Changed there"),
        "still asked"
    );
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_settled_itself_is_withdrawn() {
    let stand = Stand::new("ask_on_drift = true\n").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    for topic in ["Changed there", "Review"] {
        edit(&stand, meeting, topic);
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
    }
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    let status = stand.engine.status().unwrap();
    assert_eq!((status.asking, status.overall), (vec![], Overall::InStep));
    assert_eq!(stand.newest().remedies, []);
}

#[tokio::test(start_paused = true)]
async fn p11_a_look_asked_for_before_a_sign_in_is_made_right_after_it() {
    let (stand, ..) = Stand::in_step("").await;
    stand.hand(Hand::RevokeZoom { email: ANA.into() });
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert_eq!(stand.engine.status().unwrap().overall, Overall::NeedsYou);
    let running = Running::start(&stand);
    stand.sign_in(Service::Zoom).await;
    stand.clear_log();
    tokio::time::sleep(MINUTE).await;
    assert_eq!(stand.zoom_methods(), ["GET"]);
    assert_eq!(stand.engine.status().unwrap().overall, Overall::InStep);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p11_whoever_ignores_a_look_that_failed_hears_of_it_no_more() {
    let (stand, ..) = Stand::in_step("").await;
    let away = Rule::once(Wire::Zoom, "/meetings/", refused("503_html")).method("GET");
    stand
        .simulator
        .with(|world| world.faults().add(Rule { times: None, ..away }));
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert_eq!(stand.newest().remedies, [Remedy::Retry, Remedy::Ignore]);
    stand.engine.ignore(stand.view("Review").id).unwrap();
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
    assert_eq!(stand.newest().remedies, []);
}

#[tokio::test(start_paused = true)]
async fn p11_a_vanished_meeting_is_told_of_once_however_often_it_is_looked_for() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::DeleteMeeting { meeting });
    for _ in 0..3 {
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
    }
    let told = || {
        let entries = stand.engine.activity(99, None).unwrap();
        let gone = |code| code == Some(Code::MeetingGone);
        let problems = entries
            .into_iter()
            .map(|entry| entry.problem.map(|problem| problem.code));
        problems.filter(|code| gone(*code)).count()
    };
    assert_eq!(told(), 1);
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    // An edit is a new reason to say so.
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(told(), 2);
}

#[tokio::test(start_paused = true)]
async fn p11_signing_in_again_repeats_nothing_about_a_meeting_that_vanished() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.simulator.with(|world| {
        let gone = Rule::once(Wire::Zoom, "/meetings/", refused("zoom_404")).method("GET");
        world.faults().add(Rule { times: None, ..gone });
    });
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    let told = stand.engine.activity(99, None).unwrap();
    for who in [ANA, BEN] {
        stand.clear_log();
        stand.sign_in_as(Service::Zoom, who).await;
        assert!(stand.sync_after(MINUTE).await.needs_you);
        let looked = stand.zoom_requests();
        assert!(looked.iter().any(|entry| entry.meeting() == Some(meeting)));
        assert_eq!(stand.engine.activity(99, None).unwrap(), told, "{who}");
        assert_eq!(stand.state("Review"), MeetingState::Failed);
    }
    stand.simulator.with(|world| world.faults().clear());
    stand.sign_in(Service::Zoom).await;
    assert!(!stand.sync_after(MINUTE).await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p3_one_wrong_not_found_destroys_nothing_and_is_taken_back() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.fault(
        reconvene_simulator::Service::Zoom,
        "/meetings/",
        "GET",
        crate::stand::refused("zoom_404"),
    );
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert_eq!(stand.newest().problem.unwrap().code, Code::MeetingGone);
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p11_dates_added_to_a_series_at_zoom_are_asked_about_or_told_when_they_go() {
    for asks in [true, false] {
        let stand = Stand::new(&format!("ask_on_drift = {asks}")).await;
        let (_, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=2");
        stand.sync().await;
        stand.hand(Hand::RepeatMeeting {
            meeting,
            recurrence: serde_json::json!({"type": 2, "weekly_days": "3", "end_times": 9}),
        });
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
        let dates = crate::series::dates(&stand, meeting).len();
        let newest = stand.newest();
        if asks {
            assert_eq!((dates, newest.outcome), (9, Outcome::NeedsYou));
            continue;
        }
        let told = Change::Rule {
            before: "every week on Tue, until 2027-01-26".to_owned(),
            after: "every week on Tue, until 2026-12-08".to_owned(),
        };
        assert_eq!((dates, newest.changes), (2, vec![told]));
        stand.engine.undo(&newest.id.to_string()).await.unwrap();
        assert_eq!(
            crate::series::dates(&stand, meeting).len(),
            9,
            "and can be taken back"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p11_who_wants_to_be_asked_is_asked_as_well_about_a_meeting_that_is_back() {
    let stand = Stand::new("ask_on_drift = true\n").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    edit(&stand, meeting, "Changed there");
    stand.fault(Wire::Zoom, "/meetings/", "GET", crate::stand::refused("zoom_404"));
    for code in [Code::MeetingGone, Code::Drifted] {
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
        assert_eq!(stand.newest().problem.unwrap().code, code);
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Changed there"));
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
}
