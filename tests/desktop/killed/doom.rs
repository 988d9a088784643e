//! The one process that is to end, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use reconvene_simulator::{Effect, Fault, RequestSummary, Service};
use rustix::process::{Pid, Signal, kill_process};

/// Zoom refuses a second change of a host's meetings while one is under way (P13); each takes so long.
const A_WRITE: Duration = Duration::from_millis(20);

/// Where, after it began, a process is to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// With this request sent, and not carried out.
    Unsent,
    /// With this request carried out, and its answer on the way.
    Unanswered,
    /// So long after this request.
    Later(Duration),
}

#[derive(Debug, Default)]
pub(super) struct Doom {
    pub(super) victim: Option<Pid>,
    /// So many requests it lives through.
    pub(super) left: u64,
    /// With a request of this kind it ends; with any, where none is named.
    pub(super) kind: Option<&'static str>,
    pub(super) end: Option<End>,
    pub(super) kills: BTreeMap<&'static str, u32>,
}

impl Doom {
    /// Called for every request, before the service carries it out.
    pub(super) fn meets(&mut self, request: &RequestSummary) -> Option<Fault> {
        let write = request.service == Service::Zoom && request.method != "GET";
        self.ends(request)
            .unwrap_or_else(|| write.then(|| Fault::slow(A_WRITE)))
    }

    /// What becomes of the request with which the victim ends.
    fn ends(&mut self, request: &RequestSummary) -> Option<Option<Fault>> {
        let (victim, end) = (self.victim?, self.end?);
        if self.kind.is_some_and(|kind| kind != request.operation) {
            return None;
        }
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        self.end = None;
        match end {
            End::Unsent => {
                self.strike(victim, "before a request took effect");
                Some(Some(Fault::before(Effect::Reset)))
            }
            End::Unanswered => {
                self.strike(victim, "before an answer came");
                Some(None)
            }
            End::Later(after) => {
                // Answers of the services have long come by then; it dies between two of its own deeds.
                *self.kills.entry("some time after a request").or_default() += 1;
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    kill_process(victim, Signal::KILL).ok();
                });
                Some(None)
            }
        }
    }

    fn strike(&mut self, victim: Pid, when: &'static str) {
        kill_process(victim, Signal::KILL).ok();
        *self.kills.entry(when).or_default() += 1;
    }
}
