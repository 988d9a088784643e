//! What is rare: events, calendars and waits of every further kind that the services know, a list of calendars that fails,
//! a keyring in trouble, an event that both accounts of the person see, and series and meetings changed at Zoom.

use crate::chance::Chance;
use crate::lasting::Lasting;
use crate::steps::{Make, Plan, Step};

/// One such deed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rare {
    /// Google's list of calendars fails so often.
    ListFails { kind: u32, times: u32 },
    /// The list's sync tokens are dead.
    ExpireList,
    /// A shared calendar is taken off the person's list, or put back on it; it stays shared.
    List { calendar: u32, listed: bool },
    /// A calendar gets another name.
    NameCalendar { calendar: u32 },
    /// A service asks to be left alone, in a form of Retry-After.
    AsksForTime { google: bool, form: u32, seconds: u32 },
    /// The keyring fails, in one of its ways.
    Keyring { how: u32 },
    /// The person's other account is invited to an event, or not any more.
    Invite { event: u32, on: bool },
    /// The invited account takes the event off its own calendar.
    Decline { event: u32 },
    /// People meet, or go home.
    Meet { meeting: u32, on: bool },
    /// One date of a series is cancelled at Zoom.
    CancelDate { meeting: u32, date: u32 },
    /// One date of a series is moved at Zoom.
    MoveDate {
        meeting: u32,
        date: u32,
        by_minutes: u32,
    },
    /// Nobody uses the machine, or somebody does again.
    Away { on: bool },
    /// A meeting repeats at Zoom from now on, or in another way.
    Repeat { meeting: u32, days: u32 },
}

pub(super) fn add_to(plan: &mut Plan) {
    let chance = &mut Chance::new(plan.seed, 5);
    plan.setting.strange_calendars = chance.odds(40);
    plan.setting.mortal_clients = true;
    plan.setting.two_accounts |= chance.odds(25);
    plan.setting.lasting = match chance.below(12) {
        0 | 1 => Some(Lasting::Riddle {
            event: chance.below(64),
        }),
        2 => Some(Lasting::Calendar {
            forbidden: chance.odds(50),
        }),
        3 if plan.setting.two_accounts => Some(Lasting::Account),
        _ => None,
    };
    for _ in 0..chance.below(4) {
        let add = add(chance);
        plan.steps.insert(0, add);
    }
    for _ in 0..chance.between(1, 6) {
        let rare = rare(chance, plan.setting.two_accounts);
        plan.mix_in_all(rare, chance);
    }
}

fn add(chance: &mut Chance) -> Step {
    use Make as M;
    Step::Add {
        calendar: chance.below(16),
        make: chance.pick(&[
            M::Birthday,
            M::Private,
            M::Private,
            M::Imported,
            M::Declined,
            M::AllDaySeries,
            M::PendingMeet,
        ]),
        in_minutes: chance.between(90, 30_000),
        minutes: chance.pick(&[15, 30, 45, 60]),
    }
}

fn rare(chance: &mut Chance, two_accounts: bool) -> Vec<Step> {
    let (event, meeting) = (chance.below(64), chance.below(64));
    let wait = |low: u32, high: u32, chance: &mut Chance| Step::Wait {
        millis: u64::from(chance.between(low, high)),
    };
    let rare = match chance.below(if two_accounts { 16 } else { 12 }) {
        0 => Rare::ListFails {
            kind: chance.below(64),
            times: chance.between(1, 5),
        },
        1 => Rare::ExpireList,
        2 => {
            let calendar = chance.below(16);
            let off = Step::Rare(Rare::List {
                calendar,
                listed: false,
            });
            let mut steps = vec![off, wait(1_000, 3_000_000, chance)];
            if chance.odds(70) {
                steps.push(Step::Rare(Rare::List {
                    calendar,
                    listed: true,
                }));
            }
            return steps;
        }
        3 => Rare::NameCalendar {
            calendar: chance.below(16),
        },
        4 => Rare::AsksForTime {
            google: chance.odds(50),
            form: chance.below(16),
            seconds: chance.weighted(&[(50, 90), (30, 2_700), (20, 18_000)]),
        },
        5 => {
            let how = chance.below(4);
            let fails = Step::Rare(Rare::Keyring { how });
            return vec![
                fails,
                Step::ExpireTokens,
                wait(1_000, 400_000, chance),
                Step::Keyring { locked: false },
            ];
        }
        6 => {
            let on = Step::Rare(Rare::Meet { meeting, on: true });
            let off = Step::Rare(Rare::Meet { meeting, on: false });
            let deed = match chance.below(3) {
                0 => Step::Cancel { event },
                1 => Step::Rename { event, style: 5 },
                _ => Step::Drag {
                    event,
                    by_minutes: chance.between(10, 3_000) as i32,
                },
            };
            return vec![on, deed, wait(1_000, 400_000, chance), off];
        }
        7 | 8 => Rare::CancelDate {
            meeting,
            date: chance.below(8),
        },
        9 => Rare::MoveDate {
            meeting,
            date: chance.below(8),
            by_minutes: chance.between(10, 3_000),
        },
        10 => Rare::Repeat {
            meeting,
            days: chance.between(1, 9),
        },
        11 => Rare::Away { on: chance.odds(60) },
        12 => Rare::Invite { event, on: true },
        13 => Rare::Invite { event, on: false },
        _ => Rare::Decline { event },
    };
    vec![Step::Rare(rare)]
}
