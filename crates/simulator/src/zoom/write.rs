//! Creating, changing, ending and deleting meetings.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::input::{Input, check_for_occurrence, read as read_input};
use super::meeting::Meeting;
use super::read::seen;
use super::{TRASH_LIFE, ZoomUser, refusal, series};
use crate::wire::{Answer, Asked, Handled, Service};
use crate::world::World;

const DEFAULT_MINUTES: u32 = 60;

/// `POST /users/{user}/meetings`: 201 with the meeting.
pub(crate) fn create(world: &mut World, caller: &ZoomUser, name: &str, asked: &Asked) -> Handled {
    let mut host = world
        .zoom
        .user(caller, name)
        .cloned()
        .ok_or_else(|| refusal::no_user(name))?;
    if host.id != caller.id {
        return Err(refusal::cannot_schedule_for(name));
    }
    let now = world.now();
    world.zoom.quota.write(&host.id, now)?;
    let input = read_input(asked, now)?;
    if let Some(other) = &input.schedule_for {
        let found = world.zoom.user(caller, other).cloned();
        host = found.ok_or_else(|| refusal::cannot_schedule_for(other))?;
    }
    let meeting = make(world, &host, &input, "open_api")?;
    let shown = meeting.json(&host.email, now, false);
    if input.settings.get("push_change_to_calendar") == Some(&Value::Bool(true)) {
        world.send_mail(Service::Zoom, format!("calendar entry for “{}”", meeting.topic));
    }
    world.zoom.meetings.insert(meeting.id, meeting);
    Ok(Answer::json(StatusCode::CREATED, &shown))
}

/// A new meeting with everything a body left out.
pub(crate) fn make(
    world: &mut World,
    host: &ZoomUser,
    input: &Input,
    source: &str,
) -> Result<Meeting, Answer> {
    let now = world.now();
    let kind = input.kind.unwrap_or(2);
    let time_zone = input.time_zone.clone().unwrap_or_else(|| host.time_zone.clone());
    let wanted = input.start.and_then(|start| start.in_zone(&time_zone));
    // A start in the past, or none, is silently now.
    let start = match kind {
        2 | 8 => Some(wanted.filter(|start| *start >= now).unwrap_or(now)),
        _ => None,
    };
    let minutes = input.minutes.unwrap_or(DEFAULT_MINUTES);
    let recurrence = match kind {
        8 => Some(
            input
                .recurrence
                .clone()
                .ok_or_else(|| refusal::invalid_field("recurrence", "This field is required."))?,
        ),
        _ => None,
    };
    let occurrences = match (&recurrence, start) {
        (Some(recurrence), Some(start)) => series::dates(recurrence, start, &time_zone, minutes),
        _ => Vec::new(),
    };
    let mut settings = input.settings.clone();
    settings.remove("push_change_to_calendar");
    Ok(Meeting {
        id: 80_000_000_000 + world.random() % 9_999_999_999,
        uuid: format!("{}==", world.opaque(22)),
        host_id: host.id.clone(),
        topic: input.topic.clone().unwrap_or_else(|| "Zoom Meeting".to_owned()),
        agenda: input.agenda.clone().unwrap_or_default(),
        kind,
        start: occurrences.first().map(|first| first.start).or(start),
        minutes,
        time_zone,
        recurrence,
        occurrences,
        password: match &input.password {
            Some(password) => password.clone(),
            None => world.letters(6, "0123456789"),
        },
        settings,
        tracking_fields: input.tracking_fields.clone().unwrap_or_default(),
        created: now,
        source: source.to_owned(),
        started: false,
        trashed: None,
        revision: 1,
    })
}

/// The meeting and the right to change it.
fn own(world: &World, caller: &ZoomUser, id: u64) -> Result<Meeting, Answer> {
    let (meeting, host) = seen(world, caller, id)?;
    if host.id == caller.id {
        Ok(meeting.clone())
    } else {
        Err(refusal::not_host())
    }
}

/// `PATCH /meetings/{id}`: 204 and nothing else, even where something was left undone.
pub(crate) fn update(world: &mut World, caller: &ZoomUser, id: u64, asked: &Asked) -> Handled {
    let mut meeting = own(world, caller, id)?;
    let now = world.now();
    world.zoom.quota.write(&meeting.host_id, now)?;
    let input = read_input(asked, now)?;
    if let Some(other) = &input.schedule_for
        && world
            .zoom
            .user(caller, other)
            .is_none_or(|user| user.id != meeting.host_id)
    {
        return Err(refusal::invalid_field(
            "schedule_for",
            "The value that you entered in the schedule_for field is invalid. Enter a valid value and try again.",
        ));
    }
    match asked.param("occurrence_id") {
        Some(occurrence) => update_occurrence(&mut meeting, occurrence, &input, now)?,
        None => lay_on(&mut meeting, &input, now)?,
    }
    meeting.revision += 1;
    world.zoom.meetings.insert(id, meeting);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Lays the written fields onto a whole meeting.
pub(crate) fn lay_on(meeting: &mut Meeting, input: &Input, now: Timestamp) -> Result<(), Answer> {
    let kind = input.kind.unwrap_or(meeting.kind);
    // The whole object must come along: one part of a recurrence cannot be changed by itself
    // (<https://devforum.zoom.us/t/17076>).
    if kind == 8 && input.recurrence.is_none() {
        return Err(refusal::invalid_field("recurrence", "This field is required."));
    }
    if let Some(topic) = &input.topic {
        meeting.topic.clone_from(topic);
    }
    if let Some(agenda) = &input.agenda {
        meeting.agenda.clone_from(agenda);
    }
    if let Some(password) = &input.password {
        meeting.password.clone_from(password);
    }
    if let Some(fields) = &input.tracking_fields {
        meeting.tracking_fields.clone_from(fields);
    }
    let mut settings = input.settings.clone();
    settings.remove("push_change_to_calendar");
    meeting.settings.extend(settings);

    let before = (
        meeting.kind,
        meeting.start,
        meeting.time_zone.clone(),
        meeting.recurrence.clone(),
        meeting.minutes,
    );
    if meeting.kind != 4 {
        meeting.kind = kind;
    }
    if let Some(zone) = &input.time_zone {
        meeting.time_zone.clone_from(zone);
    }
    if let Some(minutes) = input.minutes {
        meeting.minutes = minutes;
    }
    match meeting.kind {
        2 | 8 => {
            let wanted = input.start.and_then(|start| start.in_zone(&meeting.time_zone));
            // A start in the past is ignored, and the answer is 204 all the same.
            if let Some(start) = wanted.filter(|start| *start >= now) {
                meeting.start = Some(start);
            }
            meeting.start = meeting.start.or(Some(now));
        }
        3 => meeting.start = None,
        _ => {}
    }
    if meeting.kind != 8 {
        meeting.recurrence = None;
        meeting.occurrences.clear();
        return Ok(());
    }
    if let Some(recurrence) = &input.recurrence {
        meeting.recurrence = Some(recurrence.clone());
    }
    let after = (
        meeting.kind,
        meeting.start,
        meeting.time_zone.clone(),
        meeting.recurrence.clone(),
        meeting.minutes,
    );
    // A change of schedule lays all dates out anew: dates cancelled or moved by themselves come back.
    if before != after
        && let (Some(recurrence), Some(start)) = (&meeting.recurrence, meeting.start)
    {
        meeting.occurrences = series::dates(recurrence, start, &meeting.time_zone, meeting.minutes);
        meeting.start = meeting
            .occurrences
            .first()
            .map(|first| first.start)
            .or(meeting.start);
    }
    Ok(())
}

fn update_occurrence(meeting: &mut Meeting, id: &str, input: &Input, now: Timestamp) -> Result<(), Answer> {
    check_for_occurrence(input)?;
    let zone = input
        .time_zone
        .clone()
        .unwrap_or_else(|| meeting.time_zone.clone());
    let found = meeting
        .occurrences
        .iter_mut()
        .find(|occurrence| occurrence.id == id && !occurrence.deleted);
    let occurrence = found.ok_or_else(refusal::invalid_occurrence)?;
    if let Some(start) = input
        .start
        .and_then(|start| start.in_zone(&zone))
        .filter(|start| *start >= now)
    {
        occurrence.start = start;
    }
    if let Some(minutes) = input.minutes {
        occurrence.minutes = minutes;
    }
    if let Some(agenda) = &input.agenda {
        occurrence.more.insert("agenda".to_owned(), agenda.clone().into());
    }
    if !input.settings.is_empty() {
        let own = occurrence
            .more
            .entry("settings")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(own) = own.as_object_mut() {
            own.extend(input.settings.clone());
        }
    }
    Ok(())
}

/// `DELETE /meetings/{id}`: into the trash for seven days, or one date off.
pub(crate) fn delete(world: &mut World, caller: &ZoomUser, id: u64, asked: &Asked) -> Handled {
    let mut meeting = own(world, caller, id)?;
    if meeting.kind == 4 {
        return Err(refusal::standing_room());
    }
    if meeting.started {
        return Err(refusal::in_progress());
    }
    match asked.param("occurrence_id") {
        Some(wanted) => {
            let found = meeting
                .occurrences
                .iter_mut()
                .find(|occurrence| occurrence.id == wanted && !occurrence.deleted);
            found.ok_or_else(refusal::invalid_occurrence)?.deleted = true;
        }
        None => meeting.trashed = Some(world.now()),
    }
    for (flag, whom) in [
        ("schedule_for_reminder", "host"),
        ("cancel_meeting_reminder", "registrants"),
    ] {
        if asked.flag(flag) {
            world.send_mail(
                Service::Zoom,
                format!("cancellation of “{}” to {whom}", meeting.topic),
            );
        }
    }
    meeting.revision += 1;
    world.zoom.meetings.insert(id, meeting);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// `PUT /meetings/{id}/status`: end a running meeting, or take one out of the trash.
pub(crate) fn status(world: &mut World, caller: &ZoomUser, id: u64, asked: &Asked) -> Handled {
    let now = world.now();
    let action = asked
        .json()
        .and_then(|body| body.get("action").and_then(Value::as_str).map(str::to_owned));
    match action.as_deref() {
        Some("end") => {
            let mut meeting = own(world, caller, id)?;
            meeting.started = false;
            meeting.revision += 1;
            world.zoom.meetings.insert(id, meeting);
        }
        Some("recover") => {
            let meeting = world.zoom.meetings.get_mut(&id).filter(|meeting| {
                meeting.host_id == caller.id
                    && meeting
                        .trashed
                        .is_some_and(|at| now.duration_since(at) <= TRASH_LIFE)
            });
            let meeting = meeting.ok_or_else(|| refusal::no_meeting(id))?;
            meeting.trashed = None;
            meeting.revision += 1;
        }
        _ => return Err(refusal::invalid_field("action", "Invalid field.")),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
