//! The simulated services, and a person who consents to everything.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use reconvene_core::problem::{Code, Problem};
use reconvene_engine::ports::{Ports, Transport};
use reconvene_simulator::google::oauth as google;
use reconvene_simulator::zoom::oauth as zoom;
use reconvene_simulator::{Consent, ConsentMode, ConsentRule, Simulator, scenario};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::unable;

/// Decides every id in the simulated world, so that each demo is like the last.
const SEED: u64 = 7;
/// A sign-in redirects to the consent page, perhaps within it, and back.
const MOST_REDIRECTS: usize = 5;

/// The simulated services, served on a loopback port until this is dropped.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    /// Where a person can watch and change the simulated calendar.
    pub(super) page: String,
    transport: Arc<dyn Transport>,
    serving: JoinHandle<()>,
}

impl Stage {
    /// Sets the scene and writes the configuration that leads to it into `profile`.
    pub(super) async fn set(profile: &Path) -> Result<Self, Problem> {
        let Ports { transport, clock, .. } = Ports::real()?;
        let simulator = Simulator::new(Arc::new(move || clock.now()), SEED);
        simulator
            .with(scenario::demo)
            .map_err(|refused| unable("The scene cannot be set", &refused))?;
        let allow = ConsentRule {
            mode: ConsentMode::Allow,
            user: Some(scenario::ANA.to_owned()),
            withhold: Vec::new(),
        };
        simulator.with(|world| {
            world.set_consent(Consent {
                google: allow.clone(),
                zoom: allow,
            });
        });

        let no_port = |error| unable("No port can be opened on this machine", &error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(no_port)?;
        let page = format!("http://{}", listener.local_addr().map_err(no_port)?);
        tokio::fs::write(profile.join("config.toml"), config(&page))
            .await
            .map_err(|error| unable("The configuration cannot be written", &error))?;
        let serving = tokio::spawn({
            let simulator = simulator.clone();
            async move {
                if let Err(error) = simulator.serve(listener).await {
                    tracing::error!(%error, "the simulator ended");
                }
            }
        });
        Ok(Self {
            simulator,
            page,
            transport,
            serving,
        })
    }

    /// Does what a browser does with a sign-in's address when the person has agreed beforehand: follows the
    /// redirects to the consent page and back to the loopback address where the engine waits.
    pub(super) async fn consent(&self, address: &str) -> Result<(), Problem> {
        let mut address =
            Url::parse(address).map_err(|error| unable("The sign-in's address is none", &error))?;
        for _ in 0..MOST_REDIRECTS {
            let request = Request::get(address.as_str())
                .body(Bytes::new())
                .map_err(|error| unable("The sign-in's address cannot be asked for", &error))?;
            let response = self
                .transport
                .send(request)
                .await
                .map_err(|error| unable("The consent page cannot be reached", &error))?;
            let next = response
                .headers()
                .get(header::LOCATION)
                .and_then(|next| next.to_str().ok());
            match next {
                Some(next) if response.status().is_redirection() => {
                    address = address
                        .join(next)
                        .map_err(|error| unable("The consent page leads nowhere", &error))?;
                }
                _ if response.status().is_success() => return Ok(()),
                _ => {
                    return Err(Problem::lasting(
                        Code::SignInDenied,
                        format!("The consent page answered {}.", response.status()),
                        "",
                    ));
                }
            }
        }
        Err(Problem::lasting(
            Code::SignInDenied,
            "The consent page redirects for ever.",
            "",
        ))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The configuration that a test against another server would have, too; only quicker than usual.
fn config(page: &str) -> String {
    format!(
        r#"[google]
client_id = "{google_id}"
client_secret = "{google_secret}"
api = "{page}/google/calendar/v3"
authorize = "{page}/google/o/oauth2/v2/auth"
token = "{page}/google/token"
revoke = "{page}/google/revoke"

[zoom]
client_id = "{zoom_id}"
client_secret = "{zoom_secret}"
api = "{page}/zoom/v2"
authorize = "{page}/zoom/oauth/authorize"
token = "{page}/zoom/oauth/token"
revoke = "{page}/zoom/oauth/revoke"

[sync]
poll = "2s"
delete_grace = "4s"
"#,
        google_id = google::CLIENT_ID,
        google_secret = google::CLIENT_SECRET,
        zoom_id = zoom::CLIENT_ID,
        zoom_secret = zoom::CLIENT_SECRET,
    )
}
