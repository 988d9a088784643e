//! A clock that is set back stalls nothing for longer than it was meant to wait, and makes nothing look fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::SignedDuration;
use reconvene_core::report::Overall;
use reconvene_engine::ports::{Transport, TransportError};
use reconvene_simulator::{Effect, Fault, Service as Wire};

use crate::shared::InProcess;
use crate::stand::{Running, Stand, Wall};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn p13_a_wait_that_a_service_asked_for_takes_as_long_as_it_asked() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(100)).await;
    stand.rename(&event, "Retro");
    let wait = Effect::Answer {
        status: 429,
        headers: [("retry-after".to_owned(), "120".to_owned())].into(),
        body: String::new(),
    };
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", Fault::before(wait));
    tokio::time::sleep(Duration::from_secs(80)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    stand.set_clock_back(DAY);
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.engine.status().unwrap().problems, []);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_a_grace_period_is_neither_cut_nor_drawn_out() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(100)).await;
    stand.cancel(&event);
    tokio::time::sleep(Duration::from_secs(80)).await;
    stand.set_clock_back(SignedDuration::from_hours(5));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(stand.exists(meeting));
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert!(!stand.exists(meeting));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p11_what_was_read_does_not_seem_to_be_read_in_time_to_come() {
    let mut stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    // While nothing of ours was running.
    stand.set_clock_back(DAY);
    stand.restart();
    stand.rename(&event, "Retro");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(76)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let status = stand.engine.status().unwrap();
    assert!(status.fresh_as_of.unwrap() <= stand.now());
    assert!(status.recent.iter().all(|entry| entry.at <= stand.now()));
    assert_eq!(status.overall, Overall::InStep);
    let lists = |stand: &Stand| {
        let asked = stand.requests();
        asked
            .iter()
            .filter(|entry| entry.path.ends_with("/calendarList"))
            .count()
    };
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    assert!((1..=2).contains(&lists(&stand)), "{}", lists(&stand));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_p11_a_clock_set_back_in_the_middle_of_a_pass_cuts_no_grace_period() {
    let (mut stand, event, meeting) = Stand::in_step("").await;
    stand.cancel(&event);
    stand.restart_over(Arc::new(SetsBack {
        inner: InProcess(stand.simulator.router()),
        wall: stand.wall(),
        done: AtomicBool::new(false),
    }));
    stand.sync().await;
    assert!(stand.engine.status().unwrap().fresh_as_of.unwrap() <= stand.now());
    stand.sync_after(Duration::from_secs(100)).await;
    assert!(stand.exists(meeting), "the pass learnt of it only after that");
    stand.sync_after(Duration::from_secs(30)).await;
    assert!(!stand.exists(meeting));
}

/// Sets the clock back once, while a calendar's events are on their way.
struct SetsBack {
    inner: InProcess,
    wall: Arc<Wall>,
    done: AtomicBool,
}

#[async_trait]
impl Transport for SetsBack {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if request.uri().path().ends_with("/events") && !self.done.swap(true, Ordering::Relaxed) {
            self.wall.set_back(SignedDuration::from_mins(24));
        }
        self.inner.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn p2_what_seemed_over_and_lies_ahead_again_is_followed() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-11-22T09:00:00Z");
    stand.sync().await;
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    stand.set_clock_back(SignedDuration::from_mins(90));
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}
