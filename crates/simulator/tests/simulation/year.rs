//! A year in which nobody does anything but once: it passes in seconds, and the services hardly notice.

use crate::run::live;
use crate::steps::{Deed, Make, Plan, Rare, Rhythm, Setting, Step};

const SETTING: Setting = Setting {
    grace_seconds: 120,
    mass_limit: 5,
    two_installations: false,
    two_accounts: false,
    strange_calendars: false,
    mortal_clients: false,
    lasting: None,
    tombstones: 0,
    empty_pages: 0,
    repeat_rows: false,
    rows_per_page: None,
    signed_in: true,
    day: 0,
};

const DAYS: u64 = 366;
const DAY: u64 = 24 * 3600;

fn wait(seconds: u64) -> Step {
    Step::Wait {
        millis: seconds * 1000,
    }
}

#[test]
fn p2_p6_p13_a_year_of_polling_carries_one_edit_over_and_writes_nothing_else() {
    let mut steps = vec![Step::Rare(Rare::Away { on: true })];
    steps.extend((1..4).map(|calendar| Step::Tick { calendar, on: false }));
    steps.extend([
        Step::Add {
            calendar: 0,
            make: Make::AddOn,
            in_minutes: 60 * 24 * 500,
            minutes: 30,
        },
        Step::OfSeries(Deed::Make {
            calendar: 0,
            rhythm: Rhythm::WeeksWithoutEnd,
            zone: 0,
            in_days: 3,
            at: (10, 0),
            minutes: 30,
            conference: true,
        }),
        wait(DAYS * DAY / 2),
        Step::Drag {
            event: 0,
            by_minutes: 90,
        },
        wait(DAYS * DAY / 2),
    ]);
    let plan = Plan {
        seed: 2,
        setting: SETTING,
        steps,
    };
    let began = std::time::Instant::now();
    let ended = live(&plan, None, true);
    assert_eq!(ended.broken, []);
    let count = |what: &str| ended.lines.iter().filter(|line| line.contains(what)).count() as u64;
    println!(
        "{} days, {} requests, {:.1} s",
        ended.figures.lived / DAY,
        ended.figures.requests,
        began.elapsed().as_secs_f64()
    );
    assert!(ended.figures.lived >= DAYS * DAY);
    // One calendar, every five minutes, give or take a quarter.
    let polls = count("/events 200");
    let a_day = 24 * 60 / 5;
    assert!(
        (DAYS * a_day * 4 / 5..DAYS * a_day * 4 / 3).contains(&polls),
        "{polls}"
    );
    // Two meetings are looked at four times a day, and a series that goes on is laid out anew now and then.
    let looks = count("GET /zoom/v2/meetings/");
    assert!((DAYS * 6..DAYS * 10).contains(&looks), "{looks}");
    let (moved, relaid) = (count("PATCH /zoom/v2/meetings/"), count("\"recurrence\""));
    assert_eq!(moved - relaid, 1, "the one edit");
    assert!((1..=3).contains(&relaid), "{relaid}");
}
