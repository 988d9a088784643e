//! What can be done to a series.

use crate::chance::Chance;
use crate::steps::{Plan, Step};

/// Something that is done to a series. Which one, and which of its dates, are numbers taken modulo what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Make {
        calendar: u32,
        rhythm: Rhythm,
        zone: u32,
        in_days: u32,
        at: (i8, i8),
        minutes: u32,
        conference: bool,
    },
    /// The whole of it, to another time or day.
    Move {
        series: u32,
        by_minutes: i32,
    },
    /// Its changed dates keep their titles, or not.
    Rename {
        series: u32,
        dates_too: bool,
    },
    Resize {
        series: u32,
        minutes: u32,
    },
    ChangeRule {
        series: u32,
        rhythm: Rhythm,
    },
    EndEarly {
        series: u32,
        date: u32,
    },
    Cancel {
        series: u32,
    },
    Undelete {
        series: u32,
    },
    MoveDate {
        series: u32,
        date: u32,
        by_minutes: i32,
    },
    LengthenDate {
        series: u32,
        date: u32,
        minutes: u32,
    },
    RenameDate {
        series: u32,
        date: u32,
    },
    CancelDate {
        series: u32,
        date: u32,
    },
    RestoreDate {
        series: u32,
        date: u32,
    },
    /// One date goes without the conference.
    TakeConferenceOffDate {
        series: u32,
        date: u32,
    },
    /// “This and following”.
    Split {
        series: u32,
        date: u32,
        by_minutes: i32,
        renamed: bool,
    },
    /// Off the series, or off one half of it; off its changed dates, or not.
    TakeConferenceOff {
        series: u32,
        dates_too: bool,
    },
    AddConference {
        series: u32,
    },
    Copy {
        series: u32,
        calendar: u32,
        weeks: u32,
    },
    /// It does not repeat any more.
    MakeSingle {
        series: u32,
    },
    /// A single event repeats from now on.
    Repeat {
        event: u32,
        rhythm: Rhythm,
    },
}

/// How a series repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    Days,
    EveryThirdDay,
    DaysWithoutEnd,
    Weekdays,
    Weeks,
    WeeksWithoutEnd,
    WeeksUntil,
    WeeksUntilDay,
    TwiceAWeek,
    EveryOtherWeek,
    TwiceEveryOtherWeek,
    MonthsOnDay,
    MonthsOnWeekday,
    DaysWithGaps,
    WeeksAndOneMore,
    // What Zoom has no words for.
    Years,
    TwoWeekdaysAMonth,
    LastDays,
    Dates,
}

/// Days after the first of October just before clocks change: in Sydney, Berlin, New York, and back again.
const BEFORE_CLOCK_CHANGES: [u32; 6] = [1, 22, 29, 162, 176, 183];

pub(super) fn add_to(plan: &mut Plan) {
    let mut chance = Chance::new(plan.seed, 3);
    if chance.odds(35) {
        return;
    }
    if chance.odds(50) {
        plan.setting.day = chance.pick(&BEFORE_CLOCK_CHANGES) + chance.below(3);
    }
    for _ in 0..chance.between(1, 2) {
        plan.steps.insert(0, Step::OfSeries(make(&mut chance)));
    }
    for _ in 0..chance.between(2, 12) {
        let deed = deed(&mut chance);
        plan.mix_in(Step::OfSeries(deed), &mut chance);
    }
}

fn make(chance: &mut Chance) -> Deed {
    Deed::Make {
        calendar: chance.below(16),
        rhythm: rhythm(chance),
        zone: chance.below(5),
        in_days: chance.weighted(&[(10, 0), (50, 2), (20, 9), (20, 25)]) + chance.below(3),
        at: (chance.between(6, 22) as i8, chance.pick(&[0, 15, 30])),
        minutes: chance.pick(&[15, 30, 45, 60, 90]),
        conference: chance.odds(92),
    }
}

fn rhythm(chance: &mut Chance) -> Rhythm {
    use Rhythm as R;
    chance.weighted(&[
        (10, R::Days),
        (3, R::EveryThirdDay),
        (6, R::DaysWithoutEnd),
        (5, R::Weekdays),
        (12, R::Weeks),
        (5, R::WeeksWithoutEnd),
        (6, R::WeeksUntil),
        (3, R::WeeksUntilDay),
        (8, R::TwiceAWeek),
        (6, R::EveryOtherWeek),
        (4, R::TwiceEveryOtherWeek),
        (6, R::MonthsOnDay),
        (8, R::MonthsOnWeekday),
        (6, R::DaysWithGaps),
        (3, R::WeeksAndOneMore),
        (2, R::Years),
        (2, R::TwoWeekdaysAMonth),
        (2, R::LastDays),
        (2, R::Dates),
    ])
}

fn deed(chance: &mut Chance) -> Deed {
    let (series, date) = (chance.below(16), chance.below(8));
    let by_minutes = chance.weighted(&[
        (30, 30),
        (20, -45),
        (20, 180),
        (10, -1_440),
        (15, 1_440),
        (5, 2_970),
    ]);
    match chance.below(100) {
        0..4 => make(chance),
        4..13 => Deed::Move { series, by_minutes },
        13..19 => Deed::Rename {
            series,
            dates_too: chance.odds(70),
        },
        19..24 => Deed::Resize {
            series,
            minutes: chance.pick(&[10, 20, 40, 75]),
        },
        24..31 => Deed::ChangeRule {
            series,
            rhythm: rhythm(chance),
        },
        31..35 => Deed::EndEarly { series, date },
        35..39 => Deed::Cancel { series },
        39..43 => Deed::Undelete { series },
        43..58 => Deed::MoveDate {
            series,
            date,
            by_minutes,
        },
        58..63 => Deed::LengthenDate {
            series,
            date,
            minutes: chance.pick(&[5, 50, 120]),
        },
        63..65 => Deed::RenameDate { series, date },
        65..75 => Deed::CancelDate { series, date },
        75..78 => Deed::RestoreDate { series, date },
        78..80 => Deed::TakeConferenceOffDate { series, date },
        80..89 => Deed::Split {
            series,
            date: date + 1,
            by_minutes: if chance.odds(50) { 0 } else { by_minutes },
            renamed: chance.odds(40),
        },
        89..92 => Deed::TakeConferenceOff {
            series,
            dates_too: chance.odds(70),
        },
        92..95 => Deed::AddConference { series },
        95..97 => Deed::Copy {
            series,
            calendar: chance.below(16),
            weeks: chance.below(4),
        },
        97..98 => Deed::MakeSingle { series },
        _ => Deed::Repeat {
            event: chance.below(64),
            rhythm: rhythm(chance),
        },
    }
}
