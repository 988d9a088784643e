//! Faults on demand: which request fails, before or after it took effect, and how.

pub mod presets;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::Service;

/// Whether the service carried the request out before the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing happened at the service.
    #[default]
    Before,
    /// The request took effect; only its answer is lost or spoilt.
    After,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Another answer than the service's own.
    Answer {
        /// HTTP status, 100–599.
        status: u16,
        /// Header names and values.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body, as it is.
        #[serde(default)]
        body: String,
    },
    /// A named answer out of [`presets`].
    Preset(String),
    /// The service's own status and headers, the body cut after so many bytes, then the connection closed. As it is
    /// the service's own answer, the request takes effect whatever `when` says.
    CutBody(usize),
    /// The service's own answer, late. Milliseconds.
    Slow(u64),
    /// No answer, ever; the connection stays open.
    Hang,
    /// The connection is closed without an answer.
    Reset,
    /// As if nothing listened: certainly not carried out.
    Unreachable,
}

/// One thing that goes wrong, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Before or after the request took effect.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// A fault by which the request has no effect.
    #[must_use]
    pub fn before(effect: Effect) -> Self {
        Self {
            when: When::Before,
            effect,
        }
    }

    /// A fault after the request took effect: a lost answer.
    #[must_use]
    pub fn after(effect: Effect) -> Self {
        Self {
            when: When::After,
            effect,
        }
    }

    /// A named answer out of [`presets`], given instead of carrying the request out.
    #[must_use]
    pub fn preset(name: &str) -> Self {
        Self::before(Effect::Preset(name.to_owned()))
    }

    /// The service's own answer, late.
    #[must_use]
    pub fn slow(by: Duration) -> Self {
        Self::after(Effect::Slow(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    pub(crate) fn name(&self) -> String {
        let effect = match &self.effect {
            Effect::Answer { status, .. } => format!("answer {status}"),
            Effect::Preset(name) => name.clone(),
            Effect::CutBody(bytes) => format!("body cut after {bytes}"),
            Effect::Slow(millis) => format!("slow {millis} ms"),
            Effect::Hang => "hang".to_owned(),
            Effect::Reset => "reset".to_owned(),
            Effect::Unreachable => "unreachable".to_owned(),
        };
        match (self.when, &self.effect) {
            (When::Before, _) | (_, Effect::CutBody(_) | Effect::Slow(_)) => effect,
            (When::After, _) => format!("{effect}, after it took effect"),
        }
    }
}

/// Which requests a rule meets. Everything given must hold; nothing given meets every request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The service.
    #[serde(default)]
    pub service: Option<Service>,
    /// The HTTP method, in capitals.
    #[serde(default)]
    pub method: Option<String>,
    /// A piece of the decoded path and query.
    #[serde(default)]
    pub path: Option<String>,
    /// The operation's name, as in the log.
    #[serde(default)]
    pub operation: Option<String>,
}

/// A fault in wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many fail then; without it, all.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens to them.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Rule {
    /// The next request to `service` whose path or query contains `path` fails so, once.
    #[must_use]
    pub fn once(service: Service, path: &str, fault: Fault) -> Self {
        Self {
            matching: Match {
                service: Some(service),
                path: (!path.is_empty()).then(|| path.to_owned()),
                ..Match::default()
            },
            skip: 0,
            times: Some(1),
            fault,
        }
    }

    /// The same rule for one HTTP method alone.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self
    }
}

/// What a fault hook sees of a request.
#[derive(Debug, Clone)]
pub struct RequestSummary {
    /// Its number in the log.
    pub seq: u64,
    /// The service.
    pub service: Service,
    /// The HTTP method.
    pub method: String,
    /// Decoded path with the query.
    pub path: String,
    /// The operation's name, as in the log.
    pub operation: String,
}

/// Decides for each request whether it fails; asked after the rules.
pub type Hook = Arc<dyn Fn(&RequestSummary) -> Option<Fault> + Send + Sync>;

/// All faults in wait.
#[derive(Default)]
pub struct Faults {
    rules: Vec<Rule>,
    pub(crate) hook: Option<Hook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Faults {
    /// Adds a rule behind those that are there; the first that matches is taken.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Drops all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules still in wait.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Sets or takes away the hook.
    pub fn set_hook(&mut self, hook: Option<Hook>) {
        self.hook = hook;
    }

    pub(crate) fn meet(&mut self, request: &RequestSummary) -> Option<Fault> {
        let mut found = None;
        for rule in &mut self.rules {
            if rule.times == Some(0) || !rule.matching.holds(request) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times -= 1;
            }
            found = Some(rule.fault.clone());
            break;
        }
        self.rules.retain(|rule| rule.times != Some(0));
        found.or_else(|| self.hook.as_ref().and_then(|hook| hook(request)))
    }
}

impl Match {
    fn holds(&self, request: &RequestSummary) -> bool {
        self.service.is_none_or(|service| service == request.service)
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == request.method)
            && self
                .path
                .as_ref()
                .is_none_or(|piece| request.path.contains(piece.as_str()))
            && self
                .operation
                .as_ref()
                .is_none_or(|operation| *operation == request.operation)
    }
}

/// What an HTTP transport would have noticed, for callers that reach the router without a socket.
///
/// The simulator puts it into the response's extensions; a transport adapter must look for it before it looks at
/// the status. Over real sockets the connection itself misbehaves so, and the marker never leaves the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The connection was closed before any answer. The request may have taken effect.
    Reset,
    /// No answer will come. Wait until your own limit ends it. The request may have taken effect.
    Hang,
    /// The answer's body ends early, though its length was announced.
    CutBody,
    /// Nothing listened. The request certainly had no effect.
    Unreachable,
}
