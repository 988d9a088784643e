//! The command line on bad days: what a script, and a person without a colour terminal, get to see.

use std::fs::OpenOptions;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::app::{App, text};
use crate::http;
use crate::session::Session;

/// No keyring is needed where nobody signs in.
async fn bare() -> App {
    App::new(Session::with(&["--no-display", "--no-keyring"])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_an_answer_that_could_not_be_written_is_no_success() {
    let app = bare().await;
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut verb = app.command(&["status", "--json"]);
    let verb = verb.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let ended = verb.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("standard output"));
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_a_failure_is_one_plain_line() {
    let app = bare().await;
    app.run(&["status"]).await;
    std::fs::write(app.profile().join("reconvene.db"), [b'x'; 4096]).unwrap();
    for arguments in [["status"], ["--headless"]] {
        let ended = app.run(&arguments).await;
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1));
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("reconvene: The database is damaged"), "{said}");
        assert!(!said.contains('\u{1b}'), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_what_is_known_is_shown_where_nothing_can_be_written() {
    let app = App::set_up(Session::without_display()).await;
    let known = app.json(&["meetings"]).await;
    // A limit on the size of files is as good as a full disk, for the superuser too: SQLite's answer is the same.
    for verb in ["status", "meetings", "activity", "doctor"] {
        let mut limited = app.session.command("bash");
        limited
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f 0; exec \"$@\" | cat",
                "-",
                env!("CARGO_BIN_EXE_reconvene"),
                "--profile",
            ])
            .arg(app.profile())
            .args(["--json", verb]);
        let ended = limited.output().await.unwrap();
        let said = text(&ended.stderr);
        assert!(said.contains("cannot be written"), "{verb}: {said}");
        let value: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        match verb {
            "meetings" => assert_eq!(value["value"], known),
            "status" => assert_eq!(value["value"]["problems"][0]["code"], "disk_full"),
            _ => assert!(value["error"].is_null(), "{value}"),
        }
    }
    assert_eq!(
        app.json(&["meetings"]).await,
        known,
        "and nothing stored was lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_the_address_and_then_the_account_line_by_line() {
    let app = App::new(Session::without_display()).await;
    let mut verb = app.command(&["account", "add", "google", "--json", "--no-browser"]);
    let mut verb = verb.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(verb.stdout.take().unwrap()).lines();
    let mut next = async || -> serde_json::Value {
        serde_json::from_str(&lines.next_line().await.unwrap().unwrap_or_default()).unwrap()
    };
    let begun = next().await;
    assert_eq!(begun["reply"], "sign_in");
    let address = begun["value"]["url"].as_str().unwrap();
    assert_eq!(http::follow(address).await.status, 200);
    assert_eq!(next().await["reply"], "account");
    assert!(verb.wait().await.unwrap().success());
}
