//! A plan drawn from its seed.

use super::{Kill, Learned, Make, Plan, Setting, Step, choices, rare, series, worlds};
use crate::chance::Chance;

impl Plan {
    /// The history of a seed.
    pub(crate) fn of(seed: u64, learned: Learned) -> Self {
        let mut chance = Chance::new(seed, 0);
        let setting = Setting {
            grace_seconds: chance.weighted(&[(60, 120), (15, 0), (15, 20), (10, 600)]),
            mass_limit: chance.weighted(&[(85, 5), (15, 2)]),
            two_installations: chance.odds(6),
            two_accounts: chance.odds(15),
            strange_calendars: false,
            mortal_clients: false,
            lasting: None,
            tombstones: chance.weighted(&[(50, 0), (25, 1), (25, 2)]),
            empty_pages: chance.weighted(&[(80, 0), (10, 1), (10, 3)]),
            repeat_rows: chance.odds(20),
            rows_per_page: None,
            signed_in: true,
            day: chance.below(200),
        };
        let mut steps = Vec::new();
        for _ in 0..chance.between(1, 6) {
            steps.push(add(&mut chance));
        }
        steps.push(Step::Wait {
            millis: u64::from(chance.between(100, 120_000)),
        });
        for _ in 0..chance.between(6, 30) {
            steps.push(step(&mut chance));
            if chance.odds(60) {
                steps.push(wait(&mut chance));
            }
        }
        let mut plan = Self { seed, setting, steps };
        if learned.choices {
            choices::add_to(&mut plan);
        }
        if learned.series {
            series::add_to(&mut plan);
        }
        if learned.worlds {
            worlds::add_to(&mut plan);
        }
        if learned.rare {
            rare::add_to(&mut plan);
        }
        plan
    }

    /// Puts steps anywhere, one right after the other.
    pub(super) fn mix_in_all(&mut self, steps: Vec<Step>, chance: &mut Chance) {
        let at = chance.below(self.steps.len() as u32 + 1) as usize;
        self.steps.splice(at..at, steps);
    }

    /// Puts a step anywhere.
    pub(super) fn mix_in(&mut self, step: Step, chance: &mut Chance) {
        let at = chance.below(self.steps.len() as u32 + 1) as usize;
        self.steps.insert(at, step);
    }
}

fn wait(chance: &mut Chance) -> Step {
    let millis = match chance.below(100) {
        // Within the life of one request or one pass.
        0..30 => chance.between(1, 400),
        30..50 => chance.between(400, 20_000),
        50..85 => chance.between(20_000, 90_000),
        85..97 => chance.between(90_000, 400_000),
        _ => chance.between(400_000, 3_000_000),
    };
    Step::Wait {
        millis: u64::from(millis),
    }
}

fn add(chance: &mut Chance) -> Step {
    use Make as M;
    let make = chance.weighted(&[
        (54, M::AddOn),
        (3, M::AddOnOfBen),
        (10, M::LinkThatAgrees),
        (3, M::LinkToOther),
        (2, M::LinkToRoom),
        (2, M::LinkToPersonalRoom),
        (4, M::Attached),
        (2, M::Meet),
        (3, M::Plain),
        (5, M::Series),
        (2, M::SeriesWithoutEnd),
        (2, M::AllDay),
        (3, M::InvitationFromBen),
        (4, M::WithGuest),
    ]);
    Step::Add {
        calendar: chance.below(16),
        make,
        in_minutes: match chance.below(10) {
            0 => chance.between(2, 90),
            1..3 => chance.between(90, 1_440),
            _ => chance.between(1_440, 30_000),
        },
        minutes: chance.pick(&[15, 25, 30, 45, 60, 90, 1_500]),
    }
}

fn step(chance: &mut Chance) -> Step {
    let event = chance.below(64);
    let calendar = chance.below(16);
    let meeting = chance.below(64);
    match chance.below(1000) {
        0..60 => add(chance),
        60..170 => Step::Rename {
            event,
            style: chance.below(8) as u8,
        },
        170..280 => Step::Drag {
            event,
            by_minutes: match chance.below(8) {
                0 => -(chance.between(1, 40_000) as i32),
                _ => chance.between(1, 20_000) as i32,
            },
        },
        280..320 => Step::Resize {
            event,
            minutes: chance.between(1, 300),
        },
        320..410 => Step::Cancel { event },
        410..422 => Step::CancelMany {
            first: event,
            count: chance.between(3, 9),
        },
        422..460 => Step::Undelete { event },
        460..480 => Step::Copy {
            event,
            calendar,
            later_minutes: chance.below(10_000),
        },
        480..505 => Step::Carry { event, calendar },
        505..520 => Step::TakeConferenceOff { event },
        520..530 => Step::SwapToMeet { event },
        530..545 => Step::Attach { event, meeting },
        545..550 => Step::MakeAllDay { event },
        550..556 => Step::Colour { event },
        556..566 => Step::CancelOccurrence {
            event,
            index: chance.below(4),
        },
        566..574 => Step::MoveOccurrence {
            event,
            index: chance.below(4),
        },
        574..580 => Step::Split {
            event,
            index: chance.between(1, 3),
        },
        580..595 => Step::EditMeeting {
            meeting,
            by_minutes: chance.below(3000) as i32,
        },
        595..601 => Step::DeleteMeeting { meeting },
        601..605 => Step::GiveMeeting { meeting },
        605..608 => Step::MakeWebinar { meeting },
        608..626 => Step::Tick {
            calendar,
            on: chance.odds(70),
        },
        626..632 => Step::SignOut {
            zoom: chance.odds(60),
        },
        632..645 => Step::SignIn {
            zoom: chance.odds(50),
        },
        645..655 => Step::Retry { meeting },
        655..663 => Step::Ignore { meeting },
        663..671 => Step::Approve,
        671..676 => Step::Refuse,
        676..700 => Step::Sync,
        700..706 => Step::Woke,
        706..710 => Step::Pause { on: chance.odds(40) },
        710..835 => Step::Fault {
            kind: chance.below(1000),
            on: chance.below(100),
            times: chance.weighted(&[(70, 1), (20, 2), (7, 4), (3, 12)]),
            skip: chance.weighted(&[(60, 0), (20, 1), (15, 2), (5, 4)]),
        },
        835..845 => Step::Outage {
            google: chance.odds(70),
            zoom: chance.odds(70),
            seconds: chance.between(5, 1500),
        },
        845..852 => Step::Keyring {
            locked: chance.odds(55),
        },
        852..860 => Step::DiskFull {
            commits: chance.between(1, 6),
        },
        860..868 => Step::ExpireTokens,
        868..888 => Step::ExpireSyncTokens,
        888..894 => Step::ForgetTombstones { calendar },
        894..899 => Step::Revoke {
            zoom: chance.odds(50),
        },
        899..903 => Step::UseUpDay,
        903..909 => Step::Unshare { calendar },
        909..915 => Step::Share { calendar },
        915..918 => Step::DeleteCalendar { calendar },
        918..930 => Step::Sleep {
            seconds: match chance.below(4) {
                0 => chance.between(86_400, 400_000),
                1 => chance.between(3_600, 86_400),
                _ => chance.between(60, 3_600),
            },
        },
        930..935 => Step::ClockSet {
            by_seconds: chance.between(1, 14_400) as i32 - 7_200,
        },
        _ => Step::Kill(kill(chance)),
    }
}

pub(super) fn kill(chance: &mut Chance) -> Kill {
    let nth = chance.below(12);
    match chance.below(7) {
        0 => Kill::Now,
        1 => Kill::BeforeRequest(nth),
        2 => Kill::RequestSent(nth),
        3 => Kill::RequestAnswered(nth),
        4 => Kill::BeforeCommit(nth),
        5 => Kill::AfterCommit(nth),
        _ => Kill::AtAwait(chance.below(40)),
    }
}
