//! Meetings made for events that have none, and written on them.

mod anew;
mod dates;
mod killed;
mod rule;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use http::{Request, Response};
use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Outcome, Remedy, Service, SettingsView};
use reconvene_engine::ports::{Transport, TransportError};
use reconvene_engine::rehearsal::{self, Door, Ended, Fate};
use reconvene_simulator::hands::{NewConference, NewEvent};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};
use serde_json::{Value, json};

use crate::shared::InProcess;
use crate::stand::{ANA, Stand, answer_lost, at, refused};

const START: &str = "2026-12-01T09:00:00Z";

/// Ana, who allowed to change events, and “Review” without a meeting. Returns its id as well.
async fn ready() -> (Stand, String) {
    let stand = Stand::new("").await;
    stand.permit().await;
    let event = stand.add(NewEvent::new(ANA, "Review", at(START)));
    stand.sync().await;
    stand.clear_log();
    (stand, event)
}

fn write(stand: &Stand, event: &str, fields: Value) {
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event: event.into(),
        fields: fields.as_object().unwrap().clone(),
    });
}

fn field(stand: &Stand, event: &str, name: &str) -> Value {
    let event = stand.simulator.with(|world| world.event(ANA, event).unwrap());
    event.more.get(name).cloned().unwrap_or_default()
}

/// Numbers of the meetings that are there.
fn meetings(stand: &Stand) -> Vec<u64> {
    stand.simulator.with(|world| {
        let there = world.meetings().filter(|meeting| meeting.trashed.is_none());
        there.map(|meeting| meeting.id).collect()
    })
}

/// The number that the event's join link names.
fn shown(stand: &Stand, event: &str) -> Option<u64> {
    let text = [
        field(stand, event, "location"),
        field(stand, event, "description"),
    ]
    .map(|text| text.as_str().unwrap_or_default().to_owned())
    .concat();
    let (_, rest) = text.split_once("/j/")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

async fn add(stand: &Stand, event: &str) -> Result<(), Code> {
    let added = stand.engine.add_meeting(ANA, event, Service::Zoom).await;
    added.map(drop).map_err(|problem| problem.code)
}

#[tokio::test(start_paused = true)]
async fn p2_an_added_meeting_equals_its_event_and_follows_it() {
    let (stand, event) = ready().await;
    let view = stand
        .engine
        .add_meeting(ANA, &event, Service::Zoom)
        .await
        .unwrap();
    assert_eq!(view.state, MeetingState::InStep);
    let [meeting] = meetings(&stand)[..] else { panic!() };
    assert_eq!(view.number, Some(meeting.to_string()));
    assert_eq!(shown(&stand, &event), Some(meeting));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.start(meeting), Some(START.parse().unwrap()));
    assert_eq!(stand.newest().outcome, Outcome::Created);
    let methods: Vec<String> = stand.requests().into_iter().map(|entry| entry.method).collect();
    assert_eq!(
        methods,
        ["GET", "POST", "PATCH", "GET"],
        "read, make, write, look"
    );

    // P6: our own write coming back causes nothing.
    stand.clear_log();
    let report = stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!((report.entries, stand.zoom_methods()), (vec![], vec![]));

    stand.rename(&event, "Review of plans");
    stand.drag(&event, "2026-12-02T10:00:00Z");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review of plans"));
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T10:00:00Z".parse().unwrap())
    );
    stand.cancel(&event);
    stand.sync().await;
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p7_p9_nothing_else_on_the_event_is_touched_and_nobody_gets_a_mail() {
    let (stand, event) = ready().await;
    let guests = json!([{"email": "ben@example.test", "responseStatus": "accepted"}]);
    write(
        &stand,
        &event,
        json!({"location": "Room 4", "description": "Agenda", "attendees": guests,
               "extendedProperties": {"private": {"mine": "1"}, "shared": {"ours": "2"}}}),
    );
    let mails = stand.simulator.with(|world| world.mails().len());
    add(&stand, &event).await.unwrap();
    assert_eq!(field(&stand, &event, "location"), "Room 4");
    assert_eq!(field(&stand, &event, "attendees"), guests);
    let description = field(&stand, &event, "description");
    let description = description.as_str().unwrap();
    assert!(description.starts_with("Agenda\n"), "{description}");
    let properties = field(&stand, &event, "extendedProperties");
    assert_eq!(properties["private"]["mine"], "1");
    assert_eq!(properties["private"]["reconvene-event"], event);
    assert_eq!(properties["shared"]["ours"], "2");
    assert_eq!(stand.simulator.with(|world| world.mails().len()), mails);

    let writes: Vec<_> = stand
        .requests()
        .into_iter()
        .filter(|entry| entry.is_write())
        .collect();
    let [post, patch] = &writes[..] else {
        panic!("{writes:#?}")
    };
    assert_eq!(post.body["settings"]["push_change_to_calendar"], false);
    assert_eq!(patch.param("sendUpdates"), Some("none"));
    assert_eq!(patch.param("conferenceDataVersion"), Some("1"));
    let mut fields: Vec<&String> = patch.body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["description", "extendedProperties"]);
}

#[tokio::test(start_paused = true)]
async fn p5_a_meeting_whose_answer_was_lost_is_found_again() {
    for faults in [1, 2, 3] {
        let (stand, event) = ready().await;
        stand.fault(Wire::Zoom, "/users/me/meetings", "POST", answer_lost());
        for _ in 1..faults {
            stand.fault(Wire::Zoom, "/users/me/meetings", "GET", answer_lost());
        }
        let added = add(&stand, &event).await;
        assert_eq!(added, if faults == 1 { Ok(()) } else { Err(Code::TimedOut) });
        for _ in 0..4 {
            stand.sync_after(Duration::from_secs(30)).await;
        }
        let [meeting] = meetings(&stand)[..] else {
            panic!("{faults}: {:?}", meetings(&stand))
        };
        assert_eq!(shown(&stand, &event), Some(meeting));
        assert_eq!(stand.newest().outcome, Outcome::Created);
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p5_a_request_that_never_arrived_is_made_again_only_when_no_list_shows_a_meeting() {
    let (stand, event) = ready().await;
    stand.fault(
        Wire::Zoom,
        "/users/me/meetings",
        "POST",
        Fault::before(Effect::Reset),
    );
    assert_eq!(add(&stand, &event).await, Err(Code::TimedOut));
    assert!(stand.newest().next_try.is_some());
    stand.sync_after(Duration::from_secs(20)).await;
    assert_eq!(meetings(&stand), [0; 0], "it may still be on its way");
    stand.sync_after(Duration::from_secs(60)).await;
    let [meeting] = meetings(&stand)[..] else { panic!() };
    assert_eq!(shown(&stand, &event), Some(meeting));
}

#[tokio::test(start_paused = true)]
async fn p5_a_written_event_whose_answer_was_lost_is_not_written_again() {
    let (stand, event) = ready().await;
    stand.fault(Wire::Google, "/events/", "PATCH", answer_lost());
    assert_eq!(add(&stand, &event).await, Err(Code::TimedOut));
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.google_writes(), 1);
    assert_eq!(shown(&stand, &event), meetings(&stand).first().copied());
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p7_an_edit_in_between_is_kept_and_the_event_read_again() {
    let (mut stand, event) = ready().await;
    let simulator = stand.simulator.clone();
    let edited = event.clone();
    stand.restart_over(Arc::new(Meddler::new(&stand, "PATCH", move || {
        let rename = Hand::RenameEvent {
            calendar: ANA.into(),
            event: edited.clone(),
            title: "Renamed by hand".into(),
        };
        simulator.hand(rename).unwrap();
    })));
    add(&stand, &event).await.unwrap();
    let statuses: Vec<u16> = stand
        .requests()
        .into_iter()
        .filter(|entry| entry.method == "PATCH" && entry.service == Wire::Google)
        .map(|entry| entry.status)
        .collect();
    assert_eq!(statuses, [412, 200]);
    let [meeting] = meetings(&stand)[..] else { panic!() };
    assert_eq!(shown(&stand, &event), Some(meeting));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Renamed by hand"));
    let title = stand
        .simulator
        .with(|world| world.event(ANA, &event).unwrap().summary().to_owned());
    assert_eq!(title, "Renamed by hand");
}

#[tokio::test(start_paused = true)]
async fn p5_an_event_cancelled_meanwhile_leaves_no_meeting_behind() {
    let (mut stand, event) = ready().await;
    let simulator = stand.simulator.clone();
    let cancelled = event.clone();
    stand.restart_over(Arc::new(Meddler::new(&stand, "PATCH", move || {
        let cancel = Hand::CancelEvent {
            calendar: ANA.into(),
            event: cancelled.clone(),
        };
        simulator.hand(cancel).unwrap();
    })));
    assert_eq!(add(&stand, &event).await, Err(Code::EventGone));
    assert_eq!(meetings(&stand), [0; 0]);
    assert_eq!(stand.newest().outcome, Outcome::Deleted);
    assert_eq!(stand.simulator.with(|world| world.mails().len()), 0);
}

#[tokio::test(start_paused = true)]
async fn p3_a_meeting_to_be_taken_back_is_kept_when_another_event_has_it_by_then() {
    let (mut stand, event) = ready().await;
    let other = stand.add(NewEvent::new(ANA, "Other", at(START)));
    let simulator = stand.simulator.clone();
    let cancelled = event.clone();
    stand.restart_over(Arc::new(Meddler::new(&stand, "PATCH", move || {
        let cancel = Hand::CancelEvent {
            calendar: ANA.into(),
            event: cancelled.clone(),
        };
        simulator.hand(cancel).unwrap();
    })));
    stand.fault(Wire::Zoom, "/users/me/meetings", "GET", refused("503_html"));
    assert!(add(&stand, &event).await.is_err());
    let [made] = meetings(&stand)[..] else {
        panic!("{:?}", meetings(&stand))
    };
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: other,
        meeting: made,
    });
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(meetings(&stand), [made]);
    let entries = stand.engine.activity(10, None).unwrap();
    let kept = entries.into_iter().find(|entry| entry.outcome == Outcome::Kept);
    assert!(kept.unwrap().problem.unwrap().hint.contains(&made.to_string()));
    assert_eq!(
        stand.topic(made).as_deref(),
        Some("Other"),
        "P2: it follows that one"
    );
}

#[tokio::test(start_paused = true)]
async fn p5_a_refused_write_leaves_no_meeting_behind() {
    for (preset, code) in [
        ("google_403_forbidden", Code::PermissionDenied),
        ("google_403_scope", Code::MissingScope),
        ("google_404", Code::CalendarGone),
    ] {
        let (stand, event) = ready().await;
        stand.fault(Wire::Google, "/events/", "PATCH", refused(preset));
        assert_eq!(add(&stand, &event).await, Err(code), "{preset}");
        assert_eq!(meetings(&stand), [0; 0], "{preset}");
        assert_eq!(shown(&stand, &event), None);
        assert_eq!(stand.newest().outcome, Outcome::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn the_right_to_write_is_asked_for_only_when_something_is_to_be_written() {
    let stand = Stand::new("").await;
    let event = stand.add(NewEvent::new(ANA, "Review", at(START)));
    stand.sync().await;
    stand.clear_log();
    assert_eq!(add(&stand, &event).await, Err(Code::MissingScope));
    assert_eq!(stand.requests().len(), 0, "nothing is tried without it");
    stand.permit().await;
    add(&stand, &event).await.unwrap();
    assert_eq!(shown(&stand, &event), meetings(&stand).first().copied());
}

#[tokio::test(start_paused = true)]
async fn what_takes_no_meeting_is_refused_before_one_is_made() {
    let (stand, event) = ready().await;
    let with = |conference, start, organizer: Option<&str>| {
        stand.add(NewEvent {
            conference,
            organizer: organizer.map(str::to_owned),
            ..NewEvent::new(ANA, "Other", start)
        })
    };
    let has_one = with(NewConference::ZoomAddOn(ANA.into()), at(START), None);
    let over = with(NewConference::None, at("2026-11-01T09:00:00Z"), None);
    let day = reconvene_simulator::hands::Moment::Day("2026-12-01".parse().unwrap());
    let day = with(NewConference::None, day, None);
    let foreign = with(NewConference::None, at(START), Some("boss@example.test"));
    let before = meetings(&stand);
    for (event, code) in [
        (&has_one, Code::HasMeeting),
        (&over, Code::InThePast),
        (&day, Code::Refused),
        (&foreign, Code::PermissionDenied),
        (&"nosuchevent".to_owned(), Code::EventGone),
    ] {
        assert_eq!(add(&stand, event).await, Err(code));
    }
    assert_eq!(meetings(&stand), before);
    stand.cancel(&event);
    assert_eq!(add(&stand, &event).await, Err(Code::EventGone));
    assert_eq!(meetings(&stand), before);
    // A Meet link that Google added by itself is no meeting of the person's.
    let meet = with(NewConference::Meet, at(START), None);
    add(&stand, &meet).await.unwrap();
    assert_eq!(meetings(&stand).len(), before.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_meeting_added_on_a_calendar_has_it_watched() {
    let (stand, event) = ready().await;
    stand.engine.watch_calendar(ANA, false).await.unwrap();
    add(&stand, &event).await.unwrap();
    assert!(
        stand
            .engine
            .calendars()
            .unwrap()
            .iter()
            .all(|calendar| calendar.watched)
    );
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    assert_eq!(stand.newest().outcome, Outcome::Created);
}

#[tokio::test(start_paused = true)]
async fn p4_a_series_gets_a_meeting_that_repeats_without_its_cancelled_date() {
    let (stand, _) = ready().await;
    let weekly = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=6".into()],
        ..NewEvent::new(ANA, "Weekly", at(START))
    });
    stand.hand(Hand::CancelEvent {
        calendar: ANA.into(),
        event: format!("{weekly}_20261208T090000Z"),
    });
    stand.sync().await;
    add(&stand, &weekly).await.unwrap();
    let [meeting] = meetings(&stand)[..] else { panic!() };
    let (kind, dates) = stand.simulator.with(|world| {
        let meeting = world.meeting(meeting).unwrap();
        let living = meeting.occurrences.iter().filter(|date| !date.deleted);
        (
            meeting.kind,
            living.map(|date| date.start.to_string()).collect::<Vec<_>>(),
        )
    });
    assert_eq!((kind, dates.len()), (8, 5), "{dates:?}");
    assert!(!dates.contains(&"2026-12-08T09:00:00Z".to_owned()));

    let yearly = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=YEARLY;COUNT=6".into()],
        ..NewEvent::new(ANA, "Yearly", at(START))
    });
    add(&stand, &yearly).await.unwrap();
    let entry = stand.newest();
    assert_eq!(
        entry.problem.map(|problem| problem.code),
        Some(Code::NotExpressible),
        "it says what differs"
    );
}

/// A gateway that lost the answer and says when to come back.
fn lost_at_the_gateway() -> Fault {
    Fault::after(Effect::Answer {
        status: 503,
        headers: [("Retry-After".to_owned(), "30".to_owned())].into(),
        body: "<html>".into(),
    })
}

#[tokio::test(start_paused = true)]
async fn p5_an_answer_lost_at_a_gateway_that_says_when_to_come_back_makes_no_second_meeting() {
    let (stand, event) = ready().await;
    stand.fault(Wire::Zoom, "/users/me/meetings", "POST", lost_at_the_gateway());
    assert_eq!(add(&stand, &event).await, Err(Code::ServiceFailed));
    assert_eq!(meetings(&stand).len(), 1);
    stand.sync_after(Duration::from_secs(31)).await;
    stand.sync_after(Duration::from_secs(90)).await;
    assert_eq!(meetings(&stand), [shown(&stand, &event).unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn p3_a_meeting_that_may_have_been_on_its_event_is_kept_though_a_gateway_lost_the_answer() {
    let (stand, event) = ready().await;
    stand.fault(Wire::Google, "/events/", "PATCH", lost_at_the_gateway());
    assert_eq!(add(&stand, &event).await, Err(Code::ServiceFailed));
    let [made] = meetings(&stand)[..] else {
        panic!("{:?}", meetings(&stand))
    };
    // Guests may have seen it by then, so it is not deleted behind everybody's back.
    stand.cancel(&event);
    stand.sync_after(Duration::from_secs(31)).await;
    assert_eq!(stand.newest().outcome, Outcome::Kept);
    assert!(stand.exists(made));
}

#[tokio::test(start_paused = true)]
async fn p14_two_installations_that_add_to_the_same_event_make_one_meeting() {
    let (mut stand, event) = ready().await;
    let other = stand.second().await;
    other.permit().await;
    // The other one comes in between, when the first has made its meeting and is about to write.
    let engine = other.engine.clone();
    let same = event.clone();
    let meddler = Meddler::new(&stand, "PATCH", || {}).and(move || {
        let (engine, same) = (engine.clone(), same.clone());
        Box::pin(async move {
            engine.add_meeting(ANA, &same, Service::Zoom).await.unwrap();
        })
    });
    stand.restart_over(Arc::new(meddler));
    assert_eq!(add(&stand, &event).await, Err(Code::HasMeeting));
    let [meeting] = meetings(&stand)[..] else {
        panic!("{:?}", meetings(&stand))
    };
    assert_eq!(shown(&stand, &event), Some(meeting));
    for engine in [&stand, &other, &stand] {
        engine.sync_after(Duration::from_secs(60)).await;
        assert_eq!(engine.state("Review"), MeetingState::InStep);
    }
    stand.rename(&event, "Review, both");
    stand.clear_log();
    stand.sync().await;
    other.sync().await;
    let writes = stand
        .zoom_methods()
        .iter()
        .filter(|method| *method == "PATCH")
        .count();
    assert_eq!(writes, 1, "they do not fight");
}

#[tokio::test(start_paused = true)]
async fn p13_an_addition_counts_against_the_days_writes() {
    let (stand, event) = ready().await;
    let left = |stand: &Stand| {
        let accounts = stand.engine.accounts().unwrap();
        accounts.iter().find_map(|account| account.writes_left_today)
    };
    let before = left(&stand).unwrap();
    add(&stand, &event).await.unwrap();
    assert_eq!(left(&stand), Some(before - 1));
}

type Deed = Box<dyn Fn() + Send + Sync>;
type Visit = Box<dyn Fn() -> futures::future::BoxFuture<'static, ()> + Send + Sync>;

/// Lets something happen once, right before the first request of a kind to Google.
struct Meddler {
    inner: InProcess,
    method: &'static str,
    deed: Deed,
    visit: Option<Visit>,
    done: AtomicUsize,
}

impl Meddler {
    fn new(stand: &Stand, method: &'static str, deed: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            inner: InProcess(stand.simulator.router()),
            method,
            deed: Box::new(deed),
            visit: None,
            done: AtomicUsize::new(0),
        }
    }

    fn and(
        self,
        visit: impl Fn() -> futures::future::BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            visit: Some(Box::new(visit)),
            ..self
        }
    }
}

#[async_trait]
impl Transport for Meddler {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let meant = request.method().as_str() == self.method && request.uri().path().contains("/google/");
        if meant && self.done.fetch_add(1, Ordering::Relaxed) == 0 {
            (self.deed)();
            if let Some(visit) = &self.visit {
                visit().await;
            }
        }
        self.inner.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_meeting_added_during_a_pause_lets_nothing_else_go() {
    let (stand, gone, meeting) = Stand::in_step("").await;
    stand.permit().await;
    stand.cancel(&gone);
    stand.sync_after(Duration::from_secs(60)).await;
    stand.engine.pause(true).unwrap();
    tokio::time::advance(Duration::from_secs(300)).await;
    let other = stand.add(NewEvent::new(ANA, "Other", at(START)));
    stand
        .engine
        .add_meeting(ANA, &other, Service::Zoom)
        .await
        .unwrap();
    assert_eq!(stand.state("Other"), MeetingState::InStep);
    assert!(stand.exists(meeting), "paused");
    stand.engine.pause(false).unwrap();
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(!stand.exists(meeting));
}
