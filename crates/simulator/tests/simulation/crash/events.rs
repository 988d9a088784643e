//! What people do to single events.

use super::{ONE_PAGE, Scenario, add, later, wait};
use crate::steps::{Make, Step};

#[test]
fn p1_p2_p5_an_edit_survives_a_crash_at_every_point() {
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::LinkThatAgrees, 4_000),
        wait(30),
        Step::Rename { event: 0, style: 5 },
        later(0),
        Step::Resize {
            event: 1,
            minutes: 45,
        },
        wait(90),
    ])
    .shows(&["PATCH /zoom/v2/meetings/ applied"])
    .survives_every_crash();
}

#[test]
fn p3_p5_p9_a_deletion_survives_a_crash_at_every_point() {
    Scenario::of(&[
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
    ])
    .shows(&["DELETE /zoom/v2/meetings/ applied"])
    .survives_every_crash();
}

#[test]
fn p3_p5_a_meeting_that_two_events_share_survives_a_crash_at_every_point() {
    let copy = |event, later_minutes| Step::Copy {
        event,
        calendar: 0,
        later_minutes,
    };
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        copy(0, 1_440),
        copy(1, 1_440),
        wait(30),
        // Of one meeting the copy goes, of the other the original.
        Step::Cancel { event: 2 },
        Step::Cancel { event: 1 },
        later(0),
        wait(100),
        Step::Cancel { event: 3 },
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
fn p3_p5_an_event_that_comes_back_survives_a_crash_at_every_point() {
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        wait(30),
        Step::Cancel { event: 0 },
        Step::Sync,
        // Within the grace period, and once more when the meeting is gone.
        Step::Undelete { event: 0 },
        wait(80),
        later(0),
        Step::Sync,
        Step::Cancel { event: 0 },
        wait(100),
        Step::Undelete { event: 0 },
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}
