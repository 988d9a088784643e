//! Meetings that an edit leaves alone: their event lives on and says nothing any more that a meeting could follow. The person
//! hears that once, when it happens. So it is with a single date of a series.

use jiff::Timestamp;
use reconvene_core::conference::Target;
use reconvene_core::event::{Became, Event, Exception, Kind, Moment};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::plan::{Decision, Reason, Settings};
use reconvene_core::problem::{Code, Problem};
use rusqlite::Connection;

use super::{Dossier, left_behind, names, same};
use crate::push::beyond::{listed, local};
use crate::store::activity::{self, Draft};
use crate::store::calendars::{self, Calendar};
use crate::store::events::{self, Stored};
use crate::store::exceptions::Kept;

/// The meeting that follows an event which is about to be edited; none when it follows none, or stands alone already.
pub(super) fn follows(
    tx: &Connection,
    before: &Stored,
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<Option<MeetingId>> {
    let Some(meeting) = before
        .meeting
        .filter(|_| before.gone_since.is_none() && !same(&before.event, event))
    else {
        return Ok(None);
    };
    // To end a running event early moves it nowhere.
    let over = |event: &Event| {
        let schedule = event.schedule(&[], now).ok().flatten();
        schedule.is_some_and(|schedule| schedule.is_over(now))
    };
    let ended_early = event.start == before.event.start && event.kind == Kind::Single && over(event);
    let follows = |dossier: &Dossier| {
        dossier.is_bonded(before)
            && !ended_early
            && matches!(
                dossier.decide(settings, now),
                Decision::InStep | Decision::Update(_) | Decision::Look
            )
    };
    Ok(Dossier::of(tx, meeting)?.filter(follows).map(|_| meeting))
}

/// Tells why a meeting that followed an event of a calendar follows it no more, if so.
pub(super) fn tell(
    tx: &Connection,
    calendar: CalendarId,
    meeting: MeetingId,
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(dossier) = Dossier::of(tx, meeting)? else {
        return Ok(());
    };
    let Decision::Leave(reason) = dossier.decide(settings, now) else {
        return Ok(());
    };
    let lives = |stored: &&Stored| stored.gone_since.is_none() && dossier.is_bonded(stored);
    let Some(stored) = dossier.links.iter().find(lives) else {
        return Ok(());
    };
    let single = !matches!(stored.event.kind, Kind::Series { .. });
    let shown_only = calendars::get(tx, calendar)?.is_some_and(|calendar| calendar.is_shown_only());
    let (why, hint) = match reason {
        Reason::AllDay => (
            "The event takes all day now and names no time",
            "Give the event a time again, and the meeting follows it.",
        ),
        // Of a series, dates that stand ask for the deletion; and time ends what it ends.
        Reason::Over if single => (
            "The event was moved to a time that is past, where no meeting can be moved",
            "Move the event to a time to come, or delete the meeting at the provider.",
        ),
        Reason::NotOrganizer if shown_only => (
            "The calendar of the event may only be read now",
            "Whoever owns the calendar can let you change it again.",
        ),
        Reason::NotOrganizer => (
            "Somebody else organizes the event now",
            "The meeting itself is still yours. Delete it at the provider if nobody needs it.",
        ),
        Reason::UnreadableRule => (
            "Reconvene does not understand how the event repeats now",
            "Repeat the event in another way, and the meeting follows it.",
        ),
        _ => return Ok(()),
    };
    let why = format!("{why}, so its meeting was left as it is.");
    write(tx, stored, meeting, Problem::lasting(Code::Held, why, hint), now)
}

/// Tells that a date of a series, known before as `was`, became one that its meeting does not carry, if so.
pub(super) fn tell_date(
    tx: &Connection,
    master: &Stored,
    (was, is): (Option<&Kept>, Option<&Kept>),
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (Some(is), Some(meeting)) = (is, master.meeting.filter(|_| master.gone_since.is_none())) else {
        return Ok(());
    };
    let home = master.event.conference.as_ref().map(|found| &found.target);
    let why = |kept: &Kept| match &kept.exception.became {
        Became::Changed { target: None, .. } => Some("has no conference any more"),
        Became::Changed { target, .. } if target.as_ref() != home => None,
        Became::Changed {
            start: Moment::Day(_),
            ..
        } => Some("takes all day now"),
        Became::Changed {
            start: Moment::At { instant, .. },
            ..
        } if *instant <= now => Some("was moved to a time that is past"),
        Became::Changed { .. } | Became::Cancelled => None,
    };
    let calendar = calendars::get(tx, master.calendar)?;
    let zone = calendar.as_ref().map_or("UTC", |calendar| calendar.zone.as_str());
    let original = is.place.original.instant(zone);
    // What a first reading finds is no news.
    let is_news = calendar
        .as_ref()
        .is_some_and(|calendar| calendar.health.last_success.is_some());
    let follows = |dossier: Dossier| {
        let decision = dossier.decide(settings, now);
        dossier.is_bonded(master) && matches!(decision, Decision::InStep | Decision::Update(_))
    };
    let follows = Dossier::of(tx, meeting)?.is_some_and(follows);
    let news = why(is).filter(|_| is_news && follows && original > now);
    let Some(why) = news.filter(|news| was.and_then(why) != Some(news)) else {
        return Ok(());
    };
    let problem = Problem::lasting(
        Code::Held,
        format!(
            "The date {} {why}, so it was left as it is in the meeting.",
            local(original, zone)
        ),
        "All other dates follow the calendar as before.",
    );
    write(tx, master, meeting, problem, now)
}

/// Tells which dates ahead of a series that was just given a meeting were changed by themselves before: its link, written on the
/// series, is not on them, at most that of the meeting which it `replaces`. So it does not follow them.
pub(crate) fn tell_bare_dates(
    tx: &Connection,
    calendar: &Calendar,
    series: &str,
    replaces: Option<&Target>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(master) = events::get(tx, calendar.id, series)? else {
        return Ok(());
    };
    let bare = |exception: &Exception| {
        let original = exception.original.instant(&calendar.zone);
        let without = match &exception.became {
            Became::Changed { target, .. } => target.is_none() || target.as_ref() == replaces,
            Became::Cancelled => false,
        };
        (without && original > now && names(&master.event, &exception.original)).then_some(original)
    };
    let mut dates: Vec<Timestamp> = master.exceptions.iter().filter_map(bare).collect();
    dates.sort_unstable();
    let (Some(meeting), false) = (master.meeting, dates.is_empty()) else {
        return Ok(());
    };
    let dates: Vec<String> = dates
        .into_iter()
        .map(|date| local(date, &calendar.zone))
        .collect();
    let problem = Problem::lasting(
        Code::Held,
        format!(
            "Dates of the series were changed by themselves before it had a meeting, and do not carry its link: {}. The \
             meeting keeps them where the series has them.",
            listed(&dates)
        ),
        "Copy the link to these dates in Google Calendar, and the meeting follows them.",
    );
    write(tx, &master, meeting, problem, now)
}

fn write(
    tx: &Connection,
    stored: &Stored,
    meeting: MeetingId,
    problem: Problem,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let draft = Draft {
        problem: Some(problem),
        ..left_behind(stored, meeting)
    };
    activity::write(tx, None, &draft, now).map(drop)
}
