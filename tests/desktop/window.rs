//! The window, driven through WebKitWebDriver as a person would use it.

use std::process::Stdio;
use std::time::Duration;

use reconvene_simulator::scenario::{DESIGN, REVIEW};
use serde_json::{Value, json};
use tokio::process::Child;
use url::Url;

use crate::app::App;
use crate::http;
use crate::session::Session;
use crate::until;

/// The reference under which WebDriver hands out elements (W3C WebDriver, "Elements").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

struct Window {
    _driver: Child,
    session: Url,
}

impl Window {
    /// Opens the window of the running agent under the driver's control.
    async fn open(app: &App) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = app
            .session
            .command("WebKitWebDriver")
            .arg(format!("--port={port}"))
            // Without it the web-view does not let itself be driven.
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let base = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        let profile = app.profile().to_str().unwrap();
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": {
            "binary": env!("CARGO_BIN_EXE_reconvene"),
            "args": ["--profile", profile, "window"],
        }}}});
        let session = until("the driver opens the window", async || {
            let asked = http::send("POST", &base.join("session").unwrap(), Some(&wanted))
                .await
                .ok()?;
            let id = asked.json()["value"]["sessionId"].as_str()?.to_owned();
            base.join(&format!("session/{id}/")).ok()
        })
        .await;
        Self {
            _driver: driver,
            session,
        }
    }

    async fn do_(&self, what: &str, with: Value) -> Option<Value> {
        let url = self.session.join(what).unwrap();
        let asked = tokio::time::timeout(Duration::from_secs(10), http::send("POST", &url, Some(&with)));
        let response = asked.await.ok()?.ok()?;
        (response.status == 200).then(|| response.json()["value"].clone())
    }

    async fn element(&self, path: &str) -> Option<String> {
        let found = self
            .do_("element", json!({"using": "xpath", "value": path}))
            .await?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    /// Waits until `text` stands somewhere on the page.
    async fn shows(&self, text: &str) {
        let path = format!("//body//*[contains(normalize-space(.), \"{text}\")]");
        until(&format!("the page shows “{text}”"), async || {
            self.element(&path).await
        })
        .await;
    }

    /// Presses what `path` leads to, as soon as it is there.
    async fn press(&self, path: &str) {
        until(&format!("{path} can be pressed"), async || {
            let element = self.element(path).await?;
            self.do_(&format!("element/{element}/click"), json!({})).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_shows_what_the_agent_knows_and_passes_on_what_is_pressed() {
    let app = App::set_up(Session::full()).await;
    let mut agent = app.agent(&["--headless"]).await;
    let window = Window::open(&app).await;
    window.shows("Kick-off with Sari").await;
    window.shows("In step").await;

    // What happens meanwhile appears by itself.
    app.rename(DESIGN, "Design talk: icons");
    app.json(&["sync"]).await;
    window.shows("Design talk: icons").await;

    app.refuse_next_change();
    app.rename(REVIEW, "Quarterly review (board)");
    assert_eq!(app.run(&["sync"]).await.status.code(), Some(3));
    window.shows("Failed").await;
    window
        .press("//nav//*[self::a or self::button][contains(., 'Activity')]")
        .await;
    window.shows("Quarterly review (board)").await;
    window.shows("Zoom does not allow this to your account.").await;

    // Zoom has come to its senses: the remedy in the window helps.
    window
        .press("//button[@aria-expanded='false'][contains(., 'Quarterly review')]")
        .await;
    window
        .press("//button[contains(normalize-space(.), 'Try again')]")
        .await;
    until("the retry reaches Zoom", async || {
        let (topic, _) = app.at_zoom(REVIEW)?;
        (topic == "Quarterly review (board)").then_some(())
    })
    .await;

    app.ask(r#"{"id":1,"command":"quit"}"#).await;
    assert!(agent.wait().await.unwrap().success());
}
