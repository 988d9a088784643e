//! What people do to series.

use super::{ONE_PAGE, Scenario, wait, weekly};
use crate::steps::{Deed, Step};

#[test]
fn p2_p4_p5_a_series_with_exceptions_moved_and_split_survives_a_crash_at_every_point() {
    let of = Step::OfSeries;
    let series = 0;
    Scenario::of(&[
        weekly(),
        wait(30),
        of(Deed::MoveDate {
            series,
            date: 2,
            by_minutes: 180,
        }),
        of(Deed::CancelDate { series, date: 4 }),
        wait(80),
        of(Deed::Move {
            series,
            by_minutes: 45,
        }),
        of(Deed::CancelDate { series, date: 1 }),
        wait(80),
        of(Deed::Split {
            series,
            date: 6,
            by_minutes: 1_440,
            renamed: true,
        }),
        of(Deed::LengthenDate {
            series,
            date: 3,
            minutes: 50,
        }),
        wait(80),
    ])
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p2_p3_p5_a_cancelled_series_survives_a_crash_at_every_point() {
    let series = 0;
    Scenario::of(&[
        weekly(),
        wait(30),
        Step::OfSeries(Deed::MoveDate {
            series,
            date: 2,
            by_minutes: 180,
        }),
        wait(80),
        Step::OfSeries(Deed::Cancel { series }),
        wait(100),
    ])
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}

#[test]
fn p3_p4_p5_a_date_restored_and_half_a_series_cancelled_survive_a_crash_at_every_point() {
    let of = Step::OfSeries;
    let series = 0;
    Scenario::of(&[
        weekly(),
        wait(30),
        of(Deed::MoveDate {
            series,
            date: 1,
            by_minutes: 180,
        }),
        of(Deed::CancelDate { series, date: 2 }),
        wait(80),
        of(Deed::RestoreDate { series, date: 0 }),
        of(Deed::Split {
            series,
            date: 4,
            by_minutes: 0,
            renamed: false,
        }),
        wait(80),
        of(Deed::Cancel { series: 1 }),
        wait(100),
    ])
    .with(ONE_PAGE)
    .shows(&[
        "PATCH /zoom/v2/meetings/ applied",
        "DELETE /zoom/v2/meetings/ applied",
    ])
    .survives_every_crash();
}
