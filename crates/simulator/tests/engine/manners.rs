//! Manners: how much is asked of the services, and when.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{Outcome, Remedy, Service};
use reconvene_simulator::hands::{NewConference, NewEvent};
use reconvene_simulator::zoom::Plan;
use reconvene_simulator::{Effect, Entry, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Running, Stand, at, refused};

fn left(stand: &Stand) -> u32 {
    let accounts = stand.engine.accounts().unwrap();
    let zoom = accounts
        .iter()
        .find(|account| account.service == Service::Zoom)
        .unwrap();
    zoom.writes_left_today.unwrap()
}

/// Spends a day's budget but for what is kept for the person.
async fn spend(stand: &Stand, event: &str) {
    for round in 0..80 {
        stand.rename(event, &format!("Round {round}"));
        stand.sync().await;
    }
}

#[tokio::test(start_paused = true)]
async fn p13_the_last_twenty_writes_of_a_day_are_kept_for_the_person() {
    let mut stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    assert_eq!(left(&stand), 100);
    spend(&stand, &event).await;
    assert_eq!(
        (left(&stand), stand.topic(meeting).as_deref()),
        (20, Some("Round 79"))
    );
    stand.restart();
    stand.rename(&event, "One more");
    stand.clear_log();
    stand.sync().await;
    assert_eq!(
        stand.zoom_methods(),
        [""; 0],
        "nothing is asked that cannot be written"
    );
    let entry = stand.newest();
    let problem = entry.problem.unwrap();
    assert_eq!(
        (entry.outcome, problem.code),
        (Outcome::Waiting, Code::DailyBudget)
    );
    let next = entry.next_try.unwrap();
    assert!(next > "2026-11-23T00:00:00Z".parse().unwrap() && next < "2026-11-23T00:11:00Z".parse().unwrap());
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(600)).await;
    }
    assert_eq!(
        stand.zoom_methods(),
        [""; 0],
        "a sync by hand makes no more of it"
    );

    stand.engine.retry(stand.view("One more").id).unwrap();
    stand.sync().await;
    assert_eq!(
        (stand.topic(meeting).as_deref(), left(&stand)),
        (Some("One more"), 19)
    );

    for round in 0..20 {
        let title = format!("By hand {round}");
        stand.rename(&event, &title);
        stand.sync().await;
        stand.engine.retry(stand.view(&title).id).unwrap();
        stand.sync().await;
    }
    let last = stand.newest().problem.unwrap();
    assert_eq!(
        (left(&stand), last.code),
        (0, Code::DailyBudget),
        "no more than Zoom gives"
    );
    assert_eq!(stand.topic(meeting).as_deref(), Some("By hand 18"));

    stand.rename(&event, "And another");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(15 * 3600)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("By hand 18"));
    tokio::time::sleep(Duration::from_secs(80 * 60)).await;
    assert_eq!(
        stand.topic(meeting).as_deref(),
        Some("And another"),
        "the next day"
    );
    assert_eq!(left(&stand), 99);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p10_p13_without_budget_meetings_are_still_deleted() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    let (other, meeting) = stand.event("Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    spend(&stand, &event).await;
    stand.rename(&event, "One more");
    stand.cancel(&other);
    stand.sync().await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p10_when_others_spent_the_days_budget_meetings_are_still_read_and_deleted() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    let (other, meeting) = stand.event("Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::SetWritesToday {
        host: ANA.into(),
        used: 100,
    });
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.newest().problem.unwrap().code, Code::DailyBudget);
    stand.cancel(&other);
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p10_a_scope_that_one_write_lacks_stops_no_other_meeting() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (gone, kept) = stand.event("Gone", "2026-12-01T09:00:00Z");
    let (event, meeting) = stand.event("Review", "2026-12-02T09:00:00Z");
    stand.sync().await;
    let lacks = Rule::once(Wire::Zoom, "/meetings/", Fault::preset("zoom_4711")).method("DELETE");
    stand.simulator.with(|world| {
        let always = Rule { times: None, ..lacks };
        world.faults().add(always);
    });
    let running = Running::start(&stand);
    stand.cancel(&gone);
    tokio::time::sleep(Duration::from_secs(300)).await;
    stand.rename(&event, "Retro");
    tokio::time::sleep(Duration::from_secs(600)).await;
    running.stop().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let entries = stand.engine.activity(9, None).unwrap();
    let told = entries
        .iter()
        .find(|entry| entry.outcome == Outcome::NeedsYou)
        .unwrap();
    assert_eq!(told.problem.as_ref().unwrap().code, Code::MissingScope);
    assert_eq!(told.remedies, [Remedy::SignIn, Remedy::Ignore]);
    assert!(stand.exists(kept));
    // Granted since.
    stand.simulator.with(|world| world.faults().clear());
    stand.sign_in(Service::Zoom).await;
    stand.sync().await;
    assert!(!stand.exists(kept));
}

#[tokio::test(start_paused = true)]
async fn p13_what_others_spent_is_believed() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::SetWritesToday {
        host: ANA.into(),
        used: 100,
    });
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(
        (left(&stand), stand.newest().problem.unwrap().code),
        (0, Code::DailyBudget)
    );
}

#[tokio::test(start_paused = true)]
async fn p13_zooms_rate_for_an_account_without_licence_is_kept() {
    let stand = Stand::new("").await;
    stand.hand(Hand::SetPlan { plan: Plan::Free });
    for hour in 0..20 {
        stand.event(&format!("Talk {hour}"), &format!("2026-12-01T{hour:02}:00:00Z"));
    }
    stand.clear_log();
    stand.sync_after(Duration::from_secs(2)).await;
    let asked: Vec<_> = stand
        .zoom_requests()
        .iter()
        .map(|entry| (entry.at, entry.operation.clone(), entry.status))
        .collect();
    assert!(
        asked.len() >= 20 && asked.iter().all(|(.., status)| *status != 429),
        "{asked:#?}"
    );
}

/// The most requests that came within one minute.
fn most_a_minute(entries: &[Entry]) -> usize {
    let within = |first: &Entry| {
        let last = first.at + jiff::SignedDuration::from_mins(1);
        entries
            .iter()
            .filter(|entry| entry.at >= first.at && entry.at < last)
            .count()
    };
    entries.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn p13_google_is_asked_well_below_its_limit_however_much_there_is_to_ask() {
    let stand = Stand::new("").await;
    let ids: Vec<String> = (0..700)
        .map(|number| {
            stand.add(NewEvent {
                conference: NewConference::Meet,
                ..NewEvent::new(ANA, &format!("Talk {number}"), at("2026-12-01T09:00:00Z"))
            })
        })
        .collect();
    stand.sync().await;
    ids.iter().for_each(|event| stand.cancel(event));
    stand.hand(Hand::ForgetTombstones { calendar: ANA.into() });
    stand.clear_log();
    assert_eq!(stand.sync().await.problems, []);
    let asked = stand.requests();
    assert!(asked.len() >= 700, "each is looked up");
    let most = most_a_minute(&asked);
    assert!((300..=331).contains(&most), "{most} in a minute");
}

/// Six calendars, watched.
async fn six(stand: &Stand) {
    for name in ["One", "Two", "Three", "Four", "Five"] {
        stand.calendar(name, true).await;
    }
}

fn passes(stand: &Stand) -> usize {
    let asked = stand.requests();
    asked
        .iter()
        .filter(|entry| entry.path.ends_with("/events"))
        .count()
}

#[tokio::test(start_paused = true)]
async fn several_reasons_at_once_make_one_pass_of_each_calendar() {
    let stand = Stand::new("").await;
    six(&stand).await;
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(600)).await;
    stand.set_clock_back(-jiff::SignedDuration::from_hours(9));
    stand.clear_log();
    for _ in 0..5 {
        // The lid opens, the network comes and goes.
        stand.engine.woke();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(passes(&stand), 6);
    let mut next: Vec<_> = stand
        .engine
        .calendars()
        .unwrap()
        .iter()
        .map(|calendar| calendar.health.next_try.unwrap())
        .collect();
    next.sort();
    let apart = next[5].duration_since(next[0]);
    assert!(apart > jiff::SignedDuration::from_secs(5), "spread: {apart:?}");
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!((45..=85).contains(&passes(&stand)), "{}", passes(&stand));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_networks_return_starts_no_storm() {
    let stand = Stand::new("").await;
    six(&stand).await;
    let running = Running::start(&stand);
    stand.simulator.with(|world| {
        let gone = Fault::before(Effect::Unreachable);
        world.faults().add(Rule {
            times: None,
            ..Rule::once(Wire::Google, "/", gone)
        });
    });
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let tried = passes(&stand);
    assert!(tried < 6 * 25, "{tried} in an hour without network");
    stand.simulator.with(|world| world.faults().clear());
    stand.clear_log();
    stand.engine.woke();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(passes(&stand), 6);
    assert_eq!(stand.engine.status().unwrap().problems, []);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p13_a_refused_token_costs_no_second_write() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("zoom_401"));
    stand.sync().await;
    assert_eq!(left(&stand), 99);
}

#[tokio::test(start_paused = true)]
async fn p13_a_join_link_is_not_asked_for_while_its_account_is_to_wait() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    let id = stand.view("Review").id;
    assert!(stand.engine.join_link(id).await.is_ok());
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.clear_log();
    let problem = stand.engine.join_link(id).await.unwrap_err();
    assert_eq!(problem.code, Code::RateLimited);
    assert_eq!(stand.zoom_methods(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn p13_a_wait_is_kept_though_another_account_could_be_asked_instead() {
    let stand = Stand::new("").await;
    stand.sign_in_as(Service::Zoom, BEN).await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.hand(Hand::ForgetMeeting { meeting });
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    stand.clear_log();
    stand.sync().await;
    let asked = stand.zoom_requests();
    assert_eq!(asked.len(), 2, "the other one was asked as well: {asked:?}");
    let limited = asked.into_iter().find(|entry| entry.status == 429);
    let limited = limited.and_then(|entry| entry.who);
    let asked_again = |stand: &Stand| {
        let asked = stand.zoom_requests();
        asked.iter().filter(|entry| entry.who == limited).count()
    };
    stand.clear_log();
    stand.sync_after(Duration::from_secs(3)).await;
    assert_eq!(asked_again(&stand), 0, "not before the time it was asked to wait");
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(asked_again(&stand) > 0);
}
