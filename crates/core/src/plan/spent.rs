//! Series that live on without any date.

use jiff::{SignedDuration, Timestamp};

use super::{Decision, Linked, Settings, Subject, is_spoken_for};
use crate::event::{Event, Exception, Kind, Schedule, Times};
use crate::series::Series;

/// When an edit took the last date of a series, if one did: `was` is the series before the edit that was learnt `now`, with
/// when an earlier one had taken its last date, and `is` the series after it. Time may have ended it before: then no later
/// edit did.
pub fn emptied(
    was: Option<(&Event, &[Exception], Option<Timestamp>)>,
    is: (&Event, &[Exception]),
    now: Timestamp,
) -> Option<Timestamp> {
    let left = |event: &Event, exceptions: &[Exception]| {
        let schedule = event.schedule(exceptions, now).ok().flatten()?;
        matches!(schedule.times, Times::Series(_)).then(|| !schedule.is_over(now))
    };
    let (was, exceptions, before) = was?;
    let by_edit = before.is_some() || left(was, exceptions) == Some(true);
    (by_edit && left(is.0, is.1) == Some(false)).then_some(now)
}

/// The deletion of a meeting whose series lives on without any date, because the person cancelled the last ones or ended it,
/// while dates stand at the provider; `None` where time has brought the end, or something else still needs the meeting. No
/// provider says what is left of a series without its last date, so it goes as with a cancelled event (P3).
pub(super) fn spent(
    subject: &Subject<'_>,
    schedule: &Schedule,
    settings: &Settings,
    now: Timestamp,
) -> Option<Decision> {
    let Times::Series(series) = &schedule.times else {
        return None;
    };
    if !settings.carry.time || !stands(subject, series, now) {
        return None;
    }
    // The last edit that took dates must have left none, of any half.
    let since = subject.links.iter().filter_map(taken).max()?;
    let over = |link: &Linked<'_>| {
        let schedule = link.schedule(since).ok().flatten();
        // Cancelled dates are forgotten when they are past.
        let known = link.emptied == Some(since);
        is_series(link.event) && (known || schedule.is_some_and(|schedule| schedule.is_over(since)))
    };
    let living = subject.links.iter().filter(|link| link.gone.is_none());
    let mut speaking = living.filter(|link| !is_spoken_for(link.event, subject.links));
    if !speaking.all(|link| link.event.organized_here && link.proof.is_some() && over(link)) {
        return None;
    }
    let grace = since.checked_add(settings.delete_grace).unwrap_or(Timestamp::MAX);
    Some(Decision::Delete {
        not_before: under_way_until(subject, now).map_or(grace, |end| end.max(grace)),
    })
}

/// When the date ends that takes place at this moment: it is on the calendar, and its meeting is needed until then.
fn under_way_until(subject: &Subject<'_>, now: Timestamp) -> Option<Timestamp> {
    let before = now.checked_sub(LONGEST).ok()?;
    let ends = |link: &Linked<'_>| {
        let schedule = link.schedule(before).ok().flatten()?.lasting_as(subject.seen);
        let Times::Series(series) = schedule.times else {
            return None;
        };
        let began = series.dates.into_iter().filter(|date| date.start <= now);
        began
            .filter_map(|date| {
                let lasts = SignedDuration::from_mins(i64::from(date.minutes));
                date.start.checked_add(lasts).ok().filter(|end| *end > now)
            })
            .max()
    };
    let living = subject.links.iter().filter(|link| link.gone.is_none());
    living.filter_map(ends).max()
}

/// No date that takes longer is waited for.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// When the person took dates of a series that the meeting was made for: the last one of those that live, or a half that had
/// some.
fn taken(link: &Linked<'_>) -> Option<Timestamp> {
    if link.proof.is_none() || !link.event.organized_here || !is_series(link.event) {
        return None;
    }
    let Some(gone) = link.gone else {
        return link.emptied;
    };
    let schedule = link.schedule(gone).ok().flatten()?;
    (link.emptied.is_some() || !schedule.is_over(gone)).then_some(gone)
}

/// Whether a series that is cancelled had lost its last date by an edit before, while dates stand at the provider.
pub(super) fn was_spent(subject: &Subject<'_>, link: &Linked<'_>, now: Timestamp) -> bool {
    let schedule = link.schedule(now).ok().flatten();
    match schedule.map(|schedule| schedule.times) {
        Some(Times::Series(series)) => link.emptied.is_some() && stands(subject, &series, now),
        _ => false,
    }
}

fn is_series(event: &Event) -> bool {
    matches!(event.kind, Kind::Series { .. })
}

/// Whether dates stand at the provider, and none of them is one that is left as it is.
fn stands(subject: &Subject<'_>, series: &Series, now: Timestamp) -> bool {
    let (left, others) = standing(subject, series, now);
    left == 0 && others > 0
}

/// Whether a date stands at the provider that is left as it is: then the others may go, and the meeting is not without one.
pub(super) fn leaves_some(subject: &Subject<'_>, schedule: &Schedule, now: Timestamp) -> bool {
    match &schedule.times {
        Times::Series(series) => standing(subject, series, now).0 > 0,
        Times::Once { .. } => false,
    }
}

/// How many dates that stand ahead are left as they are, and how many others there are. Such a one may have moved with its
/// series before, and bear its former name there.
fn standing(subject: &Subject<'_>, series: &Series, now: Timestamp) -> (usize, usize) {
    let ahead = (subject.seen.iter())
        .flat_map(|seen| &seen.occurrences)
        .filter(|date| date.start > now);
    let (left, others): (Vec<_>, Vec<_>) =
        ahead.partition(|date| series.apart.contains(&date.original) || series.apart.contains(&date.start));
    (left.len(), others.len())
}
