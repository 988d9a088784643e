//! Meetings asked for by a word in an event.

use super::*;

/// From now on an event that holds the word asks for a meeting; none does with no word.
fn rule(stand: &Stand, word: &str) {
    let settings = stand.engine.settings().unwrap();
    let wanted = SettingsView {
        request_word: word.into(),
        ..settings
    };
    stand.engine.change_settings(wanted).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rule_asks_once_and_only_when_the_person_made_it() {
    let (stand, _) = ready().await;
    let event = stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    stand.sync().await;
    assert_eq!(meetings(&stand), [0; 0], "off by default");
    rule(&stand, "#zoom");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(meetings(&stand).len(), 1, "the word was there before the rule");
    assert!(shown(&stand, &event).is_some());
    let ticked = stand.add(NewEvent::new(ANA, "Ticked", at(START)));
    write(
        &stand,
        &ticked,
        json!({"extendedProperties": {"private": {"reconvene-add": "zoom"}}}),
    );
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(meetings(&stand).len(), 2);
    assert!(shown(&stand, &event).is_some() && shown(&stand, &ticked).is_some());
    // Taken off again, it stays off.
    write(&stand, &event, json!({"location": null}));
    stand.sync_after(Duration::from_secs(60)).await;
    stand.rename(&event, "Plans #zoom again");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(meetings(&stand).len(), 2);
    assert_eq!(shown(&stand, &event), None);
}

#[tokio::test(start_paused = true)]
async fn p11_a_rule_without_the_right_to_write_says_what_it_needs_and_goes_on_with_it() {
    let stand = Stand::new("").await;
    rule(&stand, "#zoom");
    let event = stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    let report = stand.sync().await;
    assert!(report.needs_you);
    let entry = stand.newest();
    assert_eq!(
        (entry.outcome, entry.remedies),
        (Outcome::NeedsYou, vec![Remedy::Permit])
    );
    assert_eq!(meetings(&stand), [0; 0]);
    stand.permit().await;
    stand.sync().await;
    assert_eq!(shown(&stand, &event), meetings(&stand).first().copied());
    assert!(
        !stand
            .engine
            .status()
            .unwrap()
            .problems
            .iter()
            .any(|problem| problem.code == Code::MissingScope)
    );
}

#[tokio::test(start_paused = true)]
async fn a_rule_taken_back_asks_for_nothing_any_more() {
    let stand = Stand::new("").await;
    rule(&stand, "#zoom");
    stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    stand.sync().await;
    assert_eq!(stand.newest().outcome, Outcome::NeedsYou);
    rule(&stand, "");
    stand.sync().await;
    assert_eq!(stand.newest().outcome, Outcome::Kept);
    stand.permit().await;
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(meetings(&stand), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn p5_p14_a_meeting_taken_off_again_is_made_anew_by_nobody() {
    let (stand, _) = ready().await;
    let other = stand.second().await;
    other.permit().await;
    for machine in [&stand, &other] {
        rule(machine, "#zoom");
    }
    let event = stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    stand.sync_after(Duration::from_secs(60)).await;
    other.sync().await;
    assert_eq!(meetings(&stand).len(), 1);
    write(&stand, &event, json!({"location": null}));
    let team = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Team".into(),
        id: None,
        time_zone: None,
    });
    for machine in [&stand, &other] {
        machine.sync_after(Duration::from_secs(60)).await;
        machine.engine.refresh_calendars().await.unwrap();
        machine.engine.watch_calendar(&team, true).await.unwrap();
    }
    stand.hand(Hand::CarryEvent {
        calendar: ANA.into(),
        event,
        to: team,
    });
    for machine in [&stand, &other] {
        machine.sync_after(Duration::from_secs(60)).await;
    }
    assert_eq!(meetings(&stand).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p11_a_rule_without_the_right_to_write_tells_so_once_and_forgets_what_is_cancelled() {
    let stand = Stand::new("").await;
    rule(&stand, "#zoom");
    let event = stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    stand.sync().await;
    let told = stand.newest();
    assert_eq!(told.outcome, Outcome::NeedsYou);
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(2 * 3600)).await;
    }
    let entries = stand.engine.activity(99, None).unwrap();
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [told.id], "nobody is told anew");
    stand.cancel(&event);
    stand.sync_after(Duration::from_secs(2 * 3600)).await;
    assert!(!stand.sync().await.needs_you);
}

#[tokio::test(start_paused = true)]
async fn p13_what_a_rule_may_not_have_today_the_person_can_have_by_hand() {
    let (stand, _) = ready().await;
    rule(&stand, "#zoom");
    let (event, _) = stand.event("Review", START);
    for edit in 0..80 {
        stand.rename(&event, &format!("Review {edit}"));
        stand.sync_after(Duration::from_secs(60)).await;
    }
    let asking = stand.add(NewEvent::new(ANA, "Plans #zoom", at(START)));
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(
        meetings(&stand).len(),
        1,
        "the last of the day are kept for the person"
    );
    add(&stand, &asking).await.unwrap();
    assert_eq!(meetings(&stand).len(), 2);
}
