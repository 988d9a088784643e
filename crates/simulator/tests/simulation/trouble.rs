//! What goes wrong around the engines.

use std::sync::Arc;

use jiff::SignedDuration;
use reconvene_engine::ports::SecretsError;
use reconvene_simulator::{Effect, Fault, Hand, Match, Rule, Service};

use crate::run::Run;
use crate::shared::ANA;
use crate::steps::Step;
use reconvene_simulator::google::Role;

/// Where a fault may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    GoogleList,
    GoogleAny,
    GoogleToken,
    ZoomAny,
    ZoomRead,
    ZoomWrite,
    ZoomToken,
    Anywhere,
}

/// After a sleep of so many seconds what a calendar said is old.
const LONG: u32 = 15 * 60;

/// Presets and the places where the real services give such answers.
const PRESETS: [(&str, Where); 41] = [
    ("google_410", Where::GoogleList),
    ("google_410", Where::GoogleList),
    ("google_400_token", Where::GoogleList),
    ("google_404", Where::GoogleList),
    ("google_401", Where::GoogleAny),
    ("google_403_user_rate", Where::GoogleAny),
    ("google_403_rate", Where::GoogleAny),
    ("google_403_quota", Where::GoogleAny),
    ("google_403_forbidden", Where::GoogleList),
    ("google_403_scope", Where::GoogleAny),
    ("google_429", Where::GoogleAny),
    ("google_500", Where::GoogleAny),
    ("google_oauth_invalid_grant", Where::GoogleToken),
    ("google_oauth_internal_failure", Where::GoogleToken),
    ("zoom_401", Where::ZoomAny),
    ("zoom_4711", Where::ZoomAny),
    ("zoom_300", Where::ZoomWrite),
    ("zoom_3161", Where::ZoomWrite),
    ("zoom_429_daily", Where::ZoomWrite),
    ("zoom_429_daily_header", Where::ZoomWrite),
    ("zoom_429_qps", Where::ZoomAny),
    ("zoom_429_concurrent", Where::ZoomWrite),
    ("zoom_oauth_invalid_grant", Where::ZoomToken),
    ("zoom_xml", Where::ZoomAny),
    ("429_seconds", Where::Anywhere),
    ("429_seconds", Where::GoogleAny),
    ("429_http_date", Where::Anywhere),
    ("429_http_date", Where::ZoomAny),
    ("429_iso8601", Where::ZoomAny),
    ("429_iso8601", Where::GoogleAny),
    ("429_bare", Where::Anywhere),
    ("500_html", Where::Anywhere),
    ("502_html", Where::Anywhere),
    ("503_html", Where::GoogleAny),
    ("503_html", Where::ZoomAny),
    ("503_empty", Where::Anywhere),
    ("504_html", Where::Anywhere),
    ("504_html", Where::ZoomWrite),
    ("200_html", Where::GoogleAny),
    ("200_empty", Where::GoogleList),
    ("200_truncated_json", Where::GoogleAny),
];

/// Faults of the connection rather than the service.
const ELSEWHERE: [Where; 8] = [
    Where::GoogleList,
    Where::GoogleAny,
    Where::ZoomAny,
    Where::ZoomRead,
    Where::ZoomWrite,
    Where::ZoomWrite,
    Where::ZoomToken,
    Where::Anywhere,
];

impl Where {
    fn matching(self, on: u32) -> Match {
        let (service, operation, method) = match self {
            Self::GoogleList => (Some(Service::Google), Some("calendar.events.list"), None),
            Self::GoogleAny => (Some(Service::Google), None, None),
            Self::GoogleToken => (Some(Service::GoogleOauth), None, Some("POST")),
            Self::ZoomAny => (Some(Service::Zoom), None, None),
            Self::ZoomRead => (Some(Service::Zoom), None, Some("GET")),
            Self::ZoomWrite if on.is_multiple_of(3) => (Some(Service::Zoom), Some("meetings.delete"), None),
            Self::ZoomWrite => (Some(Service::Zoom), Some("meetings.update"), None),
            Self::ZoomToken => (Some(Service::ZoomOauth), None, Some("POST")),
            Self::Anywhere => (None, None, None),
        };
        Match {
            service,
            operation: operation.map(str::to_owned),
            method: method.map(str::to_owned),
            path: None,
        }
    }
}

fn fault(kind: u32, on: u32) -> (Where, Fault) {
    let place = ELSEWHERE[on as usize % ELSEWHERE.len()];
    if kind < 600 {
        let (name, place) = PRESETS[kind as usize % PRESETS.len()];
        return (place, Fault::preset(name));
    }
    let effect = match kind % 8 {
        0 => Effect::CutBody(on as usize * 3),
        1 | 2 => Effect::Reset,
        3 => Effect::Hang,
        4 => Effect::Unreachable,
        5 => Effect::Slow(u64::from(on) * 120 + 200),
        6 => {
            // A service that asks for a long pause, in each form it may have.
            let headers = [("Retry-After".to_owned(), (on * 13 + 30).to_string())].into();
            let status = if on.is_multiple_of(4) { 503 } else { 429 };
            return (
                place,
                Fault::before(Effect::Answer {
                    status,
                    headers,
                    body: "{}".into(),
                }),
            );
        }
        _ => {
            // A list that comes back empty, with a token that is none.
            let body =
                r#"{"kind":"calendar#events","items":[],"nextSyncToken":"CPDAlvWDx70CEPDAlvWDx70CGAU="}"#;
            return (
                Where::GoogleList,
                Fault::before(Effect::Answer {
                    status: 200,
                    headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
                    body: body.into(),
                }),
            );
        }
    };
    let after = effect != Effect::Unreachable && !kind.is_multiple_of(3);
    let fault = if after {
        Fault::after(effect)
    } else {
        Fault::before(effect)
    };
    (place, fault)
}

impl Run {
    pub(crate) fn trouble(&mut self, step: Step) {
        match step {
            Step::Fault {
                kind,
                on,
                times,
                skip,
            } => {
                let (place, fault) = fault(kind, on);
                self.note(format!("    {place:?}: {fault:?}"));
                let rule = Rule {
                    matching: place.matching(on),
                    skip,
                    times: Some(times),
                    fault,
                };
                self.around.simulator.with(|world| world.faults().add(rule));
            }
            Step::Outage {
                google,
                zoom,
                seconds,
            } => {
                let until = self.now() + SignedDuration::from_secs(i64::from(seconds));
                *self.outage.lock().unwrap() = [google.then_some(until), zoom.then_some(until)];
            }
            Step::Keyring { locked } => {
                for disk in &self.disks {
                    *disk.drawer.fails.lock().unwrap() = locked.then_some(SecretsError::Locked);
                }
            }
            Step::DiskFull { commits } => {
                self.door.lock().unwrap().full_for = commits;
                let now = self.now();
                let mut ledger = self.around.ledger.lock().unwrap();
                ledger.disk_full = true;
                for machine in 0..self.disks.len() {
                    ledger.forget_fresh_waits(machine, now);
                }
            }
            Step::ExpireTokens => {
                self.hand(Hand::ExpireAccessTokens);
            }
            Step::ExpireSyncTokens => {
                self.hand(Hand::ExpireSyncTokens { calendar: None });
            }
            Step::ForgetTombstones { calendar } => {
                let calendar = self.places[calendar as usize % self.places.len()].id.clone();
                self.hand(Hand::ForgetTombstones { calendar });
            }
            Step::Revoke { zoom: true } => {
                self.hand(Hand::RevokeZoom { email: ANA.into() });
            }
            Step::Revoke { zoom: false } => {
                self.hand(Hand::RevokeGoogle { person: ANA.into() });
            }
            Step::UseUpDay => {
                self.hand(Hand::SetWritesToday {
                    host: ANA.into(),
                    used: 99,
                });
            }
            Step::Unshare { calendar } => {
                let shared = 2 + calendar as usize % 2;
                let calendar = self.places[shared].id.clone();
                self.hand(Hand::UnshareCalendar {
                    calendar,
                    with: ANA.into(),
                });
            }
            Step::Share { calendar } => {
                let shared = 2 + calendar as usize % 2;
                let role = if shared == 2 { Role::Writer } else { Role::Reader };
                let calendar = self.places[shared].id.clone();
                self.hand(Hand::ShareCalendar {
                    calendar,
                    with: ANA.into(),
                    role,
                });
            }
            Step::DeleteCalendar { calendar } => {
                let calendar = self.places[1 + calendar as usize % 3].id.clone();
                self.hand(Hand::DeleteCalendar { calendar });
            }
            Step::Sleep { seconds } => {
                if seconds > LONG {
                    self.around.ledger.lock().unwrap().failures.slept();
                }
                // Timers stand still; the wall clock does not.
                self.around
                    .wall
                    .shift(SignedDuration::from_secs(i64::from(seconds)));
                self.take(Step::Woke);
            }
            Step::ClockSet { by_seconds } => {
                let before = self.now();
                self.around
                    .wall
                    .shift(SignedDuration::from_secs(i64::from(by_seconds)));
                if by_seconds < 0 {
                    // The services' clock is set back with it.
                    let by = SignedDuration::from_secs(i64::from(by_seconds));
                    self.around.ledger.lock().unwrap().clock_set_back(before, by);
                    for at in self.seen_in_step.values_mut().flatten() {
                        *at += by;
                    }
                    for (.., pressed) in &mut self.undoing {
                        *pressed += by;
                    }
                }
            }
            other => unreachable!("{other}"),
        }
    }

    /// Everything that is unreachable for a while goes through here.
    pub(crate) fn hook(&mut self) {
        let (outage, wall) = (Arc::clone(&self.outage), Arc::clone(&self.around.wall));
        self.around.simulator.with(|world| {
            world.faults().set_hook(Some(Arc::new(move |request| {
                let [google, zoom] = *outage.lock().unwrap();
                let until = match request.service {
                    Service::Google | Service::GoogleOauth => google,
                    Service::Zoom | Service::ZoomOauth => zoom,
                };
                until
                    .is_some_and(|until| wall.read() < until)
                    .then(|| Fault::before(Effect::Unreachable))
            })));
        });
    }

    /// All trouble stops.
    pub(crate) fn calm(&mut self) {
        self.around.simulator.with(|world| world.faults().clear());
        *self.outage.lock().unwrap() = [None, None];
        for disk in &self.disks {
            *disk.drawer.fails.lock().unwrap() = None;
        }
        self.door.lock().unwrap().full_for = 0;
        self.end_every_meeting();
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        ledger.disk_full = false;
        ledger.known.explain_riddles(now);
        drop(ledger);
        self.processes.as_ref().unwrap().doom.forget();
    }
}
