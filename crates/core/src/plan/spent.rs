//! Series that live on without any date.

use jiff::Timestamp;

use super::{Decision, Linked, Settings, Subject, is_spoken_for};
use crate::event::{Kind, Schedule, Times};

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
    let seen = subject.seen?;
    let mut ahead = seen.occurrences.iter().filter(|date| date.start > now).peekable();
    if ahead.peek().is_none() || ahead.any(|date| series.apart.contains(&date.original)) {
        return None;
    }
    let living = subject.links.iter().filter(|link| link.gone.is_none());
    let mut speaking = living.filter(|link| !is_spoken_for(link.event, subject.links));
    let ended = |link: &Linked<'_>| {
        let is_series = matches!(link.event.kind, Kind::Series { .. });
        let then = link.schedule(link.learnt).ok().flatten();
        is_series && link.proof.is_some() && then.is_some_and(|then| then.is_over(link.learnt))
    };
    if !speaking.all(|link| link.event.organized_here && ended(link)) {
        return None;
    }
    let known = |link: &Linked<'_>| link.gone.unwrap_or(link.learnt);
    let since = subject.links.iter().map(known).max()?;
    Some(Decision::Delete {
        not_before: since.checked_add(settings.delete_grace).unwrap_or(Timestamp::MAX),
    })
}
