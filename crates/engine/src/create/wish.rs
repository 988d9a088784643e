//! Who asks for a meeting: the person, for an event or in the place of a meeting that vanished; and a rule, when the person
//! made one.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::conference::Target;
use reconvene_core::event::{Event, Exception, Kind, Times};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{EventView, Service};
use reconvene_core::write_back::has_room;
use rusqlite::Connection;

use super::problem::{in_preview, nobody, not_allowed};
use super::wanted;
use crate::calendar::write::between;
use crate::failure::{FailureKind, later};
use crate::plan::Dossier;
use crate::providers::provider;
use crate::shared::Shared;
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::creations::{self, Wish};
use crate::store::{activity, exceptions, meetings};

/// Google's roles that may change events.
const WRITERS: [&str; 2] = ["owner", "writer"];

/// Makes a meeting for an event of a calendar, both by their ids, and writes it on the event.
pub(crate) async fn add(
    shared: &Shared,
    calendar: CalendarId,
    event: &str,
    service: Service,
) -> Result<MeetingId, Problem> {
    ask(shared, calendar, event, service, None, String::new()).await
}

/// Makes a new meeting in the place of one that vanished at its provider.
pub(crate) async fn recreate(shared: &Shared, meeting: MeetingId) -> Result<MeetingId, Problem> {
    let dossier = shared.store.read(|tx| Dossier::of(tx, meeting))?;
    let Some(dossier) = dossier else {
        return Err(unfit(format!("There is no meeting {meeting}.")));
    };
    let vanished = dossier
        .known
        .problem
        .as_ref()
        .is_some_and(|problem| problem.code == Code::MeetingGone);
    let Target::Meeting { service, number } = dossier.known.target.clone() else {
        return Err(unfit("Only a meeting with a number can be made anew.".to_owned()));
    };
    if !vanished {
        return Err(unfit("As far as is known the meeting is still there.".to_owned()));
    }
    if !dossier.known.found {
        return Err(unfit(
            "This meeting was never seen, so it may be there for another account. Connect the account that hosts it."
                .to_owned(),
        ));
    }
    // One wrong "not there" must not lead to a second meeting.
    let hosts = shared.store.read(|tx| accounts::of(tx, service))?;
    if let Some(provider) = provider(service) {
        for host in &hosts {
            if let (Some(_), Some(problem)) = (host.obeys_until(shared.now()), &host.health.problem) {
                return Err(problem.clone());
            }
            match provider.read(&shared.session, host, &number).await {
                Err(failure) if failure.kind == FailureKind::Gone => {}
                Err(failure) => {
                    shared.heed(host, &failure);
                    return Err(failure.problem);
                }
                Ok(_) => {
                    shared.store.write(|tx| {
                        meetings::set_problem(tx, meeting, None)?;
                        activity::settle(tx, meeting)?;
                        shared.replan_in(tx, meeting)
                    })?;
                    return Err(unfit("The meeting is there after all.".to_owned()));
                }
            }
        }
    }
    // A series speaks for its dates.
    let living = dossier
        .links
        .iter()
        .filter(|stored| stored.gone_since.is_none() && stored.event.organized_here);
    let event = living.max_by_key(|stored| {
        let series = matches!(stored.event.kind, Kind::Series { .. });
        // Of a series that was split the half that goes on takes the new one.
        let ahead = wanted(&stored.event, shared.now()).is_ok();
        (
            stored.proof.is_some(),
            ahead,
            series,
            std::cmp::Reverse(stored.id),
        )
    });
    let Some(event) = event else {
        return Err(unfit("No event of yours points at it any more.".to_owned()));
    };
    let (id, title) = (&event.event.google_id, event.event.title.clone());
    ask(
        shared,
        event.calendar,
        id,
        service,
        Some(&dossier.known.target),
        title,
    )
    .await
}

fn unfit(message: String) -> Problem {
    Problem::lasting(Code::BadUsage, message, "Nothing was changed.")
}

async fn ask(
    shared: &Shared,
    calendar: CalendarId,
    event: &str,
    service: Service,
    replaces: Option<&Target>,
    title: String,
) -> Result<MeetingId, Problem> {
    let now = shared.now();
    let id = shared.store.write(|tx| {
        let Some((calendar, owner)) = with_owner(tx, calendar)? else {
            return Ok(Err(unfit("There is no such calendar.".to_owned())));
        };
        if shared.previews(tx)? {
            return Ok(Err(in_preview()));
        }
        if provider(service).is_none() {
            return Ok(Err(unfit(format!(
                "{} makes no meetings for events.",
                service.name()
            ))));
        }
        if accounts::of(tx, service)?.is_empty() {
            return Ok(Err(nobody(service).problem));
        }
        if !WRITERS.contains(&calendar.access.as_str()) {
            return Ok(Err(Problem::lasting(
                Code::PermissionDenied,
                format!("You may look at “{}” and change nothing on it.", calendar.name),
                "Ask its owner for the right to change events.",
            )));
        }
        if !owner.writes {
            return Ok(Err(not_allowed().problem));
        }
        let wish = Wish {
            owner: &owner.subject,
            calendar: &calendar.google_id,
            event,
            title: &title,
            service,
            replaces,
            by_hand: true,
            marker: &marker(shared),
        };
        creations::wish(tx, &wish, now).map(Ok)
    })??;
    super::push(shared, id).await?
}

/// Notes the wishes of events that ask for a meeting in their own words. The dates of a series do not ask: the whole does.
pub(crate) fn by_rule(
    tx: &Connection,
    shared: &Shared,
    calendar: &Calendar,
    asking: &[Event],
) -> rusqlite::Result<()> {
    if asking.is_empty() {
        return Ok(());
    }
    let now = shared.now();
    let asking = asking.iter().filter(|event| {
        let whole = !matches!(event.kind, Kind::Exception(_));
        whole && has_room(event) && wanted(event, now).is_ok()
    });
    let Some((calendar, owner)) = with_owner(tx, calendar.id)? else {
        return Ok(());
    };
    if !WRITERS.contains(&calendar.access.as_str()) {
        return Ok(());
    }
    let Some(service) = Service::ALL
        .into_iter()
        .find(|service| provider(*service).is_some())
    else {
        return Ok(());
    };
    for event in asking {
        // Once and no more: what was refused, or taken off the event again, is not wanted.
        if creations::of_event(tx, &calendar.google_id, &event.google_id)?.is_none() {
            let wish = Wish {
                owner: &owner.subject,
                calendar: &calendar.google_id,
                event: &event.google_id,
                title: &event.title,
                service,
                replaces: None,
                by_hand: false,
                marker: &marker(shared),
            };
            creations::wish(tx, &wish, now)?;
        }
    }
    Ok(())
}

fn with_owner(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<Option<(Calendar, Account)>> {
    let Some(calendar) = calendars::get(tx, calendar)? else {
        return Ok(None);
    };
    let owner = accounts::get(tx, calendar.account)?;
    Ok(owner.map(|owner| (calendar, owner)))
}

/// Nobody else's, and no second time.
fn marker(shared: &Shared) -> String {
    let mut bytes = [0; 12];
    shared.session.ports.dice.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The events of the next days, on watched calendars that may be written to, for which a meeting could be made. They are
/// asked for now, and nothing of them is kept. One calendar that fails hides no other (P10).
pub(crate) async fn without_meeting(shared: &Shared, days: u32) -> Result<Vec<EventView>, Problem> {
    let now = shared.now();
    let to = later(now, SignedDuration::from_hours(24 * i64::from(days)));
    let watched = shared.store.read(|tx| {
        let mut all = Vec::new();
        for calendar in calendars::watched(tx)? {
            if calendar.available && WRITERS.contains(&calendar.access.as_str()) {
                all.extend(with_owner(tx, calendar.id)?);
            }
        }
        Ok(all)
    })?;
    let (mut views, mut failed) = (Vec::new(), None);
    for (calendar, owner) in watched {
        let owner = shared
            .store
            .read(|tx| accounts::get(tx, owner.id))?
            .unwrap_or(owner);
        if let (Some(_), Some(problem)) = (owner.obeys_until(now), &owner.health.problem) {
            failed = failed.or(Some(problem.clone()));
            continue;
        }
        match between(&shared.session, &owner, &calendar.google_id, now, to).await {
            Ok(events) => shared.store.read(|tx| {
                for event in events {
                    let exceptions = exceptions::of_series(tx, calendar.id, &event.google_id)?;
                    views.extend(view(&event, &exceptions, &calendar, now, to));
                }
                Ok(())
            })?,
            Err(failure) => {
                shared.heed(&owner, &failure);
                failed = failed.or(Some(failure.problem));
            }
        }
    }
    views.sort_by(|one, other| (one.start, &one.title).cmp(&(other.start, &other.title)));
    match failed {
        Some(problem) if views.is_empty() => Err(problem),
        _ => Ok(views),
    }
}

fn view(
    event: &Event,
    exceptions: &[Exception],
    calendar: &Calendar,
    now: Timestamp,
    to: Timestamp,
) -> Option<EventView> {
    if !has_room(event) {
        return None;
    }
    wanted(event, now).ok()?;
    let schedule = event.schedule(exceptions, now).ok().flatten()?;
    let (start, minutes) = match &schedule.times {
        Times::Once { start, minutes } => (*start, *minutes),
        Times::Series(series) => series.dates.first().map(|date| (date.start, date.minutes))?,
    };
    (start < to).then(|| EventView {
        calendar: calendar.id,
        calendar_name: calendar.name.clone(),
        event: event.google_id.clone(),
        title: event.title.clone(),
        start,
        end: later(start, SignedDuration::from_mins(i64::from(minutes))),
        zone: schedule.zone.unwrap_or_else(|| calendar.zone.clone()),
        recurring: event.kind != Kind::Single,
    })
}
