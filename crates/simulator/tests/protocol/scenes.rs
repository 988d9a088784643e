//! The demo world, its story, the page, and real sockets.

use std::sync::Arc;

use jiff::Timestamp;
use reconvene_simulator::hands::NewConference;
use reconvene_simulator::{Broken, Effect, Fault, Rule, Service, Simulator, scenario};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bench::{Bench, CALENDAR};

#[tokio::test]
async fn the_demo_has_one_meeting_out_of_step_and_its_story_runs_to_the_end() {
    for now in [
        "2026-12-01T08:00:00Z",
        "2026-02-27T23:30:00Z",
        "2026-03-28T12:00:00Z",
    ] {
        let now: Timestamp = now.parse().unwrap();
        let simulator = Simulator::new(Arc::new(move || now), 1);
        simulator.with(scenario::demo).unwrap();
        let apart = simulator.with(|world| {
            let events = world
                .calendars()
                .into_iter()
                .flat_map(|id| world.events(&id))
                .filter(|event| !event.is_series());
            let linked = events.filter_map(|event| {
                let id = event.conference()?.get("conferenceId")?.as_str()?.parse().ok()?;
                let meeting = world.meeting(id)?;
                (meeting.start != Some(event.start.instant())).then(|| event.summary().to_owned())
            });
            linked.collect::<Vec<_>>()
        });
        assert_eq!(apart, ["Customer demo"]);
        let steps = scenario::story();
        assert!(steps.windows(2).all(|pair| pair[0].after < pair[1].after));
        for step in steps {
            step.act(&simulator)
                .unwrap_or_else(|refused| panic!("{}: {refused}", step.what));
        }
    }
}

#[tokio::test]
async fn the_page_is_one_piece_and_its_policy_names_its_own_script() {
    let bench = Bench::new();
    let got = bench.ask("", "GET", "/", serde_json::Value::Null).await;
    let policy = got.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    for outside in ["src=", "href=", "http://", "https://", "/* page", " onclick"] {
        assert!(!got.text.contains(outside), "{outside}");
    }
}

/// The raw answer to one request over loopback, and how the connection ended.
async fn over_a_socket(effect: Option<Effect>) -> (String, bool) {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    bench.event("A", "2026-12-02T09:00:00Z", NewConference::None);
    if let Some(effect) = effect {
        let rule = Rule::once(Service::Google, "", Fault::after(effect));
        bench.simulator.with(|world| world.faults().add(rule));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = bench.simulator.clone();
    let ask = async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /google/calendar/v3/calendars/primary/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        socket.read_to_end(&mut text).await.ok();
        String::from_utf8(text).unwrap()
    };
    let text = tokio::select! {
        text = ask => text,
        served = simulator.serve(listener) => panic!("{served:?}"),
    };
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let whole = announced == Some(body.len());
    (text, whole)
}

#[tokio::test]
async fn over_a_socket_a_reset_and_a_cut_body_are_real() {
    let (text, whole) = over_a_socket(None).await;
    assert!(text.starts_with("HTTP/1.1 200") && whole);
    assert_eq!(over_a_socket(Some(Effect::Reset)).await, (String::new(), false));
    let (cut, whole) = over_a_socket(Some(Effect::CutBody(20))).await;
    assert!(!whole && cut.len() < text.len());
}

#[tokio::test]
async fn a_marker_never_comes_with_a_sound_answer() {
    let bench = Bench::new();
    let token = bench.google(&[CALENDAR]);
    assert_eq!(bench.list(&token, "").await.broken, None::<Broken>);
}
