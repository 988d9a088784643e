//! Preview: what the push would do now, found out the way it would find it out, and nothing done. Meetings are read at
//! their providers so that the answer is exact; what was read is not kept, because it must not alter what happens later.

use jiff::Timestamp;
use reconvene_core::amend::{Amendment, amend};
use reconvene_core::conference::Target;
use reconvene_core::meeting::{Carry, Meeting};
use reconvene_core::plan::{Decision, Reason, Settings};
use reconvene_core::problem::Problem;
use reconvene_core::report::{ActionView, AdditionView, PlanView, PlannedAction, Service, Wait};
use rusqlite::Connection;

use crate::choices;
use crate::plan::Dossier;
use crate::providers::provider;
use crate::push::{Addressees, addressees};
use crate::report;
use crate::shared::Shared;
use crate::store::accounts;
use crate::store::activity::Reversal;
use crate::store::creations::{self, Stage};
use crate::store::outbox::{self, Pending};

/// So many meetings are read; beyond, what is known of them has to do.
const MOST_READ: usize = 100;

/// Everything that waits to be done, and what would come of it.
pub(crate) async fn plan(shared: &Shared) -> Result<PlanView, Problem> {
    let circumstances = Circumstances::of(shared)?;
    let pending = shared.store.read(outbox::all)?;
    let mut actions = Vec::new();
    // One after the other: what one reading is told of a wait holds for the next (P13).
    for (place, pending) in pending.into_iter().enumerate() {
        actions.extend(action(shared, &circumstances, pending, place < MOST_READ).await?);
    }
    let additions = shared
        .store
        .read(|tx| additions(tx, &circumstances, shared.now()))?;
    Ok(PlanView {
        fresh_as_of: circumstances.fresh_as_of,
        preview: circumstances.preview,
        paused: circumstances.paused,
        actions,
        additions,
    })
}

/// What all actions depend on.
struct Circumstances {
    settings: Settings,
    preview: bool,
    paused: bool,
    /// Whether so many deletions wait together that they are held.
    many: bool,
    fresh_as_of: Option<Timestamp>,
}

impl Circumstances {
    fn of(shared: &Shared) -> Result<Self, Problem> {
        let paused = shared.paused()?;
        shared.store.read(|tx| {
            let limit = choices::current(tx, &shared.session.config)?.mass_delete_limit;
            let deletions = outbox::unapproved_deletions(tx)?.len();
            Ok(Self {
                settings: shared.plan_settings(tx)?,
                preview: shared.previews(tx)?,
                paused,
                many: deletions > usize::try_from(limit).unwrap_or(usize::MAX),
                fresh_as_of: report::fresh_as_of(&report::calendars(tx)?),
            })
        })
    }
}

async fn action(
    shared: &Shared,
    circumstances: &Circumstances,
    pending: Pending,
    read: bool,
) -> Result<Option<ActionView>, Problem> {
    let now = shared.now();
    let meeting = pending.meeting;
    let Some(mut dossier) = shared.store.read(|tx| Dossier::of(tx, meeting))? else {
        return Ok(None);
    };
    let mut problem = None;
    let mut account_waits = false;
    let asked = shared.store.read(|tx| addressees(tx, meeting))?;
    if let Some(asked) = asked.filter(|_| read) {
        account_waits = asked
            .accounts
            .iter()
            .all(|account| account.waits_until(now).is_some());
        match look(shared, &asked, now).await {
            Ok(Some(seen)) => dossier.suppose(seen, now),
            Ok(None) => {}
            Err(why) => problem = Some(why),
        }
    }
    let (action, amendment, mut reason) = match &pending.undo {
        Some(undo) => taken_back(&dossier, &undo.reversal, now),
        None => foreseen(&dossier, &circumstances.settings, now),
    };
    let waits = waits(&pending, action, circumstances, account_waits, now);
    if let Some(waits) = waits {
        reason = sentence(waits, action).to_owned();
    }
    Ok(Some(ActionView {
        meeting,
        title: dossier.title(),
        conference: dossier.known.target.name().to_owned(),
        action,
        changes: amendment.changes,
        beyond: amendment.beyond,
        due: pending.due,
        attempts: pending.attempts,
        waits,
        reason,
        seen: dossier.known.seen_at,
        problem,
    }))
}

/// The meetings that would be made. Their events are read when it is their turn, and not for this.
fn additions(
    tx: &Connection,
    circumstances: &Circumstances,
    now: Timestamp,
) -> rusqlite::Result<Vec<AdditionView>> {
    let mut views = Vec::new();
    for row in creations::under_way(tx)? {
        let owner = accounts::of(tx, Service::Google)?
            .into_iter()
            .find(|account| account.subject == row.owner);
        let waits = if circumstances.preview {
            Some(Wait::Preview)
        } else if circumstances.paused {
            Some(Wait::Paused)
        } else if owner.is_none_or(|owner| !owner.writes || owner.waits_until(now).is_some()) {
            Some(Wait::Account)
        } else {
            (row.due > now).then_some(Wait::Retry)
        };
        let reason = match (waits, row.stage) {
            (Some(waits), _) => sentence(waits, PlannedAction::Look),
            (None, Stage::Wanted) => "It is made if the event still takes one when it is read.",
            (None, Stage::Unwanted) => "The event takes none any more: the one just made is deleted again.",
            (None, _) => "The request is out; what came of it is looked up first.",
        };
        views.push(AdditionView {
            event: row.event,
            title: row.title,
            conference: row.service.name().to_owned(),
            due: row.due,
            attempts: row.attempts,
            waits,
            reason: reason.to_owned(),
        });
    }
    Ok(views)
}

/// Reads the meeting through the first account that can see it; none when every account has to wait.
pub(crate) async fn look(
    shared: &Shared,
    asked: &Addressees,
    now: Timestamp,
) -> Result<Option<Meeting>, Problem> {
    let Some(provider) = provider(asked.service) else {
        return Ok(None);
    };
    let mut failed = None;
    for account in asked.accounts.iter().rev() {
        if account.waits_until(now).is_some() {
            continue;
        }
        match provider.read(&shared.session, account, &asked.number).await {
            Ok(meeting) => return Ok(Some(meeting)),
            Err(failure) => {
                shared.heed(account, &failure);
                failed = Some(failure.problem);
            }
        }
    }
    failed.map_or(Ok(None), Err)
}

/// What taking the last change back would do.
fn taken_back(dossier: &Dossier, reversal: &Reversal, now: Timestamp) -> (PlannedAction, Amendment, String) {
    const ALL: Carry = Carry {
        title: true,
        time: true,
    };
    let (seen, before) = (dossier.known.seen.as_ref(), reversal.before.schedule(now));
    let amendment = match (seen, before) {
        (Some(seen), Some(before)) if !reversal.deleted => amend(seen, &before, ALL, now),
        _ => Amendment::default(),
    };
    let reason = match reversal.deleted {
        true => "The deleted meeting would be brought back.",
        false => "",
    };
    (PlannedAction::Undo, amendment, reason.to_owned())
}

/// What the push would do, and in a sentence what else there is to say.
fn foreseen(dossier: &Dossier, settings: &Settings, now: Timestamp) -> (PlannedAction, Amendment, String) {
    let nothing = |reason: &str| (PlannedAction::Look, Amendment::default(), reason.to_owned());
    match dossier.decide(settings, now) {
        Decision::Update(wanted) => {
            let amendment = dossier
                .known
                .seen
                .as_ref()
                .map(|seen| amend(seen, &wanted, settings.carry, now))
                .unwrap_or_default();
            (PlannedAction::Update, amendment, String::new())
        }
        Decision::Delete { .. } => (
            PlannedAction::Delete,
            Amendment::default(),
            match dossier.calendars().is_empty() {
                true => "Its event was cancelled. Google is asked once more before the meeting is deleted.",
                false => {
                    "Its series has no date left. Google is asked once more before the meeting is deleted."
                }
            }
            .to_owned(),
        ),
        Decision::Look => nothing("It is read first; what comes of it is not known yet."),
        Decision::InStep => nothing("It is in step already: nothing would be written."),
        Decision::Leave(reason) => nothing(reason.sentence()),
        Decision::Forget => nothing(match dossier.known.target {
            Target::Meeting { .. } => "No event asks for anything any more: it would be left as it is.",
            _ => Reason::Unscheduled.sentence(),
        }),
    }
}

fn waits(
    pending: &Pending,
    action: PlannedAction,
    circumstances: &Circumstances,
    account_waits: bool,
    now: Timestamp,
) -> Option<Wait> {
    let writes = action != PlannedAction::Look;
    let deletes = action == PlannedAction::Delete;
    if pending.held || (deletes && circumstances.many && !pending.approved) {
        Some(Wait::Held)
    } else if writes && circumstances.preview {
        Some(Wait::Preview)
    } else if circumstances.paused {
        Some(Wait::Paused)
    } else if account_waits {
        Some(Wait::Account)
    } else if pending.is_due(now) {
        None
    } else if pending.attempts > 0 {
        Some(Wait::Retry)
    } else {
        Some(Wait::Grace)
    }
}

fn sentence(waits: Wait, action: PlannedAction) -> &'static str {
    match waits {
        Wait::Grace if action == PlannedAction::Delete => {
            "What was cancelled may come back until the grace period ends."
        }
        Wait::Grace => "It waits until all is known of its event.",
        Wait::Held => "Its deletion waits for your word.",
        Wait::Retry => "The last attempt failed; it is tried again.",
        Wait::Account => "Its account has to wait, or needs you.",
        Wait::Paused => "You paused Reconvene.",
        Wait::Preview => "Preview only: nothing is written until you switch the preview off.",
    }
}
