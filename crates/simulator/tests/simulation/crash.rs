//! Every crash point once: a few fixed scenarios are lived through once to count their requests and commits, and then
//! once more for each of them, with the process ending right there.

use std::fmt::Write as _;

use crate::run::live;
use crate::steps::{Choice, Deed, Kill, Make, Meanwhile, Plan, Rhythm, Setting, Step};

const SETTING: Setting = Setting {
    grace_seconds: 20,
    mass_limit: 5,
    two_installations: false,
    two_accounts: false,
    strange_calendars: false,
    mortal_clients: true,
    lasting: None,
    tombstones: 0,
    empty_pages: 1,
    repeat_rows: true,
    rows_per_page: Some(1),
    day: 60,
};

fn wait(seconds: u64) -> Step {
    Step::Wait {
        millis: seconds * 1000,
    }
}

fn add(make: Make, in_minutes: u32) -> Step {
    Step::Add {
        calendar: 0,
        make,
        in_minutes,
        minutes: 30,
    }
}

/// Kills the process at each request and each commit of `steps`, one run each.
fn survives_every_crash(steps: &[Step]) {
    survives_crashes(steps, 1);
}

/// Kills the process at one in so `many` requests and commits of `steps`.
fn survives_crashes(steps: &[Step], many: usize) {
    let plan = |kill: Option<Kill>| Plan {
        seed: 2,
        setting: SETTING,
        steps: kill
            .map(Step::Kill)
            .into_iter()
            .chain(steps.iter().copied())
            .collect(),
    };
    let calm = live(&plan(None), None, false);
    assert_eq!(calm.broken, [], "without any crash");
    assert!(
        calm.requests > 5 && calm.commits > 5,
        "the scenario does something"
    );
    let at_requests = (0..calm.requests).flat_map(|nth| {
        [
            Kill::BeforeRequest(nth),
            Kill::RequestSent(nth),
            Kill::RequestAnswered(nth),
        ]
    });
    let at_commits = (0..calm.commits).flat_map(|nth| [Kill::BeforeCommit(nth), Kill::AfterCommit(nth)]);
    let mut failed = String::new();
    let mut count = 0;
    for kill in at_requests.chain(at_commits).step_by(many) {
        count += 1;
        let ended = live(&plan(Some(kill)), None, false);
        for broken in &ended.broken {
            writeln!(failed, "{kill:?}: {broken}").unwrap();
        }
    }
    println!(
        "{count} crash points: {} requests, {} commits",
        calm.requests, calm.commits
    );
    assert_eq!(failed, "");
}

#[test]
fn p1_p2_p5_an_edit_survives_a_crash_at_every_point() {
    survives_every_crash(&[
        add(Make::AddOn, 3_000),
        add(Make::LinkThatAgrees, 4_000),
        wait(30),
        Step::Rename { event: 0, style: 5 },
        Step::Drag {
            event: 0,
            by_minutes: 90,
        },
        Step::Resize {
            event: 1,
            minutes: 45,
        },
        wait(90),
    ]);
}

#[test]
fn p3_p5_p9_a_deletion_survives_a_crash_at_every_point() {
    survives_every_crash(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        add(Make::AddOn, 5_000),
        wait(30),
        Step::Cancel { event: 0 },
        Step::Cancel { event: 1 },
        Step::Carry {
            event: 2,
            calendar: 1,
        },
        wait(60),
        Step::Undelete { event: 1 },
        wait(80),
    ]);
}

#[test]
fn p1_p3_a_full_pass_after_a_lost_token_survives_a_crash_at_every_point() {
    survives_every_crash(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        add(Make::Series, 5_000),
        wait(30),
        Step::Cancel { event: 0 },
        Step::Rename { event: 1, style: 5 },
        Step::ExpireSyncTokens,
        Step::ExpireTokens,
        wait(150),
    ]);
}

#[test]
fn p8_held_deletions_survive_a_crash_at_every_point() {
    let mut steps: Vec<Step> = (0..6).map(|nth| add(Make::AddOn, 3_000 + nth * 100)).collect();
    steps.extend([
        wait(20),
        Step::CancelMany { first: 0, count: 6 },
        wait(100),
        Step::Approve,
        wait(20),
    ]);
    survives_every_crash(&steps);
}

#[test]
fn p5_p7_a_meeting_being_added_survives_a_crash_at_every_point() {
    let add_meeting = Step::Choice(Choice::AddMeeting {
        event: 1,
        waits: true,
        millis: 0,
        meanwhile: Meanwhile::Nothing,
    });
    survives_every_crash(&[
        add(Make::Plain, 3_000),
        add(Make::AddOn, 4_000),
        Step::Choice(Choice::Permit { on: true }),
        wait(30),
        add_meeting,
        wait(90),
        // Whoever sees the process end presses once more.
        add_meeting,
        wait(90),
        Step::Drag {
            event: 0,
            by_minutes: 90,
        },
        wait(90),
    ]);
}

#[test]
fn p5_an_undo_survives_a_crash_at_every_point() {
    let undo = Step::Choice(Choice::Undo { entry: 0 });
    survives_every_crash(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        wait(30),
        Step::Drag {
            event: 0,
            by_minutes: 90,
        },
        wait(90),
        undo,
        wait(30),
        Step::Cancel { event: 1 },
        wait(120),
        undo,
        wait(90),
    ]);
}

#[test]
fn p2_p4_p5_a_series_with_exceptions_moved_and_split_survives_a_crash_at_every_point() {
    let series = 0;
    let steps = [
        Deed::Make {
            calendar: 0,
            rhythm: Rhythm::WeeksWithoutEnd,
            zone: 0,
            in_days: 3,
            at: (10, 0),
            minutes: 30,
            conference: true,
        },
        Deed::MoveDate {
            series,
            date: 2,
            by_minutes: 180,
        },
        Deed::CancelDate { series, date: 4 },
    ];
    let mut steps: Vec<Step> = steps.into_iter().map(Step::OfSeries).collect();
    steps.insert(1, wait(30));
    steps.push(wait(80));
    steps.push(Step::OfSeries(Deed::Move {
        series,
        by_minutes: 45,
    }));
    steps.push(Step::OfSeries(Deed::CancelDate { series, date: 1 }));
    steps.push(wait(80));
    steps.push(Step::OfSeries(Deed::Split {
        series,
        date: 6,
        by_minutes: 1_440,
        renamed: true,
    }));
    steps.push(Step::OfSeries(Deed::LengthenDate {
        series,
        date: 3,
        minutes: 50,
    }));
    steps.push(wait(80));
    survives_every_crash(&steps);
}

#[test]
fn p2_p3_p5_a_cancelled_series_survives_a_crash_at_every_point() {
    let series = 0;
    survives_every_crash(&[
        Step::OfSeries(Deed::Make {
            calendar: 0,
            rhythm: Rhythm::WeeksWithoutEnd,
            zone: 0,
            in_days: 3,
            at: (10, 0),
            minutes: 30,
            conference: true,
        }),
        wait(30),
        Step::OfSeries(Deed::MoveDate {
            series,
            date: 2,
            by_minutes: 180,
        }),
        wait(80),
        Step::OfSeries(Deed::Cancel { series }),
        wait(100),
    ]);
}

#[test]
fn p2_p13_a_day_of_more_changes_than_zoom_takes_survives_crashes() {
    let mut steps: Vec<Step> = (0..3).map(|nth| add(Make::AddOn, 3_000 + nth * 100)).collect();
    steps.push(wait(30));
    for nth in 0..120 {
        steps.push(Step::Rename {
            event: nth % 3,
            style: 5,
        });
        // Every poll finds a change.
        steps.push(wait(80));
    }
    survives_crashes(&steps, 211);
}
