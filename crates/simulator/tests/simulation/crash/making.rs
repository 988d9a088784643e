//! Meetings that are made.

use super::{LOOK, ONE_PAGE, PERMIT, RULE, Scenario, add, later, request, wait};
use crate::steps::{Choice, Make, Meanwhile, Step};

#[test]
fn p5_p7_a_meeting_being_added_survives_a_crash_at_every_point() {
    let add_meeting = Step::Choice(Choice::AddMeeting {
        event: 1,
        waits: true,
        millis: 0,
        meanwhile: Meanwhile::Nothing,
    });
    Scenario::of(&[
        add(Make::Plain, 3_000),
        add(Make::AddOn, 4_000),
        PERMIT,
        wait(30),
        add_meeting,
        wait(90),
        // Whoever sees the process end presses once more.
        add_meeting,
        wait(90),
        later(0),
        wait(90),
    ])
    .shows(&[
        "POST /zoom/v2/users/me/meetings applied",
        "PATCH /google/calendar/v3/calendars/ applied",
        "PATCH /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p5_p7_a_meeting_made_by_the_rule_survives_a_crash_at_every_point() {
    Scenario::of(&[
        add(Make::Plain, 3_000),
        PERMIT,
        RULE,
        RULE,
        wait(30),
        request(0),
        wait(90),
        later(0),
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "POST /zoom/v2/users/me/meetings applied",
        "PATCH /google/calendar/v3/calendars/ applied",
        "PATCH /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p5_p7_a_meeting_made_anew_survives_a_crash_at_every_point() {
    let recreate = Step::Choice(Choice::Recreate { meeting: 0 });
    Scenario::of(&[
        PERMIT,
        add(Make::AddOn, 3_000),
        wait(30),
        Step::Choice(Choice::Vanish {
            event: 0,
            for_good: true,
        }),
        LOOK,
        recreate,
        recreate,
        wait(30),
        later(0),
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "POST /zoom/v2/users/me/meetings applied",
        "PATCH /google/calendar/v3/calendars/ applied",
        "PATCH /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}
