//! The whole story through the command line, on a real keyring.

use std::path::Path;
use std::process::Stdio;

use jiff::ToSpan;
use reconvene_simulator::Hand;
use reconvene_simulator::hands::Moment;
use reconvene_simulator::scenario::{ANA, DESIGN, INTERVIEW, KICKOFF};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::app::{App, number, text};
use crate::http;
use crate::session::Session;

#[tokio::test(flavor = "multi_thread")]
async fn a_meeting_follows_its_event_from_the_first_sign_in() {
    let app = App::set_up(Session::without_display()).await;
    let accounts = app.json(&["account", "list"]).await;
    assert_eq!(accounts.as_array().map(Vec::len), Some(2));
    assert_eq!(app.json(&["status"]).await["overall"], "in_step");

    // Set up without an agent; from here on one is running and answers the same verbs.
    let mut agent = app.agent(&["--headless"]).await;
    let (_, before) = app.at_zoom(KICKOFF).unwrap();
    let later = before.checked_add(26.hours()).unwrap();
    app.hand(Hand::MoveEvent {
        calendar: ANA.to_owned(),
        event: KICKOFF.to_owned(),
        start: Moment::At(later),
        end: None,
    });
    app.rename(DESIGN, "Design talk: icons");
    let interview = app.simulator.with(|world| number(world, INTERVIEW));
    app.hand(Hand::CancelEvent {
        calendar: ANA.to_owned(),
        event: INTERVIEW.to_owned(),
    });
    let writes = |app: &App| {
        app.simulator
            .with(|world| world.log().writes().filter(|write| write.applied).count())
    };
    let written = writes(&app);

    app.json(&["sync"]).await;
    assert_eq!(
        app.at_zoom(KICKOFF).unwrap().1,
        later,
        "P2: the meeting moved along"
    );
    assert_eq!(app.at_zoom(DESIGN).unwrap().0, "Design talk: icons");
    let gone = app.simulator.with(|world| {
        world
            .meeting(interview)
            .is_none_or(|meeting| meeting.trashed.is_some())
    });
    assert!(gone, "the cancelled event's meeting is deleted");
    assert_eq!(writes(&app), written + 3, "one write each");

    let again = app.json(&["sync"]).await;
    assert_eq!(again["entries"], Value::Array(Vec::new()));
    assert_eq!(writes(&app), written + 3, "P6: what is in step gets no write");

    let activity = app.json(&["activity"]).await;
    let outcomes: Vec<&str> = activity
        .as_array()
        .unwrap()
        .iter()
        .take(3)
        .filter_map(|entry| entry["outcome"].as_str())
        .collect();
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == "updated").count(),
        2
    );
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == "deleted").count(),
        1
    );
    let mails = app.simulator.with(|world| world.mails().len());
    assert_eq!(mails, 0, "P9");

    assert_eq!(
        app.ask(r#"{"id":1,"command":"quit"}"#).await["result"]["reply"],
        "done"
    );
    assert!(agent.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_secrets_are_in_the_keyring_and_nowhere_else() {
    let app = App::set_up(Session::without_display()).await;
    let mut search = app.session.command("secret-tool");
    search.args(["search", "--all", "--unlock", "service", "reconvene"]);
    let found = text(&search.output().await.unwrap().stdout);
    let secrets: Vec<&str> = found
        .lines()
        .filter_map(|line| line.strip_prefix("secret = "))
        .collect();
    assert!(secrets.len() >= 2, "the keyring holds what both sign-ins gave");
    assert!(
        secrets.iter().any(|secret| secret.contains("1//")),
        "a refresh token of Google's among them"
    );

    let mut files = Vec::new();
    every_file(app.profile(), &mut files);
    every_file(Path::new(app.session.var("HOME")), &mut files);
    let searched: Vec<_> = files
        .iter()
        .filter(|file| !file.to_string_lossy().contains("/keyrings/"))
        .collect();
    assert!(searched.iter().any(|file| file.ends_with("reconvene.db")));
    assert!(
        searched
            .iter()
            .any(|file| file.extension().is_some_and(|extension| extension == "log"))
    );
    for file in searched {
        let content = text(&std::fs::read(file).unwrap_or_default());
        for sign in ["ya29.", "1//", "eyJ"].iter().chain(&secrets) {
            assert!(!content.contains(sign), "{} holds a token", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_signing_in_fails_clearly_and_keeps_nothing() {
    let app = App::new(Session::with(&["--no-display", "--no-keyring"])).await;
    let mut verb = app.command(&["account", "add", "google", "--no-browser", "--json"]);
    let mut verb = verb
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(verb.stdout.take().unwrap()).lines();
    let begun: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    http::follow(begun["value"]["url"].as_str().unwrap()).await;
    let last: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let output = verb.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    // On a bus that can start a keyring service there is one then, without any keyring in it.
    assert_eq!(last["error"]["code"], "keyring_missing", "{last}");
    assert_eq!(
        text(&output.stderr).lines().count(),
        1,
        "one line says why: {}",
        text(&output.stderr)
    );
    assert_eq!(app.json(&["account", "list"]).await, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_called_off_leaves_everything_as_it_was() {
    let app = App::new(Session::without_display()).await;
    let mut verb = app.command(&["account", "add", "zoom", "--no-browser"]);
    let mut verb = verb.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(verb.stdout.take().unwrap()).lines();
    assert!(
        lines
            .next_line()
            .await
            .unwrap()
            .is_some_and(|line| line.starts_with("http"))
    );
    let id = verb.id().unwrap().to_string();
    app.session
        .command("kill")
        .args(["-INT", &id])
        .status()
        .await
        .unwrap();
    assert_eq!(verb.wait().await.unwrap().code(), Some(1));
    assert_eq!(app.json(&["account", "list"]).await, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_usage_failure_and_needing_the_person_apart() {
    let app = App::set_up(Session::without_display()).await;
    assert_eq!(app.run(&["retry", "a1"]).await.status.code(), Some(2));
    let unknown = app.run(&["retry", "m999"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(text(&unknown.stderr).lines().count(), 1);

    app.refuse_next_change();
    app.rename(DESIGN, "Never");
    assert_eq!(app.run(&["sync"]).await.status.code(), Some(3));
}

pub(crate) fn every_file(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => every_file(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}
