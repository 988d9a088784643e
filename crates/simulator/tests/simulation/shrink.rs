//! Cuts a failing plan down to what it takes to fail.

use crate::planted::Planted;
use crate::run::live;
use crate::steps::{Plan, Setting, Step};

/// At most so many runs are spent on one plan.
const PATIENCE: u32 = 600;

/// The smallest plan found that still breaks `promise`.
pub(crate) fn shrink(plan: &Plan, promise: &'static str, planted: Option<Planted>) -> Plan {
    let mut left = PATIENCE;
    let mut fails = |plan: &Plan| {
        if left == 0 {
            return false;
        }
        left -= 1;
        live(plan, planted, false)
            .broken
            .iter()
            .any(|broken| broken.promise == promise)
    };
    let mut best = plan.clone();
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        let mut cut = false;
        while at < best.steps.len() {
            let mut shorter = best.clone();
            shorter.steps.drain(at..(at + size).min(best.steps.len()));
            if fails(&shorter) {
                best = shorter;
                cut = true;
            } else {
                at += size;
            }
        }
        if size == 1 && !cut {
            break;
        }
        size = if size == 1 { 1 } else { size / 2 };
    }
    for simpler in simpler(best.setting) {
        let candidate = Plan {
            setting: simpler(best.setting),
            ..best.clone()
        };
        if candidate.setting != best.setting && fails(&candidate) {
            best = candidate;
        }
    }
    for at in 0..best.steps.len() {
        while let Some(step) = best.steps.get(at).copied().and_then(smaller) {
            let mut candidate = best.clone();
            candidate.steps[at] = step;
            if !fails(&candidate) {
                break;
            }
            best = candidate;
        }
    }
    best
}

/// The same with half the time, or half as often.
fn smaller(step: Step) -> Option<Step> {
    let smaller = match step {
        Step::Wait { millis } => Step::Wait { millis: millis / 2 },
        Step::Sleep { seconds } => Step::Sleep { seconds: seconds / 2 },
        Step::Fault {
            kind,
            on,
            times,
            skip,
        } if times > 1 => Step::Fault {
            kind,
            on,
            times: times / 2,
            skip,
        },
        _ => return None,
    };
    (smaller != step).then_some(smaller)
}

type Simpler = fn(Setting) -> Setting;

fn simpler(_: Setting) -> [Simpler; 7] {
    [
        |setting| Setting {
            two_installations: false,
            ..setting
        },
        |setting| Setting {
            two_accounts: false,
            ..setting
        },
        |setting| Setting {
            tombstones: 0,
            ..setting
        },
        |setting| Setting {
            empty_pages: 0,
            ..setting
        },
        |setting| Setting {
            repeat_rows: false,
            ..setting
        },
        |setting| Setting {
            rows_per_page: None,
            ..setting
        },
        |setting| Setting {
            mass_limit: 5,
            ..setting
        },
    ]
}
