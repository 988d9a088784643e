//! What a person says and chooses in the app, and gives and takes at a service.

use crate::chance::Chance;
use crate::steps::{Make, Plan, Step};

/// One such deed, on the first machine where it is not said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Choice {
    /// Allows both machines to change events, or signs in anew without that.
    Permit {
        on: bool,
    },
    /// “Add meeting”. When somebody `waits` for it, nothing else happens until it is done.
    AddMeeting {
        event: u32,
        waits: bool,
        /// Otherwise so soon after that something else happens to the event.
        millis: u32,
        meanwhile: Meanwhile,
    },
    /// The rule by which a word in an event asks for a meeting.
    Rule {
        on: bool,
    },
    /// Writes the word into an event's title.
    Request {
        event: u32,
    },
    /// A meeting that an event points at vanishes at Zoom, for good or into the trash.
    Vanish {
        event: u32,
        for_good: bool,
    },
    /// Makes a vanished meeting anew.
    Recreate {
        meeting: u32,
    },
    /// Takes back one of the last things that were done.
    Undo {
        entry: u32,
    },
    /// “Preview only”, on one machine.
    Preview {
        machine: u32,
        on: bool,
    },
    /// Asks what would be done.
    Plan {
        machine: u32,
    },
    Bond {
        meeting: u32,
    },
    Unbond {
        meeting: u32,
    },
    /// Whether a change made at Zoom is asked about.
    AskOnDrift {
        on: bool,
    },
    /// Syncs, and has every meeting looked at.
    LookAgain,
    /// A sign-in in the browser.
    SignIn {
        machine: u32,
        zoom: bool,
        consents: Consents,
        to_write: bool,
    },
    /// A calendar is hidden in Google's list, or shown again.
    Hide {
        calendar: u32,
        hidden: bool,
    },
    /// The calendar that Ben shares may be written to, or only read.
    ShareAs {
        writer: bool,
    },
    /// Another calendar of Ana's, and ticked.
    NewCalendar,
    /// Something goes wrong on the way that a new meeting takes, or one that is brought back.
    Fault {
        kind: u32,
        on: u32,
        skip: u32,
    },
}

/// What happens to an event while a meeting is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Nothing,
    Renamed,
    Dragged,
    Cancelled,
    Placed,
    Described,
    GivenAnother,
    Carried,
    Previewed,
}

/// How somebody answers at the page of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consents {
    Whole,
    /// All but one thing.
    InPart(u32),
    Denied,
    CalledOff,
    /// Nobody comes back.
    Forgotten,
    AsBen,
}

/// What many histories are about, each of them about one thing more than about others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Creating,
    Undoing,
    Previewing,
    Accounts,
    Everything,
}

pub(super) fn add_to(plan: &mut Plan) {
    let chance = &mut Chance::new(plan.seed, 2);
    // Some histories stay without.
    if chance.odds(15) {
        return;
    }
    let about = chance.weighted(&[
        (35, About::Creating),
        (25, About::Undoing),
        (12, About::Previewing),
        (12, About::Accounts),
        (16, About::Everything),
    ]);
    if about == About::Creating || chance.odds(30) {
        let permit = Step::Choice(Choice::Permit { on: true });
        if chance.odds(85) {
            plan.steps.insert(0, permit);
        } else {
            plan.mix_in(permit, chance);
        }
        for _ in 0..chance.between(1, 3) {
            let add = Step::Add {
                calendar: chance.below(16),
                make: chance.weighted(&[(80, Make::Plain), (10, Make::Meet), (10, Make::AddOn)]),
                in_minutes: chance.between(90, 30_000),
                minutes: chance.pick(&[15, 30, 45, 60]),
            };
            plan.steps.insert(0, add);
        }
    }
    for _ in 0..chance.between(2, 10) {
        let choice = choice(about, chance);
        plan.mix_in(Step::Choice(choice), chance);
    }
    for _ in 0..chance.below(4) {
        let scene = scene(about, chance);
        plan.mix_in_all(scene, chance);
    }
    if about == About::Accounts {
        let lost = lost_calendar(chance);
        plan.mix_in_all(lost, chance);
    }
    if about == About::Everything {
        let cancelled = cancelled_out_of_sight(chance);
        plan.mix_in_all(cancelled, chance);
    }
}

/// Events of a calendar are cancelled while it is lost, right before it comes back.
fn cancelled_out_of_sight(chance: &mut Chance) -> Vec<Step> {
    let calendar = 2 * chance.below(8);
    let mut steps = vec![
        Step::Add {
            calendar: 10,
            make: Make::AddOn,
            in_minutes: chance.between(1_500, 9_000),
            minutes: 30,
        };
        2
    ];
    steps.extend([
        Step::Wait { millis: 90_000 },
        Step::Unshare { calendar },
        Step::Wait { millis: 200_000 },
        Step::CancelMany {
            first: chance.below(64),
            count: 3,
        },
        Step::Share { calendar },
        Step::Wait { millis: 90_000 },
    ]);
    steps
}

/// A calendar with meetings on it is lost for a while, or is only read.
fn lost_calendar(chance: &mut Chance) -> Vec<Step> {
    let calendar = chance.below(16);
    let mut steps = Vec::new();
    for _ in 0..chance.between(1, 3) {
        steps.push(Step::Add {
            calendar: chance.between(8, 15),
            make: Make::AddOn,
            in_minutes: chance.between(1_500, 9_000),
            minutes: 30,
        });
    }
    steps.push(Step::Wait { millis: 90_000 });
    steps.push(match chance.below(3) {
        0 => Step::Choice(Choice::ShareAs { writer: false }),
        _ => Step::Unshare { calendar },
    });
    steps.push(Step::Wait {
        millis: u64::from(chance.between(60_000, 900_000)),
    });
    steps.push(Step::Share { calendar });
    steps
}

/// What belongs together: without what goes before it, a choice would seldom have anything to choose.
fn scene(about: About, chance: &mut Chance) -> Vec<Step> {
    let event = chance.below(64);
    let wait = |low: u32, high: u32, chance: &mut Chance| Step::Wait {
        millis: u64::from(chance.between(low, high)),
    };
    let seldom = |step: Step, percent: u32, chance: &mut Chance| chance.odds(percent).then_some(step);
    let edit = |chance: &mut Chance| match chance.below(4) {
        0 => Step::Rename { event, style: 5 },
        1 => Step::Resize {
            event,
            minutes: chance.between(10, 90),
        },
        2 => Step::Cancel { event },
        _ => Step::Drag {
            event,
            by_minutes: chance.between(10, 3_000) as i32,
        },
    };
    let fault = |chance: &mut Chance| {
        Step::Choice(Choice::Fault {
            kind: chance.below(64),
            on: chance.below(64),
            skip: 0,
        })
    };
    let kind = match about {
        About::Undoing => chance.below(2),
        About::Creating => 2 + chance.below(2),
        _ => chance.below(6),
    };
    let mut steps = Vec::new();
    match kind {
        0 | 1 => {
            steps.extend([edit(chance), wait(70_000, 300_000, chance)]);
            steps.extend(seldom(fault(chance), 30, chance));
            steps.extend(seldom(Step::Kill(super::drawn::kill(chance)), 25, chance));
            steps.push(Step::Choice(Choice::Undo { entry: 0 }));
            steps.extend(seldom(wait(1, 2_000, chance), 50, chance));
            steps.extend(seldom(edit(chance), 30, chance));
            steps.extend(seldom(Step::Undelete { event }, 20, chance));
            steps.push(wait(1_000, 200_000, chance));
            steps.extend(seldom(Step::Choice(Choice::LookAgain), 40, chance));
        }
        2 => {
            steps.extend(seldom(fault(chance), 40, chance));
            steps.extend(seldom(Step::Kill(super::drawn::kill(chance)), 40, chance));
            steps.push(Step::Choice(Choice::AddMeeting {
                event: 1 + 8 * chance.below(8),
                waits: chance.odds(30),
                millis: chance.between(1, 400),
                meanwhile: meanwhile(chance),
            }));
            steps.push(wait(1, 90_000, chance));
        }
        3 => {
            let for_good = chance.odds(50);
            steps.push(Step::Choice(Choice::Vanish { event, for_good }));
            steps.push(Step::Choice(Choice::LookAgain));
            steps.extend(seldom(fault(chance), 30, chance));
            steps.extend(seldom(Step::Kill(super::drawn::kill(chance)), 30, chance));
            steps.push(Step::Choice(Choice::Recreate { meeting: 0 }));
            steps.push(wait(1, 90_000, chance));
        }
        4 => {
            let by_minutes = 30 * chance.between(1, 90) as i32;
            steps.push(Step::Choice(Choice::AskOnDrift { on: chance.odds(70) }));
            steps.push(wait(60_000, 120_000, chance));
            steps.push(Step::EditMeeting {
                meeting: event,
                by_minutes,
            });
            steps.push(Step::Choice(Choice::LookAgain));
            steps.extend(seldom(edit(chance), 30, chance));
            steps.extend(seldom(Step::Approve, 30, chance));
            steps.extend(seldom(Step::Refuse, 20, chance));
            steps.push(wait(1_000, 120_000, chance));
        }
        _ => {
            steps.push(Step::Add {
                calendar: chance.below(8),
                make: chance.pick(&[Make::LinkToOther, Make::Attached, Make::LinkToRoom]),
                in_minutes: chance.between(3_000, 9_000),
                minutes: 30,
            });
            steps.push(wait(60_000, 120_000, chance));
            steps.push(Step::Choice(Choice::Bond { meeting: event }));
            steps.push(wait(1_000, 60_000, chance));
            steps.extend(seldom(
                Step::Choice(Choice::Unbond { meeting: event }),
                30,
                chance,
            ));
            steps.push(edit(chance));
        }
    }
    steps
}

fn meanwhile(chance: &mut Chance) -> Meanwhile {
    use Meanwhile as M;
    chance.weighted(&[
        (3, M::Nothing),
        (2, M::Renamed),
        (2, M::Dragged),
        (2, M::Cancelled),
        (1, M::Placed),
        (1, M::Described),
        (2, M::GivenAnother),
        (1, M::Carried),
        (1, M::Previewed),
    ])
}

impl Plan {
    /// Whether a person says or chooses anything in it.
    pub(crate) fn has_choices(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Choice(_)))
    }
}

fn choice(about: About, chance: &mut Chance) -> Choice {
    let event = chance.below(64);
    let meeting = chance.below(64);
    let machine = chance.below(8);
    let meanwhile = meanwhile(chance);
    let of = |wanted: About, often: u32, seldom: u32| if about == wanted { often } else { seldom };
    let creates = of(About::Creating, 4, 1);
    let undoes = of(About::Undoing, 5, 1);
    let previews = of(About::Previewing, 4, 1);
    let accounts = of(About::Accounts, 6, 1);
    let consents = [
        Consents::Whole,
        Consents::InPart(event),
        Consents::InPart(event),
        Consents::Denied,
        Consents::Denied,
        Consents::CalledOff,
        Consents::Forgotten,
        Consents::AsBen,
    ];
    chance.weighted(&[
        (
            10 * creates,
            Choice::AddMeeting {
                event,
                waits: meeting.is_multiple_of(2),
                millis: 1 + event * meeting % 400,
                meanwhile,
            },
        ),
        (
            creates,
            Choice::Permit {
                on: meeting.is_multiple_of(3),
            },
        ),
        (
            2 * creates,
            Choice::Rule {
                on: !meeting.is_multiple_of(5),
            },
        ),
        (4 * creates, Choice::Request { event }),
        (
            3,
            Choice::Vanish {
                event,
                for_good: meeting.is_multiple_of(2),
            },
        ),
        (4, Choice::Recreate { meeting }),
        (8 * undoes, Choice::Undo { entry: event % 8 }),
        (
            4 * previews,
            Choice::Preview {
                machine,
                on: !meeting.is_multiple_of(4),
            },
        ),
        (2 * previews, Choice::Plan { machine }),
        (5, Choice::Bond { meeting }),
        (4, Choice::Unbond { meeting }),
        (
            4,
            Choice::AskOnDrift {
                on: !meeting.is_multiple_of(4),
            },
        ),
        (5, Choice::LookAgain),
        (
            3 * accounts,
            Choice::SignIn {
                machine,
                zoom: event.is_multiple_of(2),
                consents: consents[meeting as usize % consents.len()],
                to_write: event.is_multiple_of(3),
            },
        ),
        (
            2 * accounts,
            Choice::Hide {
                calendar: event,
                hidden: !meeting.is_multiple_of(3),
            },
        ),
        (
            2 * accounts,
            Choice::ShareAs {
                writer: meeting.is_multiple_of(2),
            },
        ),
        (accounts, Choice::NewCalendar),
        (
            5 * creates.max(undoes),
            Choice::Fault {
                kind: event,
                on: meeting,
                skip: machine % 2,
            },
        ),
    ])
}
