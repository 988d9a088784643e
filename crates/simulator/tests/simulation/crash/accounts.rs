//! Accounts, calendars and machines, and how far each has been read.

use super::{ONE_PAGE, PERMIT, RULE, SETTING, Scenario, add, later, request, wait};
use crate::steps::{Choice, Consents, Kill, Make, Setting, Step};

#[test]
fn p1_p3_a_full_pass_after_a_lost_token_survives_a_crash_at_every_point() {
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        add(Make::Series, 5_000),
        wait(30),
        Step::Cancel { event: 0 },
        Step::Rename { event: 1, style: 5 },
        Step::ExpireSyncTokens,
        Step::ExpireTokens,
        wait(150),
    ])
    .shows(&[
        "/events 410",
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
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
    Scenario::of(&steps)
        .shows(&["PATCH /zoom/v2/meetings/ applied"])
        .survives_crashes(211);
}

#[test]
fn p2_p5_p11_the_first_sign_in_and_its_question_survive_a_crash_at_every_point() {
    let sign_in = |zoom| {
        Step::Choice(Choice::SignIn {
            machine: 0,
            zoom,
            consents: Consents::Whole,
            to_write: false,
        })
    };
    let tick = Step::Tick {
        calendar: 0,
        on: true,
    };
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        // Nobody carried that over.
        later(0),
        sign_in(false),
        sign_in(true),
        // Whoever sees the process end does it once more.
        Step::SignIn { zoom: false },
        Step::SignIn { zoom: true },
        tick,
        tick,
        wait(30),
        Step::Approve,
        Step::Approve,
        wait(60),
    ])
    .with(Setting {
        signed_in: false,
        ..SETTING
    })
    .shows(&["PATCH /zoom/v2/meetings/ applied"])
    .survives_every_crash();
}

#[test]
fn p2_p5_p12_tokens_that_run_out_on_the_way_survive_a_crash_at_every_point() {
    let signed_in_anew = Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        wait(30),
        later(0),
        Step::Cancel { event: 1 },
        Step::ExpireTokens,
        wait(45),
        // And once more before the deletion, which waits.
        Step::ExpireTokens,
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "/events 401",
        "GET /zoom/v2/meetings/ 401",
        "PATCH /zoom/v2/meetings/ applied",
        "/calendarList 401",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
    // Zoom's refresh token dies with each use, and twice it was used. The new one is lost with an answer on its way or just
    // here, and nowhere else.
    let lost_answer = |kill: &Kill| matches!(kill, Kill::RequestSent(_) | Kill::RequestAnswered(_));
    assert!(
        signed_in_anew.len() == 4 && signed_in_anew.iter().all(lost_answer),
        "{signed_in_anew:?}"
    );
}

#[test]
fn p3_p5_a_calendar_unticked_and_ticked_survives_a_crash_at_every_point() {
    let tick = |on| Step::Tick { calendar: 0, on };
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        add(Make::AddOn, 5_000),
        wait(30),
        later(0),
        Step::Cancel { event: 1 },
        Step::Sync,
        // The deletion waits.
        tick(false),
        tick(false),
        Step::Cancel { event: 2 },
        wait(40),
        tick(true),
        tick(true),
        wait(10),
        later(0),
        wait(80),
        Step::Cancel { event: 0 },
        wait(100),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p1_p3_a_token_lost_between_two_pages_survives_a_crash_at_every_point() {
    let untick = |calendar| Step::Tick { calendar, on: false };
    // The first of the presets: 410 to one page of a list.
    let lost = |skip| Step::Fault {
        kind: 0,
        on: 0,
        times: 1,
        skip,
    };
    Scenario::of(&[
        untick(1),
        untick(2),
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        add(Make::AddOn, 5_000),
        wait(30),
        Step::Cancel { event: 0 },
        later(1),
        Step::Rename { event: 2, style: 5 },
        // Of the changes, and of the full pass after that.
        lost(2),
        lost(4),
        wait(150),
    ])
    .shows(&[
        "/events 410",
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

const TWO_INSTALLATIONS: Setting = Setting {
    two_installations: true,
    ..ONE_PAGE
};

#[test]
fn p5_p14_each_of_two_installations_survives_a_crash_at_every_point() {
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        wait(30),
        later(0),
        Step::Cancel { event: 1 },
        // Both see it at once.
        Step::Woke,
        wait(80),
    ])
    .with(TWO_INSTALLATIONS)
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p5_p7_p14_a_meeting_made_on_two_installations_survives_a_crash_at_every_point() {
    Scenario::of(&[
        PERMIT,
        RULE,
        RULE,
        add(Make::Plain, 3_000),
        wait(30),
        request(0),
        Step::Woke,
        wait(120),
    ])
    .with(TWO_INSTALLATIONS)
    .shows(&[
        "POST /zoom/v2/users/me/meetings applied",
        "PATCH /google/calendar/v3/calendars/ applied",
        // The slower one takes its own back.
        "PATCH /google/calendar/v3/calendars/ 412",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}
