//! The calendar lists: what comes, goes and changes in them.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{CalendarView, MeetingState, Outcome, Overall, Service};
use reconvene_simulator::google::Role;
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Running, Stand, refused};

const QUARTER: Duration = Duration::from_secs(19 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 19 * 60);

/// A calendar of Ben's that Ana may write to, with an id as holiday calendars have them.
async fn shared(stand: &Stand) -> String {
    let calendar = stand.hand(Hand::CreateCalendar {
        owner: BEN.into(),
        summary: "Team".into(),
        id: Some("team#holiday@group.v.calendar.google.com".into()),
        time_zone: None,
    });
    stand.hand(Hand::ShareCalendar {
        calendar: calendar.clone(),
        with: ANA.into(),
        role: Role::Writer,
    });
    stand.engine.refresh_calendars().await.unwrap();
    stand.engine.watch_calendar(&calendar, true).await.unwrap();
    calendar
}

fn calendar(stand: &Stand, id: &str) -> CalendarView {
    let all = stand.engine.calendars().unwrap();
    all.into_iter().find(|view| view.google_id == id).unwrap()
}

/// The readings of the list so far: whether by token.
fn readings(stand: &Stand) -> Vec<bool> {
    let asked = stand.requests();
    let lists = asked
        .iter()
        .filter(|entry| entry.path.ends_with("/users/me/calendarList"));
    lists.map(|entry| entry.param("syncToken").is_some()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_by_token_every_quarter_of_an_hour_and_whole_once_a_day() {
    let stand = Stand::new("").await;
    let running = Running::start(&stand);
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(24 * 60 * 60)).await;
    let day = readings(&stand);
    let whole = day.iter().filter(|by_token| !**by_token).count();
    assert!((77..=128).contains(&day.len()), "{} readings in a day", day.len());
    assert_eq!(whole, 0);
    tokio::time::sleep(QUARTER).await;
    let whole = readings(&stand).iter().filter(|by_token| !**by_token).count();
    assert_eq!(whole, 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_calendar_that_is_added_or_hidden_is_there() {
    let stand = Stand::new("").await;
    let running = Running::start(&stand);
    let added = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "New".into(),
        id: None,
        time_zone: None,
    });
    tokio::time::sleep(QUARTER).await;
    assert!(calendar(&stand, &added).available);
    stand.hand(Hand::HideCalendar {
        calendar: ANA.into(),
        person: ANA.into(),
        hidden: true,
    });
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    tokio::time::sleep(QUARTER).await;
    stand.rename(&event, "Retro");
    tokio::time::sleep(QUARTER).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert!(calendar(&stand, ANA).available);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_p11_a_calendar_taken_off_the_list_is_left_alone_and_goes_on_when_it_comes_back() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let team = shared(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(120)).await;
    let list = |listed| Hand::ListCalendar {
        calendar: team.clone(),
        person: ANA.into(),
        listed,
    };
    let rename = |title: &str| Hand::RenameEvent {
        calendar: team.clone(),
        event: event.clone(),
        title: title.into(),
    };
    stand.hand(list(false));
    tokio::time::sleep(QUARTER).await;
    let lost = calendar(&stand, &team);
    assert!(!lost.available && lost.watched);
    assert_eq!(lost.health.problem.unwrap().code, Code::CalendarGone);
    assert_eq!(stand.engine.status().unwrap().overall, Overall::NeedsYou);
    stand.hand(rename("Retro"));
    stand.clear_log();
    tokio::time::sleep(QUARTER).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    let asked = stand.requests();
    assert!(
        asked.iter().all(|entry| !entry.path.contains("holiday")),
        "it is not read"
    );
    stand.hand(list(true));
    tokio::time::sleep(QUARTER).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(calendar(&stand, &team).health.problem, None);
    assert_eq!(stand.engine.status().unwrap().problems, []);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p14_what_a_lost_calendar_said_undoes_nothing_that_was_done_at_the_provider() {
    let stand = Stand::new("").await;
    let team = shared(&stand).await;
    let (_, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(QUARTER).await;
    let list = |listed| Hand::ListCalendar {
        calendar: team.clone(),
        person: ANA.into(),
        listed,
    };
    stand.hand(list(false));
    tokio::time::sleep(QUARTER).await;
    stand.hand(Hand::EditMeeting {
        meeting,
        topic: Some("By hand".into()),
        start: None,
        minutes: None,
    });
    tokio::time::sleep(QUARTER * 4 * 13).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("By hand"));
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
    stand.hand(list(true));
    tokio::time::sleep(QUARTER * 4 * 7).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_by_hand_looks_for_a_calendar_that_is_back() {
    let stand = Stand::new("").await;
    let team = shared(&stand).await;
    stand.sync().await;
    let list = |listed| Hand::ListCalendar {
        calendar: team.clone(),
        person: ANA.into(),
        listed,
    };
    stand.hand(list(false));
    stand.engine.refresh_calendars().await.unwrap();
    let codes: Vec<Code> = stand
        .sync()
        .await
        .problems
        .iter()
        .map(|problem| problem.code)
        .collect();
    assert_eq!(codes, [Code::CalendarGone]);
    stand.hand(list(true));
    assert_eq!(stand.sync().await.problems, []);
}

#[tokio::test(start_paused = true)]
async fn p3_a_calendar_that_one_reading_leaves_out_is_asked_for_before_it_counts_as_gone() {
    let stand = Stand::new("").await;
    let team = shared(&stand).await;
    let partial = Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: format!(
            r#"{{"items":[{{"id":"{ANA}","summary":null,"primary":true,"accessRole":"owner"}}],"nextSyncToken":"t"}}"#
        ),
    };
    stand.fault(Wire::Google, "/calendarList", "GET", Fault::before(partial));
    stand.engine.refresh_calendars().await.unwrap();
    assert!(calendar(&stand, &team).available);
    assert_eq!(stand.sync().await.problems, []);
}

#[tokio::test(start_paused = true)]
async fn a_list_token_that_is_lost_leads_to_one_whole_reading() {
    let stand = Stand::new("").await;
    let running = Running::start(&stand);
    for preset in ["google_410", "google_400_token"] {
        stand.clear_log();
        stand.fault(Wire::Google, "/calendarList", "GET", refused(preset));
        tokio::time::sleep(QUARTER).await;
        assert_eq!(readings(&stand).get(..2), Some(&[true, false][..]), "{preset}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p10_a_list_that_fails_is_tried_again_and_stops_no_pass() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(QUARTER).await;
    stand.simulator.with(|world| {
        for _ in 0..3 {
            let fault = refused("503_html");
            world
                .faults()
                .add(Rule::once(Wire::Google, "/calendarList", fault));
        }
    });
    stand.clear_log();
    stand.rename(&event, "Retro");
    tokio::time::sleep(3 * QUARTER).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.engine.status().unwrap().problems, []);
    assert!(
        readings(&stand).len() < 12,
        "no storm: {}",
        readings(&stand).len()
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_or_name_that_the_owner_changed_is_known_within_a_day() {
    let stand = Stand::new("").await;
    let team = shared(&stand).await;
    stand.engine.watch_calendar(&team, false).await.unwrap();
    let running = Running::start(&stand);
    tokio::time::sleep(QUARTER).await;
    stand.hand(Hand::RenameCalendar {
        calendar: team.clone(),
        summary: "The team".into(),
    });
    stand.hand(Hand::ShareCalendar {
        calendar: team.clone(),
        with: ANA.into(),
        role: Role::Reader,
    });
    tokio::time::sleep(QUARTER).await;
    assert_eq!(calendar(&stand, &team).name, "Team", "no row tells");
    tokio::time::sleep(DAY).await;
    let view = calendar(&stand, &team);
    assert_eq!((view.name.as_str(), view.access.as_str()), ("The team", "reader"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_p11_a_calendar_that_becomes_read_only_has_its_meetings_left_as_they_are_and_says_so() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let team = shared(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    let (other, kept) = stand.event_on(&team, "Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::ShareCalendar {
        calendar: team.clone(),
        with: ANA.into(),
        role: Role::Reader,
    });
    stand.hand(Hand::RenameEvent {
        calendar: team.clone(),
        event,
        title: "Retro".into(),
    });
    stand.hand(Hand::CancelEvent {
        calendar: team,
        event: other,
    });
    stand.sync().await;
    stand.sync_after(Duration::from_secs(600)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert!(stand.exists(kept));
    assert_eq!(stand.state("Retro"), MeetingState::WatchedOnly);
    let entries = stand.engine.activity(99, None).unwrap();
    let told = entries.iter().find(|entry| entry.title == "Retro").unwrap();
    assert_eq!(told.outcome, Outcome::Kept);
    let why = "The calendar of the event may only be read now, so its meeting was left as it is.";
    assert_eq!(told.problem.as_ref().unwrap().message, why);
}

#[tokio::test(start_paused = true)]
async fn p3_a_full_list_that_does_not_name_the_role_makes_nobody_the_owner() {
    let stand = Stand::new("").await;
    let team = shared(&stand).await;
    stand.hand(Hand::ShareCalendar {
        calendar: team.clone(),
        with: ANA.into(),
        role: Role::Reader,
    });
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::RenameEvent {
        calendar: team,
        event,
        title: "Retro".into(),
    });
    // The token is not taken, and the list that takes its place is empty: the event is looked up.
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    let empty = Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: r#"{"items":[],"nextSyncToken":"CPDAlvWDx70CEPDAlvWDx70CGAU="}"#.to_owned(),
    };
    stand.simulator.with(|world| {
        let rule = Rule::once(Wire::Google, "team", Fault::before(empty)).method("GET");
        world.faults().add(Rule { skip: 1, ..rule });
    });
    stand.clear_log();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    let read = stand
        .requests()
        .iter()
        .any(|entry| entry.path.contains("/events/"));
    assert!(read, "it was looked up");
}

#[tokio::test(start_paused = true)]
async fn p10_each_account_has_a_list_of_its_own() {
    let stand = Stand::new("").await;
    stand.sign_in_as(Service::Google, BEN).await;
    let running = Running::start(&stand);
    stand.hand(Hand::RevokeGoogle { person: BEN.into() });
    let added = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "New".into(),
        id: None,
        time_zone: None,
    });
    tokio::time::sleep(2 * QUARTER).await;
    assert!(calendar(&stand, &added).available);
    let accounts = stand.engine.accounts().unwrap();
    let problems: Vec<_> = accounts
        .iter()
        .map(|account| account.health.problem.as_ref().map(|problem| problem.code))
        .collect();
    assert_eq!(
        problems.iter().flatten().collect::<Vec<_>>(),
        [&Code::SignInAgain]
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p11_a_calendar_that_shows_only_when_somebody_is_busy_is_not_watched_and_that_is_said() {
    let stand = Stand::new("").await;
    let busy = stand.hand(Hand::CreateCalendar {
        owner: BEN.into(),
        summary: "Ben".into(),
        id: None,
        time_zone: None,
    });
    stand.hand(Hand::ShareCalendar {
        calendar: busy.clone(),
        with: ANA.into(),
        role: Role::FreeBusyReader,
    });
    stand.engine.refresh_calendars().await.unwrap();
    let refused = stand.engine.watch_calendar(&busy, true).await.unwrap_err();
    assert_eq!(refused.code, Code::PermissionDenied);
    assert!(refused.message.contains("Ben") && !refused.hint.is_empty());
    assert!(!calendar(&stand, &busy).watched);
}
