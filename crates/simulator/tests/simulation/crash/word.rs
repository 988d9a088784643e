//! What the person says in the app.

use super::{LOOK, ONE_PAGE, Scenario, add, later, wait};
use crate::steps::{Choice, Make, Step};

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
    Scenario::of(&steps)
        .shows(&["DELETE /zoom/v2/meetings/ applied"])
        .survives_every_crash();
}

#[test]
fn p5_an_undo_survives_a_crash_at_every_point() {
    let undo = Step::Choice(Choice::Undo { entry: 0 });
    Scenario::of(&[
        add(Make::AddOn, 3_000),
        add(Make::AddOn, 4_000),
        wait(30),
        later(0),
        wait(90),
        undo,
        wait(30),
        Step::Cancel { event: 1 },
        wait(120),
        undo,
        wait(90),
    ])
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "PUT /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p3_p5_a_bond_made_and_unmade_by_hand_survives_a_crash_at_every_point() {
    let bond = Step::Choice(Choice::Bond { meeting: 0 });
    let unbond = Step::Choice(Choice::Unbond { meeting: 0 });
    Scenario::of(&[
        add(Make::LinkToOther, 3_000),
        wait(30),
        bond,
        bond,
        wait(30),
        later(0),
        wait(80),
        unbond,
        unbond,
        later(0),
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&["PATCH /zoom/v2/meetings/ \"topic\":\"Review applied"])
    .survives_every_crash();
}

#[test]
fn p2_p5_p7_a_question_about_a_change_at_zoom_survives_a_crash_at_every_point() {
    let ask = Step::Choice(Choice::AskOnDrift { on: true });
    // The rooms are the other two.
    let change = Step::EditMeeting {
        meeting: 1,
        by_minutes: 60,
    };
    Scenario::of(&[
        ask,
        ask,
        add(Make::AddOn, 3_000),
        wait(30),
        change,
        LOOK,
        Step::Approve,
        Step::Approve,
        wait(30),
        change,
        LOOK,
        Step::Refuse,
        Step::Refuse,
        wait(30),
        later(0),
        wait(80),
    ])
    .with(ONE_PAGE)
    .shows(&["PATCH /zoom/v2/meetings/ \"topic\":\"Review applied"])
    .survives_every_crash();
}
