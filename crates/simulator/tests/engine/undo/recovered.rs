//! A deletion taken back: Zoom keeps what was deleted for seven days.

use super::*;

#[tokio::test(start_paused = true)]
async fn p9_a_deleted_meeting_is_recovered_stays_and_nobody_gets_a_mail() {
    let (stand, _, meeting) = deleted().await;
    let done = stand.newest();
    let taken_back = undo(&stand, &done).await;
    assert_eq!(
        (taken_back.outcome, taken_back.title.as_str()),
        (Outcome::Undone, "Review")
    );
    assert!(stand.exists(meeting));
    assert!(entry(&stand, &done).undone);
    assert_eq!(stand.zoom_methods(), ["GET", "PUT", "GET"]);
    stand.clear_log();
    for _ in 0..3 {
        stand.sync_after(MINUTE * 10).await;
    }
    assert_eq!(
        writes(&stand),
        [],
        "its cancelled event asks for nothing any more"
    );
    assert!(stand.exists(meeting));
    assert_eq!(stand.simulator.with(|world| world.mails().len()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_recovered_meeting_whose_event_came_back_belongs_to_it_again() {
    let (stand, event, meeting) = deleted().await;
    let done = stand.newest();
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event: event.clone(),
    });
    stand.sync().await;
    assert_eq!(undo(&stand, &done).await.outcome, Outcome::Undone);
    assert!(stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    assert!(!stand.sync().await.needs_you);
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p11_an_event_that_comes_back_after_its_meeting_was_deleted_is_told_so_and_gets_that_one_or_a_new_one()
 {
    for anew in [false, true] {
        let (stand, event, meeting) = deleted().await;
        let done = stand.newest();
        stand.sync_after(DAY).await;
        stand.hand(Hand::UndeleteEvent {
            calendar: ANA.into(),
            event,
        });
        stand.sync_after(MINUTE).await;
        let told = stand.newest();
        let why = told.problem.unwrap();
        assert_eq!(why.code, Code::MeetingGone);
        assert!(why.message.contains("Reconvene deleted"), "{}", why.message);
        assert_eq!(told.remedies, [Remedy::Recreate, Remedy::Retry, Remedy::Ignore]);
        assert_eq!(entry(&stand, &done).remedies, [Remedy::Undo]);
        if anew {
            stand.permit().await;
            stand.engine.recreate(told.meeting.unwrap()).await.unwrap();
            assert!(!stand.exists(meeting));
        } else {
            assert_eq!(undo(&stand, &done).await.outcome, Outcome::Undone);
            assert!(stand.exists(meeting));
        }
        assert_eq!(stand.state("Review"), MeetingState::InStep);
        assert!(!stand.sync().await.needs_you);
    }
}

#[tokio::test(start_paused = true)]
async fn after_seven_days_a_deletion_is_final_and_says_so() {
    let (stand, _, _) = deleted().await;
    let done = stand.newest();
    tokio::time::advance(DAY * 7 + MINUTE).await;
    assert_eq!(entry(&stand, &done).remedies, []);
    let refused = stand.engine.undo(&done.id.to_string()).await.unwrap_err();
    assert_eq!(refused.code, Code::BadUsage);
}

#[tokio::test(start_paused = true)]
async fn p11_a_meeting_that_zoom_has_no_more_is_said_to_be_gone_for_good() {
    let (stand, _, meeting) = deleted().await;
    stand.hand(Hand::ForgetMeeting { meeting });
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(
        (told.outcome, told.problem.unwrap().code),
        (Outcome::Refused, Code::MeetingGone)
    );
    assert!(stand.sync().await.needs_you);
    stand.engine.ignore(told.meeting.unwrap()).unwrap();
    assert!(!stand.sync().await.needs_you, "it can be waved away");
}

#[tokio::test(start_paused = true)]
async fn p11_a_grant_that_does_not_allow_recovering_is_named_and_the_account_goes_on() {
    let (stand, _, meeting) = deleted().await;
    stand.fault(Wire::Zoom, "/status", "PUT", refused("zoom_4711"));
    let told = undo(&stand, &stand.newest()).await;
    let problem = told.problem.clone().unwrap();
    assert_eq!(
        (told.outcome, problem.code),
        (Outcome::Refused, Code::MissingScope)
    );
    assert!(problem.hint.contains("meeting:update:status"), "{}", problem.hint);
    assert!(told.remedies.contains(&Remedy::Undo));
    let accounts = stand.engine.accounts().unwrap();
    assert!(accounts.iter().all(|account| account.health.problem.is_none()));
    // The scope was added meanwhile.
    assert_eq!(undo(&stand, &told).await.outcome, Outcome::Undone);
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p11_a_recovery_during_which_the_last_event_goes_is_told_all_the_same() {
    let (stand, event, meeting) = deleted().await;
    let done = stand.newest();
    let copy = stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event,
        to: None,
        start: None,
    });
    stand.sync_after(MINUTE).await;
    stand.cancel(&copy);
    let path = format!("{meeting}/status");
    stand.fault(
        Wire::Zoom,
        &path,
        "PUT",
        Fault::after(reconvene_simulator::Effect::Slow(5_000)),
    );
    let what = done.id.to_string();
    let gone = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stand.sync().await
    };
    let (undone, _) = tokio::join!(stand.engine.undo(&what), gone);
    undone.unwrap();
    assert!(stand.exists(meeting));
    assert!(entry(&stand, &done).undone);
    assert_eq!(stand.newest().outcome, Outcome::Undone);
}
