//! Signing in by the browser, the way it can go wrong: denied, called off, forgotten, granted in part, or as somebody
//! else. The engine's own sign-in runs, with its port on loopback; whatever comes of it, what was there stays.

use std::io::Write as _;
use std::net::TcpStream;

use bytes::Bytes;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{AccountView, Service};
use reconvene_engine::Engine;
use reconvene_engine::ports::Transport;
use reconvene_simulator::{Consent, ConsentMode, ConsentRule};
use url::Url;

use crate::ledger::Machine;
use crate::process::Dead;
use crate::run::Run;
use crate::shared::{ANA, BEN, InProcess};
use crate::steps::Consents;

/// What can be left unticked, at each service.
const AT_GOOGLE: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.events",
];
const AT_ZOOM: [&str; 3] = [
    "meeting:read:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
];

impl Run {
    /// Goes through a sign-in that does not end as usual, or does.
    pub(crate) fn consent(&mut self, machine: Machine, service: Service, consents: Consents, to_write: bool) {
        let Some(before) = self.tell(machine, Engine::accounts) else {
            return;
        };
        // Whoever comes is nobody yet, who might have been told to wait.
        let ledger = &self.around.ledger;
        ledger.lock().unwrap().word.welcoming.insert(machine);
        let engine = self.engine(machine);
        let begun = self.processes.as_mut().unwrap().ask(machine, async move {
            match (service, to_write) {
                (Service::Google, true) => engine.begin_sign_in_to_write().await,
                _ => engine.begin_sign_in(service).await,
            }
        });
        let begun = match begun {
            Ok(Ok(begun)) => Some(begun),
            Ok(Err(problem)) => {
                self.note(format!("    sign-in not begun: {:?}", problem.code));
                None
            }
            Err(Dead) => {
                self.restart();
                None
            }
        };
        let Some((ticket, address)) = begun else {
            self.around.ledger.lock().unwrap().word.welcoming.remove(&machine);
            return;
        };
        let browser = match consents {
            Consents::CalledOff => {
                let called = ticket.clone();
                self.tell(machine, move |engine| engine.cancel_sign_in(&called));
                None
            }
            Consents::Forgotten => None,
            _ => self.browse(machine, service, consents, &address),
        };
        let engine = self.engine(machine);
        let ended = self
            .processes
            .as_mut()
            .unwrap()
            .ask(machine, async move { engine.await_sign_in(&ticket).await });
        drop(browser);
        {
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.word.welcoming.remove(&machine);
            ledger.signed_in(machine);
        }
        match ended {
            Ok(ended) => {
                self.note(format!(
                    "    sign-in ended: {:?}",
                    ended
                        .as_ref()
                        .map(|view| &view.name)
                        .map_err(|problem| problem.code)
                ));
                if service == Service::Google && consents == Consents::AsBen && ended.is_ok() {
                    let now = self.now();
                    self.around.ledger.lock().unwrap().truth.the_owner_came(now);
                }
                self.nothing_lost(machine, &before, ended, consents);
            }
            Err(Dead) => self.restart(),
        }
        self.adopt_ticks(machine);
    }

    /// What the browser does: it opens the page, and goes where that leads. It waits for its page while it is held.
    fn browse(
        &mut self,
        machine: Machine,
        service: Service,
        consents: Consents,
        address: &str,
    ) -> Option<TcpStream> {
        let rule = ConsentRule {
            mode: match consents {
                Consents::Denied => ConsentMode::Deny,
                _ => ConsentMode::Allow,
            },
            user: Some(if consents == Consents::AsBen { BEN } else { ANA }.into()),
            withhold: match (consents, service) {
                (Consents::InPart(which), Service::Google) => {
                    vec![AT_GOOGLE[which as usize % AT_GOOGLE.len()].into()]
                }
                (Consents::InPart(which), Service::Zoom) => {
                    vec![AT_ZOOM[which as usize % AT_ZOOM.len()].into()]
                }
                _ => Vec::new(),
            },
        };
        let simulator = self.around.simulator.clone();
        simulator.with(|world| {
            world.set_consent(Consent {
                google: rule.clone(),
                zoom: rule,
            });
        });
        let rules = simulator.with(|world| {
            let rules = world.faults().rules().to_vec();
            world.faults().clear();
            rules
        });
        let outage = std::mem::take(&mut *self.outage.lock().unwrap());
        let page = http::Request::get(address).body(Bytes::new()).unwrap();
        let browser = InProcess(simulator.router());
        let answer = self
            .processes
            .as_mut()
            .unwrap()
            .ask(machine, async move { browser.send(page).await });
        *self.outage.lock().unwrap() = outage;
        simulator.with(|world| rules.into_iter().for_each(|rule| world.faults().add(rule)));
        let answer = answer.ok()?.ok()?;
        let location = answer.headers().get("location")?.to_str().ok()?.to_owned();
        let target = Url::parse(&location).ok()?;
        let mut stream = TcpStream::connect(("127.0.0.1", target.port()?)).ok()?;
        let request = format!(
            "GET {}?{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            target.path(),
            target.query().unwrap_or_default(),
            target.port()?
        );
        stream.write_all(request.as_bytes()).ok()?;
        Some(stream)
    }

    /// However a sign-in ends, the accounts that were there are there, and a failure says what it is.
    fn nothing_lost(
        &mut self,
        machine: Machine,
        before: &[AccountView],
        ended: Result<AccountView, Problem>,
        consents: Consents,
    ) {
        let Some(after) = self.tell(machine, Engine::accounts) else {
            return;
        };
        for account in before {
            if !after
                .iter()
                .any(|other| other.id == account.id && other.name == account.name)
            {
                self.break_promise("P10", format!("a sign-in took the account {} away", account.name));
            }
        }
        let fits = match (&ended, consents) {
            (Ok(_), Consents::Denied | Consents::CalledOff | Consents::Forgotten) => false,
            // Where Zoom withholds the name, its id of the person stands instead.
            (Ok(view), Consents::AsBen) => view.name == BEN || !view.name.contains('@'),
            (Ok(view), _) => view.name == ANA,
            (Err(problem), consents) => {
                let wanted = match consents {
                    Consents::Denied => Some(Code::SignInDenied),
                    Consents::CalledOff => Some(Code::SignInCancelled),
                    Consents::Forgotten => Some(Code::SignInTimedOut),
                    Consents::InPart(_) | Consents::AsBen | Consents::Whole => None,
                };
                let told = !problem.message.trim().is_empty();
                let added = after.len() > before.len();
                told && !added && wanted.is_none_or(|code| problem.code == code)
            }
        };
        if !fits {
            let ended = ended.map(|view| view.name).map_err(|problem| problem.code);
            self.break_promise("P11", format!("a sign-in, {consents:?}, ended with {ended:?}"));
        }
    }
}
