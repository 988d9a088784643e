//! The engine as its hosts see it: one handle for the agent and for a command that runs without an agent.

mod word;

use std::fmt;
use std::sync::Arc;

use reconvene_core::id::{AccountId, CalendarId, EntryId, MeetingId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{
    AccountView, ActivityEntry, CalendarView, Check, EventView, MeetingView, PlanView, Service, SettingsView,
    Status, SyncReport,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::accounts::SignIns;
use crate::config::Config;
use crate::oauth::Grant;
use crate::plan::{self, Dossier};
use crate::ports::Ports;
use crate::profile::Profile;
use crate::providers::provider;
use crate::pull::lists::Reading;
use crate::report::{self, Circumstances};
use crate::shared::Shared;
use crate::store::outbox;
use crate::store::{accounts, activity, calendars, creations, events, settings};
use crate::surroundings::Surroundings;
use crate::{choices, create, doctor, preview, pull, push, trigger};

/// The engine. Clones are handles to the same one.
///
/// Whoever opens it must hold the profile's lock ([`crate::profile::ProfileLock`]): two engines on one profile would
/// refresh the same rotating tokens.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    sign_ins: Arc<SignIns>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the engine on a profile. Nothing is sent and nothing runs yet.
    ///
    /// # Errors
    /// [`Code::DatabaseNewer`], [`Code::DatabaseDamaged`], [`Code::DiskFull`].
    pub fn open(profile: &Profile, config: Config, ports: Ports) -> Result<Self, Problem> {
        profile.prepare()?;
        Shared::open(&profile.database(), config, ports).map(Self::with)
    }

    /// Opens it on a profile that cannot be written, because of `why`, to show what is known. No lock is needed;
    /// whatever would write fails with [`Code::DiskFull`], and the status says why.
    ///
    /// # Errors
    /// `why`, when nothing is known; [`Code::DatabaseNewer`], [`Code::DatabaseDamaged`].
    pub fn open_read_only(
        profile: &Profile,
        config: Config,
        ports: Ports,
        why: Problem,
    ) -> Result<Self, Problem> {
        Shared::open_read_only(&profile.database(), config, ports, why).map(Self::with)
    }

    fn with(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            sign_ins: Arc::default(),
        }
    }

    /// Tries to write to the database, so that a full disk is known before the first change.
    ///
    /// # Errors
    /// [`Code::DiskFull`] and the like; the status shows it as well from then on.
    pub fn try_writing(&self) -> Result<(), Problem> {
        self.shared.try_writing()
    }

    /// Pulls and pushes whenever something is due, until `stop` is cancelled.
    pub async fn run(&self, stop: CancellationToken) {
        trigger::run(&self.shared, stop).await;
        self.settled().await;
    }

    /// Calls off sign-ins that wait for the person, and waits for what must not be cut off: a grant just given, or
    /// renewed, that is on its way into the keyring. To be called before the process ends; [`run`](Self::run) does.
    pub async fn settled(&self) {
        self.sign_ins.end().await;
        self.shared.session.tokens.settled().await;
    }

    /// Follows the status revision, which counts up whenever something shown may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.store.changes()
    }

    /// Sleep ended or the network is back: everything is due now, once.
    pub fn woke(&self) {
        let now = self.shared.now();
        let noted = self.shared.mind_the_clock().and_then(|()| {
            self.shared.store.write(|tx| {
                // Several reasons at once make one pass.
                calendars::due_unless_just_read(tx, now)?;
                self.shared.hurry(tx, now)
            })
        });
        if let Err(problem) = noted {
            tracing::warn!(code = ?problem.code, "wake not noted");
        }
        self.shared.nudge.notify_one();
    }

    /// The surroundings are these from now on. While the machine is idle or on battery, calendars are read every five
    /// minutes unless a longer pause is chosen; when that is over, they are read as soon as they would have been.
    pub fn surrounded(&self, by: Surroundings) {
        let shared = &self.shared;
        let before = shared.surrounded(by);
        let noted = shared.store.write(|tx| {
            let poll = choices::poll(
                &choices::current(tx, &shared.session.config)?,
                &shared.session.config,
            );
            if by.stretch(poll) < before.stretch(poll) {
                calendars::due_within(tx, by.stretch(poll))?;
            }
            Ok(())
        });
        if let Err(problem) = noted {
            tracing::warn!(code = ?problem.code, "surroundings not noted");
        }
        shared.nudge.notify_one();
    }

    /// Everything at a glance.
    ///
    /// # Errors
    /// Those of the database, as with every method that reads or writes it.
    pub fn status(&self) -> Result<Status, Problem> {
        let shared = &self.shared;
        let now = shared.now();
        let preview = shared.store.read(|tx| shared.previews(tx))?;
        let circumstances = Circumstances {
            revision: *shared.store.changes().borrow(),
            busy: shared.is_busy(),
            paused: shared.paused()?,
            preview,
            trouble: shared.store.trouble(),
        };
        shared.store.read(|tx| {
            report::status(
                tx,
                &shared.session.tokens,
                &shared.plan_settings(tx)?,
                &circumstances,
                now,
            )
        })
    }

    /// Every event with a conference and where its meeting stands, by start.
    ///
    /// # Errors
    /// Those of the database.
    pub fn meetings(&self) -> Result<Vec<MeetingView>, Problem> {
        let now = self.shared.now();
        let shared = &self.shared;
        shared.store.read(|tx| {
            let settings = shared.plan_settings(tx)?;
            report::meetings(tx, &settings, shared.previews(tx)?, now)
        })
    }

    /// The newest `limit` activity entries, newest first; only those older than `before` when given.
    ///
    /// # Errors
    /// Those of the database.
    pub fn activity(&self, limit: u32, before: Option<EntryId>) -> Result<Vec<ActivityEntry>, Problem> {
        let now = self.shared.now();
        let entries = self.shared.store.read(|tx| activity::newest(tx, limit, before))?;
        Ok(entries.into_iter().map(|entry| entry.at(now)).collect())
    }

    /// The accounts.
    ///
    /// # Errors
    /// Those of the database.
    pub fn accounts(&self) -> Result<Vec<AccountView>, Problem> {
        let now = self.shared.now();
        self.shared
            .store
            .read(|tx| report::accounts(tx, &self.shared.session.tokens, now))
    }

    /// The calendars as last listed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn calendars(&self) -> Result<Vec<CalendarView>, Problem> {
        self.shared.store.read(report::calendars)
    }

    /// Reads the calendar lists of all Google accounts anew. A list that cannot be read leaves what is known, and its
    /// account says why.
    ///
    /// # Errors
    /// The failure, when nothing is known at all; those of the database.
    pub async fn refresh_calendars(&self) -> Result<Vec<CalendarView>, Problem> {
        let mut failed = None;
        for account in self.shared.store.read(|tx| accounts::of(tx, Service::Google))? {
            failed = self
                .shared
                .list_calendars(&account, Reading::Whole)
                .await
                .err()
                .or(failed);
        }
        match (self.calendars()?, failed) {
            (known, Some(problem)) if known.is_empty() => Err(problem),
            (known, _) => Ok(known),
        }
    }

    /// Starts or stops watching a calendar, named by its id here (`c1`) or by Google's. Unticking forgets its events. It does
    /// not forget half of a split series whose other half is still watched, nor which meetings are to be left alone, or wait
    /// for the person's word; no meeting is touched.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for a calendar that is not known; [`Code::PermissionDenied`] for one that shows only when it is busy;
    /// those of the database.
    pub async fn watch_calendar(&self, calendar: &str, watched: bool) -> Result<Vec<CalendarView>, Problem> {
        let id = self.calendar(calendar)?;
        let gate = self.shared.calendar_gate(id);
        let _no_pass_meanwhile = gate.lock().await;
        let known = self.shared.store.read(|tx| calendars::get(tx, id))?;
        if let Some(calendar) = known.filter(|calendar| watched && calendar.shows_times_only()) {
            return Err(times_only(&calendar.name));
        }
        let now = self.shared.now();
        self.shared.store.write(|tx| {
            if calendars::get(tx, id)?.is_some_and(|calendar| calendar.watched == watched) {
                return Ok(());
            }
            calendars::watch(tx, id, watched)?;
            if watched {
                return events::watched_again(tx, id);
            }
            plan::keep_halves(tx, id)?;
            events::forget_calendar(tx, id)?;
            plan::replan_all(tx, &self.shared.plan_settings(tx)?, now)
        })?;
        self.shared.nudge.notify_one();
        self.calendars()
    }

    /// Begins a sign-in. Returns the ticket that names it and the address to open in the system's browser.
    ///
    /// # Errors
    /// [`Code::ClientMissing`] when no OAuth client is configured; [`Code::Internal`] when no port can be opened.
    pub async fn begin_sign_in(&self, service: Service) -> Result<(String, String), Problem> {
        crate::accounts::begin(&self.shared, &self.sign_ins, service, false).await
    }

    /// The same at Google, and asks for the right to change events as well. Withheld, it ends with
    /// [`Code::MissingScope`], and the account stays as it was.
    ///
    /// # Errors
    /// As [`begin_sign_in`](Self::begin_sign_in).
    pub async fn begin_sign_in_to_write(&self) -> Result<(String, String), Problem> {
        crate::accounts::begin(&self.shared, &self.sign_ins, Service::Google, true).await
    }

    /// Waits until a begun sign-in ends.
    ///
    /// # Errors
    /// How it ended when not well; [`Code::BadUsage`] for an unknown ticket.
    pub async fn await_sign_in(&self, ticket: &str) -> Result<AccountView, Problem> {
        let account = self.sign_ins.ended(ticket).await?;
        let known = self.accounts()?.into_iter().find(|view| view.id == account);
        known.ok_or_else(|| unknown("account", &account.to_string()))
    }

    /// Calls a begun sign-in off. Accounts stay as they were.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown ticket.
    pub fn cancel_sign_in(&self, ticket: &str) -> Result<(), Problem> {
        self.sign_ins.cancel(ticket)
    }

    /// Takes in what a sign-in yielded, however it was made: asks the service who it is, keeps the refresh token in the
    /// keyring and adds or renews the account.
    ///
    /// # Errors
    /// The service's failure, the keyring's, and those of the database; then nothing was kept.
    pub async fn add_account(&self, grant: Grant) -> Result<AccountId, Problem> {
        crate::accounts::welcome(&self.shared, grant).await
    }

    /// Signs out: gives the grant back if the service can be reached, forgets the secret and what was read. Meetings
    /// stay as they are.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown account; the keyring's, and then the account stays; those of the database.
    pub async fn remove_account(&self, account: AccountId) -> Result<(), Problem> {
        crate::accounts::remove(&self.shared, account).await
    }

    /// Pulls the given calendar, or all watched ones, pushes what is due, and waits for both. With `meetings`, every meeting
    /// that follows an event is looked at as well, in case it was changed at its provider.
    ///
    /// Waits that the services did not ask for are cut short, because the person is there to see what comes of it.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for a calendar that is not known; those of the database. What fails at a service is in the
    /// report.
    pub async fn sync(&self, calendar: Option<&str>, meetings: bool) -> Result<SyncReport, Problem> {
        let shared = &self.shared;
        shared.mind_the_clock()?;
        let now = shared.now();
        let last_entry = self.activity(1, None)?.first().map(|entry| entry.id);
        let wanted: Vec<CalendarId> = match calendar {
            Some(name) => vec![self.calendar(name)?],
            None => shared
                .store
                .read(calendars::watched)?
                .into_iter()
                .map(|calendar| calendar.id)
                .collect(),
        };
        shared.store.write(|tx| shared.hurry(tx, now))?;
        pull::lists::look_for(shared, &wanted).await?;
        let ended = pull::passes(shared, wanted).await;
        let read = ended.iter().filter(|pass| pass.is_ok()).count();
        if meetings {
            push::drift::look_at_all(shared)?;
        }
        create::push_due(shared, true).await?;
        push::push_due(shared, true).await?;
        let mut problems: Vec<Problem> = ended.into_iter().filter_map(Result::err).collect();
        problems.dedup();
        let (entries, pending, making) = shared.store.read(|tx| {
            Ok((
                activity::after(tx, last_entry)?,
                outbox::all(tx)?,
                creations::under_way(tx)?,
            ))
        })?;
        let status = self.status()?;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(SyncReport {
            calendars: count(read),
            entries,
            pending: count(pending.len() + making.len()),
            waiting: count(pending.iter().filter(|pending| pending.waits()).count())
                + count(making.iter().filter(|making| making.waits()).count()),
            problems,
            // Not the one word for the tray, which says "paused" before anything else.
            preview: status.preview,
            needs_you: !status.held.is_empty() || status.problems.iter().any(report::needs_person),
        })
    }

    /// What would be done, meeting by meeting, from the calendars as last read and the meetings as they are now. Nothing is
    /// changed by asking, here or anywhere else.
    ///
    /// # Errors
    /// Those of the database. What cannot be read at a provider says so beside its action.
    pub async fn plan(&self) -> Result<PlanView, Problem> {
        preview::plan(&self.shared).await
    }

    /// The address that joins a meeting, asked of the provider now, because it holds the passcode and is not stored.
    ///
    /// # Errors
    /// [`Code::BadUsage`] for an unknown meeting or one without a number; the provider's failure.
    pub async fn join_link(&self, meeting: MeetingId) -> Result<String, Problem> {
        let (target, account) = self.shared.store.read(|tx| {
            let Some(dossier) = Dossier::of(tx, meeting)? else {
                return Ok((None, None));
            };
            let host = dossier.known.seen.as_ref().map(|seen| seen.host.as_str());
            let mut all = accounts::of(tx, plan::service_of(&dossier.known.target))?;
            all.sort_by_key(|account| Some(account.subject.as_str()) != host);
            let account = all.into_iter().next();
            Ok((Some(dossier.known.target), account))
        })?;
        let Some(reconvene_core::conference::Target::Meeting { service, number }) = target else {
            return Err(unknown("meeting", &meeting.to_string()));
        };
        let (Some(account), Some(provider)) = (account, provider(service)) else {
            return Err(not_signed_in(
                service,
                "Connect it under Accounts, or join from the calendar.",
            ));
        };
        if let (Some(_), Some(problem)) = (account.waits_until(self.shared.now()), &account.health.problem) {
            return Err(problem.clone());
        }
        provider
            .join_link(&self.shared.session, &account, &number)
            .await
            .map_err(|failure| {
                self.shared.heed(&account, &failure);
                failure.problem
            })
    }

    /// The events of the next `days` days for which a meeting could be made, asked of Google now; nothing of them is kept.
    ///
    /// # Errors
    /// The failure, when no calendar could be read; those of the database.
    pub async fn without_meeting(&self, days: u32) -> Result<Vec<EventView>, Problem> {
        create::without_meeting(&self.shared, days).await
    }

    /// Makes a meeting for an event that has none and writes it on the event. The calendar, named by its id here (`c1`) or by
    /// Google's, is watched from then on; the event is named by Google's id.
    ///
    /// # Errors
    /// [`Code::MissingScope`] when Reconvene may not change events yet, [`Code::NotSignedIn`], [`Code::PermissionDenied`],
    /// [`Code::EventGone`], [`Code::HasMeeting`], [`Code::InThePast`], [`Code::BadUsage`]: nothing was made, or it was
    /// deleted again. A retryable one: it goes on by itself. Those of the database.
    pub async fn add_meeting(
        &self,
        calendar: &str,
        event: &str,
        service: Service,
    ) -> Result<MeetingView, Problem> {
        let calendar = self.calendar(calendar)?;
        let meeting = create::add(&self.shared, calendar, event, service).await?;
        self.finished(meeting).await
    }

    /// Makes a new meeting in the place of one that vanished at its provider, and writes it on the event.
    ///
    /// # Errors
    /// As [`add_meeting`](Self::add_meeting); [`Code::BadUsage`] for a meeting that has not vanished.
    pub async fn recreate(&self, meeting: MeetingId) -> Result<MeetingView, Problem> {
        let meeting = create::recreate(&self.shared, meeting).await?;
        self.finished(meeting).await
    }

    /// What is left to do for a meeting just made, as for the dates of a series that depart from its rule.
    async fn finished(&self, meeting: MeetingId) -> Result<MeetingView, Problem> {
        push::push_made(&self.shared, meeting).await?;
        let known = self.meetings()?.into_iter().find(|view| view.id == meeting);
        known.ok_or_else(|| unknown("meeting", &meeting.to_string()))
    }

    /// What the person chose.
    ///
    /// # Errors
    /// Those of the database.
    pub fn settings(&self) -> Result<SettingsView, Problem> {
        self.shared
            .store
            .read(|tx| choices::current(tx, &self.shared.session.config))
    }

    /// Changes settings; those that `config.toml` fixes stay. Every meeting is decided about anew.
    ///
    /// # Errors
    /// Those of the database.
    pub fn change_settings(&self, wanted: SettingsView) -> Result<SettingsView, Problem> {
        let now = self.shared.now();
        let changed = self.shared.store.write(|tx| {
            let changed = choices::change(tx, &self.shared.session.config, wanted)?;
            plan::replan_all(tx, &self.shared.plan_settings(tx)?, now)?;
            Ok(changed)
        })?;
        self.shared.nudge.notify_one();
        Ok(changed)
    }

    /// Stops or resumes what happens by itself. A sync by hand still works.
    ///
    /// # Errors
    /// Those of the database.
    pub fn pause(&self, paused: bool) -> Result<(), Problem> {
        self.shared
            .store
            .write(|tx| settings::set(tx, "paused", if paused { "yes" } else { "no" }))?;
        self.shared.nudge.notify_one();
        Ok(())
    }

    /// What works and what does not: configuration, keyring, store, accounts and network.
    pub async fn doctor(&self) -> Vec<Check> {
        doctor::examine(&self.shared).await
    }

    /// Finds a calendar by its id here or by Google's, of which `primary` is one.
    fn calendar(&self, name: &str) -> Result<CalendarId, Problem> {
        let all = self.shared.store.read(calendars::all)?;
        let by_id = name.parse::<CalendarId>().ok();
        let mut found = all.iter().filter(|calendar| {
            Some(calendar.id) == by_id || calendar.google_id == name || (calendar.main && name == "primary")
        });
        match (found.next(), found.next()) {
            (Some(calendar), None) => Ok(calendar.id),
            (Some(_), Some(_)) => Err(Problem::lasting(
                Code::BadUsage,
                format!("Several accounts show the calendar {name}."),
                "Name it by its id, as `reconvene calendar list` shows it.",
            )),
            (None, _) => Err(unknown("calendar", name)),
        }
    }
}

fn not_signed_in(service: Service, hint: &str) -> Problem {
    Problem::lasting(
        Code::NotSignedIn,
        format!("You are not signed in to {}.", service.name()),
        hint,
    )
}

fn times_only(calendar: &str) -> Problem {
    Problem::lasting(
        Code::PermissionDenied,
        format!("Google shows when somebody is busy on “{calendar}”, and not what the events are."),
        "Ask its owner to let you see all event details. Then tick it again.",
    )
}

fn unknown(kind: &str, name: &str) -> Problem {
    Problem::lasting(
        Code::BadUsage,
        format!("There is no {kind} {name}."),
        "The lists show the ids in use.",
    )
}
