//! Worlds less ordinary: short pages, events of every kind, rows that nobody understands, long outages, and machines that
//! come and go by themselves.

use crate::chance::Chance;
use crate::steps::{Make, Plan, Step};

pub(super) fn add_to(plan: &mut Plan) {
    let chance = &mut Chance::new(plan.seed, 4);
    plan.setting.rows_per_page = chance.pick(&[None, Some(1), Some(2), Some(5)]);
    plan.setting.two_installations |= chance.odds(10);
    for _ in 0..chance.below(4) {
        let add = add(chance);
        plan.steps.insert(0, add);
    }
    for _ in 0..chance.below(3) {
        let riddle = riddle(chance);
        plan.mix_in_all(riddle, chance);
    }
    if chance.odds(10) {
        let outage = outage(chance);
        plan.mix_in_all(outage, chance);
    }
    for _ in 0..chance.below(3) {
        let off = off(chance);
        plan.mix_in_all(off, chance);
    }
    if plan.setting.two_installations {
        for _ in 0..chance.between(1, 4) {
            let machine = chance.below(2);
            plan.mix_in(Step::SitAt { machine }, chance);
        }
    }
}

fn add(chance: &mut Chance) -> Step {
    use Make as M;
    Step::Add {
        calendar: chance.below(16),
        make: chance.pick(&[
            M::Locked,
            M::InvitationToChange,
            M::Tentative,
            M::OutOfOffice,
            M::FocusTime,
            M::WorkingLocation,
            M::FromGmail,
            M::InPersonalRoom,
            M::InPersonalRoom,
        ]),
        in_minutes: chance.between(90, 30_000),
        minutes: chance.pick(&[15, 30, 45, 60]),
    }
}

/// An event is changed while nobody understands it, or all of them are listed anew.
fn riddle(chance: &mut Chance) -> Vec<Step> {
    let event = chance.below(64);
    let seconds = chance.between(60, 1_200);
    let wait = |low: u32, high: u32, chance: &mut Chance| Step::Wait {
        millis: u64::from(chance.between(low, high)),
    };
    let mut steps = vec![
        wait(60_000, 120_000, chance),
        Step::Riddle { event, seconds },
        match chance.below(6) {
            0 => Step::ExpireSyncTokens,
            1 => Step::Cancel { event },
            2 => Step::Colour { event },
            3 => Step::Drag {
                event,
                by_minutes: chance.between(10, 3_000) as i32,
            },
            _ => Step::Rename { event, style: 5 },
        },
        wait(60_000, 1_000 * seconds, chance),
    ];
    if chance.odds(40) {
        steps.push(Step::Rename { event, style: 6 });
        steps.push(wait(1_000, 300_000, chance));
    }
    steps
}

/// Hours without one of the services, or both.
fn outage(chance: &mut Chance) -> Vec<Step> {
    let seconds = chance.between(1_500, 6 * 3_600);
    let google = chance.odds(70);
    let outage = Step::Outage {
        google,
        zoom: !google || chance.odds(70),
        seconds,
    };
    let wait = Step::Wait {
        millis: 1_000 * u64::from(chance.between(seconds / 2, seconds + 3_600)),
    };
    vec![outage, wait]
}

/// A machine is switched off while it works, for a moment or for days.
fn off(chance: &mut Chance) -> Vec<Step> {
    let machine = chance.below(2);
    let event = chance.below(64);
    let mut steps = vec![
        Step::Woke,
        Step::Wait {
            millis: u64::from(chance.between(1, 400)),
        },
        Step::SwitchOff { machine },
    ];
    if chance.odds(60) {
        steps.push(match chance.below(4) {
            0 => Step::Cancel { event },
            1 => Step::Drag {
                event,
                by_minutes: chance.between(10, 3_000) as i32,
            },
            _ => Step::Rename { event, style: 5 },
        });
        steps.push(match chance.below(3) {
            0 => Step::Sleep {
                seconds: chance.between(3_600, 400_000),
            },
            _ => Step::Wait {
                millis: u64::from(chance.between(60_000, 3_000_000)),
            },
        });
    }
    steps.push(Step::SwitchOn { machine });
    steps
}
