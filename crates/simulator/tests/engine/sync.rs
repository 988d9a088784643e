//! A sync by hand: what it says of how things stand after it.

use std::time::Duration;

use futures::FutureExt;
use reconvene_core::problem::Code;
use reconvene_core::report::Service;
use reconvene_simulator::{Effect, Fault, Service as Wire};

use tokio_util::sync::CancellationToken;

use crate::stand::Stand;

#[tokio::test(start_paused = true)]
async fn p11_what_failed_before_counts_as_long_as_it_waits() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    let wait = Effect::Answer {
        status: 429,
        headers: [("retry-after".to_owned(), "600".to_owned())].into(),
        body: String::new(),
    };
    stand.fault(Wire::Zoom, "/meetings/", "GET", Fault::before(wait));
    assert_eq!(stand.sync().await.waiting, 1);

    stand.clear_log();
    let later = stand.sync().await;
    assert_eq!(stand.zoom_methods(), [""; 0], "Zoom asked for peace");
    assert_eq!((later.entries.len(), later.problems.len()), (0, 0), "nothing new");
    assert_eq!(later.waiting, 1, "and still not done");

    let last = stand.sync_after(Duration::from_secs(601)).await;
    assert_eq!((last.waiting, last.pending), (0, 0));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test]
async fn the_engine_ends_with_its_sign_ins_called_off() {
    let stand = Stand::bare("");
    let (ticket, _) = stand.engine.begin_sign_in(Service::Google).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    stand.engine.run(stop).await;
    let ended = stand.engine.await_sign_in(&ticket).now_or_never();
    let problem = ended.expect("it has ended already").unwrap_err();
    assert_eq!(problem.code, Code::SignInCancelled);
}

#[tokio::test(start_paused = true)]
async fn p11_a_pause_hides_from_a_sync_nothing_that_needs_the_person() {
    let stand = Stand::new("mass_delete_limit = 0\ndelete_grace = \"0s\"\n").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.engine.pause(true).unwrap();
    assert!(stand.sync().await.needs_you);
}
