//! Reading users and meetings.

use http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::meeting::{Meeting, instant};
use super::{ZoomUser, refusal};
use crate::wire::{Answer, Asked, Handled};
use crate::world::World;

/// A page token lives this long.
const PAGE_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// Lists of past and coming meetings reach this far.
const REACH: SignedDuration = SignedDuration::from_hours(183 * 24);

/// The rest of a list, in wait for its next page.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    rows: Vec<Value>,
    total: usize,
    user: String,
    expires: Timestamp,
}

/// The meeting a caller may see, with its host. A meeting of another account does not exist for the caller.
pub(crate) fn seen<'a>(
    world: &'a World,
    caller: &ZoomUser,
    id: u64,
) -> Result<(&'a Meeting, &'a ZoomUser), Answer> {
    if world.zoom.webinars.contains(&id) {
        return Err(refusal::webinar());
    }
    let meeting = world
        .zoom
        .living(id, world.now())
        .ok_or_else(|| refusal::no_meeting(id))?;
    let host = world
        .zoom
        .users
        .get(&meeting.host_id)
        .filter(|host| host.account == caller.account);
    Ok((meeting, host.ok_or_else(|| refusal::no_meeting(id))?))
}

pub(crate) fn user(world: &World, caller: &ZoomUser, name: &str) -> Handled {
    let user = world
        .zoom
        .user(caller, name)
        .ok_or_else(|| refusal::no_user(name))?;
    let (first, last) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    Ok(Answer::ok(&json!({
        "id": user.id,
        "first_name": first,
        "last_name": last,
        "display_name": user.name,
        "email": user.email,
        "type": if user.may_host { 2 } else { 1 },
        "role_name": "Member",
        "pmi": user.pmi,
        "use_pmi": false,
        "personal_meeting_url": format!("https://us05web.zoom.us/j/{}", user.pmi),
        "timezone": user.time_zone,
        "verified": 1,
        "account_id": user.account,
        "status": "active",
    })))
}

pub(crate) fn get(world: &World, caller: &ZoomUser, id: u64, asked: &Asked) -> Handled {
    let (meeting, host) = seen(world, caller, id)?;
    let now = world.now();
    Ok(Answer::ok(&match asked.param("occurrence_id") {
        None => meeting.json(&host.email, now, asked.flag("show_previous_occurrences")),
        Some(occurrence) => {
            let occurrence = meeting
                .occurrence(occurrence)
                .ok_or_else(refusal::invalid_occurrence)?;
            meeting.json_at(occurrence, &host.email, now)
        }
    }))
}

pub(crate) fn invitation(world: &World, caller: &ZoomUser, id: u64) -> Handled {
    let (meeting, host) = seen(world, caller, id)?;
    let when = meeting.start.map(instant).unwrap_or_default();
    Ok(Answer::ok(&json!({
        "invitation": format!(
            "{} is inviting you to a scheduled Zoom meeting.\r\n\r\nTopic: {}\r\nTime: {when}\r\n\r\nJoin Zoom Meeting\r\n{}\r\n\r\nMeeting ID: {}\r\n",
            host.name,
            meeting.topic,
            meeting.join_url(),
            meeting.id,
        ),
        "sip_links": [],
    })))
}

/// The meetings of a user that have not expired, sorted by start.
fn of_user<'a>(world: &'a World, user: &ZoomUser) -> Vec<&'a Meeting> {
    let now = world.now();
    let mut own: Vec<&Meeting> = world
        .zoom
        .meetings
        .values()
        .filter(|meeting| {
            meeting.host_id == user.id && meeting.trashed.is_none() && !meeting.has_expired(now)
        })
        // A personal room and instant meetings are in no list.
        .filter(|meeting| matches!(meeting.kind, 2 | 3 | 8))
        .collect();
    own.sort_by_key(|meeting| (meeting.start.is_none(), meeting.start, meeting.id));
    own
}

fn ends(meeting: &Meeting) -> Option<Timestamp> {
    let (start, minutes) = match meeting.occurrences.iter().rfind(|occurrence| !occurrence.deleted) {
        Some(last) => (last.start, last.minutes),
        None => (meeting.start?, meeting.minutes),
    };
    Some(start + SignedDuration::from_mins(i64::from(minutes)))
}

pub(crate) fn list(world: &mut World, caller: &ZoomUser, name: &str, asked: &Asked) -> Handled {
    let now = world.now();
    let user = world
        .zoom
        .user(caller, name)
        .cloned()
        .ok_or_else(|| refusal::no_user(name))?;
    let size: usize = match asked.param("page_size") {
        None => 30,
        Some(text) => match text.parse() {
            Ok(size @ 1..=300) => size,
            _ => return Err(refusal::invalid_field("page_size", "Invalid field.")),
        },
    };
    let (mut rows, total) = match asked.param("next_page_token").filter(|token| !token.is_empty()) {
        Some(token) => {
            let rest = world.zoom.pages.get(token).cloned();
            let rest = rest.filter(|rest| rest.user == user.id && rest.expires > now);
            let rest = rest.ok_or_else(refusal::invalid_page)?;
            (rest.rows, rest.total)
        }
        None => {
            let rows = rows(world, &user, asked)?;
            let total = rows.len();
            (rows, total)
        }
    };
    let rest = rows.split_off(size.min(rows.len()));
    let mut token = String::new();
    if !rest.is_empty() {
        token = world.opaque(32);
        let kept = Rest {
            rows: rest,
            total,
            user: user.id,
            expires: now + PAGE_LIFE,
        };
        world.zoom.pages.insert(token.clone(), kept);
    }
    Ok(Answer::json(
        StatusCode::OK,
        &json!({
            "page_count": total.div_ceil(size).max(1),
            "page_number": 1,
            "page_size": size,
            "total_records": total,
            "next_page_token": token,
            "meetings": rows,
        }),
    ))
}

fn rows(world: &World, user: &ZoomUser, asked: &Asked) -> Result<Vec<Value>, Answer> {
    let now = world.now();
    let kind = asked.param("type").unwrap_or("scheduled");
    let zone = asked
        .param("timezone")
        .and_then(|zone| TimeZone::get(zone).ok())
        .unwrap_or(TimeZone::UTC);
    let day = |field: &str, later: i64| match asked.param(field).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let bad = || refusal::invalid_field(field, "Invalid field.");
            let date: Date = text.parse().map_err(|_| bad())?;
            let start = date.to_zoned(zone.clone()).map_err(|_| bad())?.timestamp();
            Ok(Some(start + SignedDuration::from_hours(24 * later)))
        }
    };
    let (from, to) = (day("from", 0)?, day("to", 1)?);
    let fits = |meeting: &&Meeting| {
        let end = ends(meeting);
        let past = end.is_some_and(|end| end <= now);
        let near = meeting
            .start
            .is_none_or(|start| start.duration_since(now).abs() <= REACH);
        let of_kind = match kind {
            "live" => meeting.started,
            "upcoming" | "upcoming_meetings" => near && !past,
            "previous_meetings" => near && past,
            _ => true,
        };
        of_kind
            && from.is_none_or(|from| end.is_none_or(|end| end >= from))
            && to.is_none_or(|to| meeting.start.is_none_or(|start| start < to))
    };
    if ![
        "scheduled",
        "live",
        "upcoming",
        "upcoming_meetings",
        "previous_meetings",
    ]
    .contains(&kind)
    {
        return Err(refusal::invalid_field("type", "Invalid field."));
    }
    Ok(of_user(world, user)
        .into_iter()
        .filter(fits)
        .map(Meeting::row)
        .collect())
}

/// Today's and the coming meetings, each date of a series by itself.
pub(crate) fn upcoming(world: &World, caller: &ZoomUser, name: &str) -> Handled {
    let now = world.now();
    let user = world
        .zoom
        .user(caller, name)
        .ok_or_else(|| refusal::no_user(name))?;
    let mut rows: Vec<(Timestamp, Value)> = Vec::new();
    for meeting in of_user(world, user) {
        let mut push = |start: Timestamp, minutes: u32| {
            if start + SignedDuration::from_mins(i64::from(minutes)) > now {
                rows.push((
                    start,
                    json!({
                        "id": meeting.id,
                        "topic": meeting.topic,
                        "type": meeting.kind,
                        "start_time": instant(start),
                        "duration": minutes,
                        "timezone": meeting.time_zone,
                        "created_at": instant(meeting.created),
                        "join_url": meeting.join_url(),
                        "passcode": meeting.password,
                        "use_pmi": false,
                        "is_host": true,
                    }),
                ));
            }
        };
        if meeting.kind == 8 {
            for occurrence in meeting
                .occurrences
                .iter()
                .filter(|occurrence| !occurrence.deleted)
            {
                push(occurrence.start, occurrence.minutes);
            }
        } else if let Some(start) = meeting.start {
            push(start, meeting.minutes);
        }
    }
    rows.sort_by_key(|(start, _)| *start);
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Answer::ok(
        &json!({"total_records": rows.len(), "meetings": rows}),
    ))
}
