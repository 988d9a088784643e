//! Worlds to begin with, and things that happen in them by themselves.

use std::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::fault::{Effect, Fault, Rule};
use crate::hands::{Moment, NewConference, NewEvent, NewMeeting};
use crate::{Hand, Refused, Service, Simulator, World};

/// The person of the demo, at Google and at Zoom.
pub const ANA: &str = "ana@example.test";
/// A colleague whose event Ana is a guest of, and who hosts its meeting.
pub const BEN: &str = "ben@example.test";
/// Ana's second calendar.
pub const TEAM: &str = "team@group.calendar.google.com";
/// The demo's zone.
pub const ZONE: &str = "Europe/Berlin";

/// The ids of the events that the story changes.
pub const KICKOFF: &str = "kickoff0";
/// A meeting that gets a new title.
pub const DESIGN: &str = "design00";
/// A meeting that is cancelled.
pub const INTERVIEW: &str = "intervi0";
/// A meeting that is moved while Zoom is out of patience.
pub const BUDGET: &str = "budget00";
/// The weekly series.
pub const STANDUP: &str = "standup0";
/// A meeting that Zoom will refuse to change.
pub const REVIEW: &str = "quarter0";

/// Days from today and the hour at which something happens, in the demo's zone.
struct Slot(i64, i8, i8);

/// Fills an empty world with a person's fortnight around now: eight events in step with their Zoom meetings, one out
/// of step, a colleague's event, one in the personal room, a weekly series, a Meet event and plain ones, on two
/// calendars.
///
/// # Errors
///
/// When Ana is there already.
pub fn demo(world: &mut World) -> Result<(), Refused> {
    for (email, name) in [(ANA, "Ana Weber"), (BEN, "Ben Santoso")] {
        let (email, name, time_zone) = (email.to_owned(), name.to_owned(), ZONE.to_owned());
        world.hand(Hand::CreatePerson {
            email: email.clone(),
            name: name.clone(),
            time_zone: time_zone.clone(),
        })?;
        world.hand(Hand::CreateZoomUser {
            email,
            name,
            account: "home".to_owned(),
            time_zone,
            may_host: true,
        })?;
    }
    let team = Hand::CreateCalendar {
        owner: ANA.to_owned(),
        summary: "Team".to_owned(),
        id: Some(TEAM.to_owned()),
        time_zone: None,
    };
    world.hand(team)?;

    let zoom = || NewConference::ZoomAddOn(ANA.to_owned());
    let now = world.now();
    let add = |world: &mut World, id: &str, calendar: &str, title: &str, slot, minutes, conference| {
        let event = NewEvent {
            id: Some(id.to_owned()),
            minutes,
            conference,
            ..NewEvent::new(calendar, title, moment(now, &slot))
        };
        world.hand(Hand::AddEvent(Box::new(event)))
    };
    add(
        world,
        KICKOFF,
        ANA,
        "Kick-off with Sari",
        Slot(1, 10, 0),
        45,
        zoom(),
    )?;
    add(world, DESIGN, ANA, "Design talk", Slot(2, 14, 0), 60, zoom())?;
    add(
        world,
        INTERVIEW,
        ANA,
        "Interview: R. Halim",
        Slot(3, 11, 0),
        45,
        zoom(),
    )?;
    add(world, BUDGET, ANA, "Budget round", Slot(4, 16, 0), 30, zoom())?;
    add(world, REVIEW, ANA, "Quarterly review", Slot(6, 9, 30), 90, zoom())?;
    add(
        world,
        "oneonone0",
        ANA,
        "One-on-one with Ben",
        Slot(7, 15, 0),
        30,
        zoom(),
    )?;
    add(world, "vendor00", TEAM, "Vendor call", Slot(2, 9, 0), 30, zoom())?;
    add(
        world,
        "retro000",
        TEAM,
        "Retrospective",
        Slot(8, 13, 0),
        60,
        zoom(),
    )?;
    add(
        world,
        "planning0",
        TEAM,
        "Planning poker",
        Slot(9, 10, 0),
        60,
        NewConference::Meet,
    )?;
    add(
        world,
        "lunch000",
        ANA,
        "Lunch with Dewi",
        Slot(1, 12, 30),
        60,
        NewConference::None,
    )?;
    add(
        world,
        "dentist0",
        ANA,
        "Dentist",
        Slot(3, 8, 0),
        45,
        NewConference::None,
    )?;
    add(
        world,
        "focus000",
        ANA,
        "Write the report",
        Slot(4, 9, 0),
        120,
        NewConference::None,
    )?;
    out_of_step(world, now)?;
    standing(world, now)?;
    series(world, now)
}

/// An event that was moved while nobody was watching: its meeting is still an hour earlier.
fn out_of_step(world: &mut World, now: Timestamp) -> Result<(), Refused> {
    let slot = Slot(5, 11, 0);
    let event = NewEvent {
        id: Some("customer0".to_owned()),
        minutes: 45,
        conference: NewConference::ZoomAddOn(ANA.to_owned()),
        ..NewEvent::new(ANA, "Customer demo", moment(now, &slot))
    };
    let id = world.hand(Hand::AddEvent(Box::new(event)))?;
    let start = moment(now, &Slot(5, 12, 0));
    world.hand(Hand::MoveEvent {
        calendar: ANA.to_owned(),
        event: id,
        start,
        end: None,
    })?;
    Ok(())
}

/// A colleague's event, and one in Ana's personal room: neither is hers to move.
fn standing(world: &mut World, now: Timestamp) -> Result<(), Refused> {
    let guest = NewEvent {
        id: Some("partner0".to_owned()),
        minutes: 60,
        conference: NewConference::ZoomAddOn(BEN.to_owned()),
        guests: vec![ANA.to_owned()],
        ..NewEvent::new(BEN, "Partner sync", moment(now, &Slot(3, 15, 0)))
    };
    world.hand(Hand::AddEvent(Box::new(guest)))?;
    let room = NewMeeting {
        host: ANA.to_owned(),
        topic: "Ana Weber's Personal Meeting Room".to_owned(),
        kind: 4,
        start: None,
        minutes: 60,
        recurrence: None,
        time_zone: None,
    };
    let room = world.hand(Hand::CreateMeeting(Box::new(room)))?;
    let room = room
        .parse()
        .map_err(|_| Refused("a room without a number".to_owned()))?;
    let office = NewEvent {
        id: Some("office00".to_owned()),
        conference: NewConference::LinkInLocation(room),
        ..NewEvent::new(ANA, "Office hours", moment(now, &Slot(4, 13, 0)))
    };
    world.hand(Hand::AddEvent(Box::new(office)))?;
    Ok(())
}

/// A weekly series, and a day off.
fn series(world: &mut World, now: Timestamp) -> Result<(), Refused> {
    let slot = Slot(1, 9, 15);
    let day = local(now, &slot).date().weekday();
    let day = match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    };
    let standup = NewEvent {
        id: Some(STANDUP.to_owned()),
        minutes: 15,
        recurrence: vec![format!("RRULE:FREQ=WEEKLY;BYDAY={day};COUNT=10")],
        conference: NewConference::ZoomAddOn(ANA.to_owned()),
        ..NewEvent::new(ANA, "Weekly stand-up", moment(now, &slot))
    };
    world.hand(Hand::AddEvent(Box::new(standup)))?;
    let free = Moment::Day(local(now, &Slot(5, 0, 0)).date());
    let day_off = NewEvent {
        id: Some("closed00".to_owned()),
        ..NewEvent::new(TEAM, "Office closed", free)
    };
    world.hand(Hand::AddEvent(Box::new(day_off)))?;
    Ok(())
}

fn local(now: Timestamp, slot: &Slot) -> jiff::Zoned {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    let today = now.to_zoned(zone);
    let day = today
        .checked_add(slot.0.days())
        .map_or(today.date(), |day| day.date());
    day.at(slot.1, slot.2, 0, 0)
        .to_zoned(today.time_zone().clone())
        .unwrap_or(today)
}

fn moment(now: Timestamp, slot: &Slot) -> Moment {
    Moment::At(local(now, slot).timestamp())
}

/// Something that happens by itself in the demo.
#[derive(Debug, Clone)]
pub struct Step {
    /// How long after the demo began.
    pub after: Duration,
    /// In plain words, for people.
    pub what: &'static str,
    act: Act,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Move {
        event: &'static str,
        slot: (i64, i8, i8),
    },
    Rename {
        event: &'static str,
        title: &'static str,
    },
    Cancel {
        event: &'static str,
    },
    Resize {
        event: &'static str,
        minutes: u32,
    },
    CancelSecondStandup,
    Fault {
        path: &'static str,
        method: &'static str,
        preset: &'static str,
    },
    Refuse,
}

impl Step {
    /// Lets it happen, now.
    ///
    /// # Errors
    ///
    /// When somebody else has meanwhile taken away what it is about.
    pub fn act(&self, simulator: &Simulator) -> Result<(), Refused> {
        simulator.with(|world| perform(world, self.act))
    }
}

fn perform(world: &mut World, act: Act) -> Result<(), Refused> {
    let now = world.now();
    let calendar = ANA.to_owned();
    let hand = match act {
        Act::Move {
            event,
            slot: (days, hour, minute),
        } => Hand::MoveEvent {
            calendar,
            event: event.to_owned(),
            start: moment(now, &Slot(days, hour, minute)),
            end: None,
        },
        Act::Rename { event, title } => Hand::RenameEvent {
            calendar,
            event: event.to_owned(),
            title: title.to_owned(),
        },
        Act::Cancel { event } => Hand::CancelEvent {
            calendar,
            event: event.to_owned(),
        },
        Act::Resize { event, minutes } => Hand::ResizeEvent {
            calendar,
            event: event.to_owned(),
            minutes,
        },
        Act::CancelSecondStandup => {
            let series = world
                .event(ANA, STANDUP)
                .ok_or_else(|| Refused("no stand-up".to_owned()))?;
            let starts = series
                .schedule()
                .map(|schedule| schedule.starts(None, None, 2))
                .unwrap_or_default();
            let second = starts
                .last()
                .ok_or_else(|| Refused("no second stand-up".to_owned()))?;
            let event = format!("{STANDUP}_{}", second.strftime("%Y%m%dT%H%M%SZ"));
            Hand::CancelEvent { calendar, event }
        }
        Act::Fault { path, method, preset } => {
            world
                .faults()
                .add(Rule::once(Service::Zoom, path, Fault::preset(preset)).method(method));
            return Ok(());
        }
        Act::Refuse => {
            let body = json!({"code": 3161, "message": "Your user account is not allowed meeting hosting and scheduling capabilities."});
            let meeting = world
                .event(ANA, REVIEW)
                .and_then(|event| event.conference().cloned());
            let meeting = meeting.and_then(|data| data.get("conferenceId")?.as_str().map(str::to_owned));
            let meeting = meeting.ok_or_else(|| Refused("no review".to_owned()))?;
            let effect = Effect::Answer {
                status: 400,
                headers: std::collections::BTreeMap::new(),
                body: body.to_string(),
            };
            let rule = Rule::once(
                Service::Zoom,
                &format!("/meetings/{meeting}"),
                Fault::before(effect),
            );
            world.faults().add(rule.method("PATCH"));
            Hand::RenameEvent {
                calendar,
                event: REVIEW.to_owned(),
                title: "Quarterly review (board)".to_owned(),
            }
        }
    };
    world.hand(hand).map(|_| ())
}

/// What happens by itself in [`demo`], in order.
#[must_use]
pub fn story() -> Vec<Step> {
    let step = |seconds, what, act| Step {
        after: Duration::from_secs(seconds),
        what,
        act,
    };
    vec![
        step(
            6,
            "The kick-off moves to the afternoon",
            Act::Move {
                event: KICKOFF,
                slot: (1, 15, 30),
            },
        ),
        step(
            16,
            "The design talk gets a new title",
            Act::Rename {
                event: DESIGN,
                title: "Design talk: icons",
            },
        ),
        step(
            26,
            "Zoom answers the next change with “too many requests”",
            Act::Fault {
                path: "/meetings/",
                method: "PATCH",
                preset: "zoom_429_qps",
            },
        ),
        step(
            27,
            "The budget round moves to the next day",
            Act::Move {
                event: BUDGET,
                slot: (5, 16, 0),
            },
        ),
        step(38, "One stand-up is called off", Act::CancelSecondStandup),
        step(48, "The interview is cancelled", Act::Cancel { event: INTERVIEW }),
        step(
            58,
            "The quarterly review is renamed, and Zoom refuses",
            Act::Refuse,
        ),
        step(
            70,
            "The design talk takes half an hour longer",
            Act::Resize {
                event: DESIGN,
                minutes: 90,
            },
        ),
    ]
}
