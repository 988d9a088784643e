//! Create: a meeting for an event that has none, made at the provider and written on the event.
//!
//! How far each has come is in the store (`store/creations.rs`) before the next request goes out, so that it can be taken up
//! again wherever the process ended. A request to make a meeting whose answer was lost is never simply repeated: every
//! meeting holds a marker of its own, and the provider's list is asked for it first. The event is written on with the
//! revision it was read in; whoever was faster wins, and then the meeting just made, of which nobody knows yet, is deleted
//! again.

mod hand_over;
mod problem;
mod settle;
mod wish;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::amend::{Whole, design};
use reconvene_core::conference::Target;
use reconvene_core::event::{Event, Moment};
use reconvene_core::id::MeetingId;
use reconvene_core::plan::Reason;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Service};
use reconvene_core::write_back;
use rusqlite::{Connection, Transaction};
use secrecy::SecretString;

pub(crate) use self::problem::not_allowed;
use self::problem::{begun, contested, has_one, no_event, no_room, nobody, unknown_yet};
use self::settle::Ending;
pub(crate) use self::wish::{add, by_rule, recreate, without_meeting};
use crate::budget;
use crate::calendar::write::{Sheet, sheet};
use crate::failure::{Failure, FailureKind, later};
use crate::providers::{Provider, provider};
use crate::shared::Shared;
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::creations::{self, Creation, Stage};

/// So long after a request whose answer was lost, a meeting that is in no list was not made.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// So often an event that changes all the time is read anew in one attempt.
const MOST_ROUNDS: usize = 6;

/// Takes up every creation that is due. Returns at once when paused, unless the person asked for it `by_hand`.
pub(crate) async fn push_due(shared: &Shared, by_hand: bool) -> Result<(), Problem> {
    let _one_at_a_time = shared.push_gate.lock().await;
    loop {
        let now = shared.now();
        let next = shared.store.read(|tx| first(shared, tx))?;
        let Some(row) = next.filter(|row| row.due <= now) else {
            return Ok(());
        };
        if !by_hand && shared.paused()? {
            return Ok(());
        }
        // What came of it is in the store.
        drop(Making::at(shared, row).await?);
    }
}

/// When the next one is due.
pub(crate) fn next(shared: &Shared, tx: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    Ok(first(shared, tx)?.map(|row| row.due))
}

/// The creation whose turn is next. A preview writes nothing, so in it none has a turn.
fn first(shared: &Shared, tx: &Connection) -> rusqlite::Result<Option<Creation>> {
    if shared.previews(tx)? {
        return Ok(None);
    }
    Ok(creations::under_way(tx)?.into_iter().next())
}

/// Takes up one creation now. The meeting, once its event shows it; else why not, or not yet.
pub(crate) async fn push(shared: &Shared, id: i64) -> Result<Result<MeetingId, Problem>, Problem> {
    let _one_at_a_time = shared.push_gate.lock().await;
    match shared.store.read(|tx| creations::get(tx, id))? {
        Some(row) if !row.stage.is_end() => Making::at(shared, row).await,
        _ => Ok(Err(no_event())),
    }
}

/// One attempt at one creation.
struct Making<'a> {
    shared: &'a Shared,
    row: Creation,
    /// Where the event is, and through whom it is written on; none when that account signed out.
    place: Option<(Calendar, Account)>,
    provider: &'static dyn Provider,
    /// The join link, when the meeting was made just now.
    link: Option<SecretString>,
    /// The event as just read.
    sheet: Option<Sheet>,
}

/// Why an attempt did not come to an end of its own.
enum Stopped {
    /// A request to this service failed.
    Failed(Service, Failure),
    /// The database failed.
    Store(Problem),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Store(problem)
    }
}

/// What the event says about the meeting that is to be made for it.
enum Fit {
    /// It waits for one like this.
    Waits(Whole),
    /// It shows the one that was made.
    Shows,
    /// It takes none, any more or at all.
    Not(Problem),
}

impl<'a> Making<'a> {
    async fn at(shared: &'a Shared, row: Creation) -> Result<Result<MeetingId, Problem>, Problem> {
        let _shown = shared.busy();
        let Some(provider) = provider(row.service) else {
            let now = shared.now();
            shared
                .store
                .write(|tx| creations::end(tx, row.id, Stage::Ended, now))?;
            return Ok(Err(no_event()));
        };
        let place = shared.store.read(|tx| place(tx, &row))?;
        shared.store.write(|tx| creations::attempt(tx, row.id))?;
        let mut making = Self {
            shared,
            row,
            place,
            provider,
            link: None,
            sheet: None,
        };
        making.row.attempts += 1;
        let ending = match Box::pin(making.run()).await {
            Ok(ending) => ending,
            Err(Stopped::Failed(service, failure)) => Ending::Failed(service, failure),
            Err(Stopped::Store(problem)) => return Err(problem),
        };
        making.settle(ending)
    }

    async fn run(&mut self) -> Result<Ending, Stopped> {
        for _ in 0..MOST_ROUNDS {
            let ending = match self.row.stage {
                Stage::Wanted => self.make().await?,
                Stage::Sent => self.look().await?,
                Stage::Made | Stage::Offered => self.write_back().await?,
                Stage::Unwanted => Some(self.undo().await?),
                Stage::Written | Stage::Ended => Some(Ending::Nothing),
            };
            if let Some(ending) = ending {
                return Ok(ending);
            }
        }
        Err(Stopped::Failed(Service::Google, contested()))
    }

    /// Reads the event, and makes a meeting for it at the provider.
    async fn make(&mut self) -> Result<Option<Ending>, Stopped> {
        let Some((_, owner)) = &self.place else {
            return Ok(Some(Ending::Nothing));
        };
        if !self.row.by_hand && self.shared.request_word()?.is_none() {
            // The rule that asked for it was taken back.
            return Ok(Some(Ending::Nothing));
        }
        self.peace(owner)?;
        let may_write = owner.writes;
        let sheet = self.read().await?;
        let whole = match self.fit(sheet.as_ref()) {
            Fit::Waits(whole) => whole,
            Fit::Shows => return Ok(Some(Ending::Nothing)),
            Fit::Not(problem) => return Ok(Some(Ending::Refused(problem, None))),
        };
        if !may_write {
            return Err(Stopped::Failed(Service::Google, not_allowed()));
        }
        let Some(host) = self.host()? else {
            return Err(Stopped::Failed(self.row.service, nobody(self.row.service)));
        };
        self.peace(&host)?;
        self.afford(&host)?;
        if self.previews()? {
            return Ok(Some(Ending::Previewed));
        }
        let (title, now) = (self.row.title.clone(), self.shared.now());
        self.note(Stage::Sent, |tx, id| {
            // Counted before it is sent (P13).
            budget::spend(tx, &host, now)?;
            creations::sent(tx, id, &host.subject, &title, now)
        })?;
        self.row.host = Some(host.subject.clone());
        self.row.sent_at = Some(now);
        let session = &self.shared.session;
        match self
            .provider
            .create(session, &host, &whole, &self.row.marker)
            .await
        {
            Ok(made) => {
                self.made(&made.number)?;
                self.link = Some(made.link);
                self.sheet = sheet;
                Ok(None)
            }
            // The answer was lost, and the meeting may be there.
            Err(failure) if failure.kind == FailureKind::Passing => match self.found(&host).await {
                Ok(Some(number)) => {
                    self.made(&number)?;
                    Ok(None)
                }
                // What the service asks for by now counts more than the answer that was lost (P13).
                Err(other) if matches!(other.kind, FailureKind::Limited(_) | FailureKind::Account) => {
                    Err(self.failed(other))
                }
                Ok(None) | Err(_) => Err(self.failed(failure)),
            },
            // Looked for when the service may be asked again.
            Err(failure) if failure.leaves_open() => Err(self.failed(failure)),
            Err(failure) => {
                self.note(Stage::Wanted, |tx, id| creations::come_to(tx, id, Stage::Wanted))?;
                Err(self.failed(failure))
            }
        }
    }

    /// A request to make the meeting went out and nobody knows what came of it: is it there?
    async fn look(&mut self) -> Result<Option<Ending>, Stopped> {
        let Some(host) = self.host()? else {
            return Err(Stopped::Failed(self.row.service, nobody(self.row.service)));
        };
        self.peace(&host)?;
        if let Some(number) = self.found(&host).await.map_err(|failure| self.failed(failure))? {
            self.made(&number)?;
            return Ok(None);
        }
        let settled = self.row.sent_at.map(|sent| later(sent, SETTLED));
        match settled.filter(|settled| self.shared.now() < *settled) {
            Some(settled) => Err(self.failed(unknown_yet(settled))),
            None => {
                self.note(Stage::Wanted, |tx, id| creations::come_to(tx, id, Stage::Wanted))?;
                Ok(None)
            }
        }
    }

    /// Whether nothing is to be written. Asked right before each write, because the person may have said so since.
    fn previews(&self) -> Result<bool, Problem> {
        self.shared.store.read(|tx| self.shared.previews(tx))
    }

    async fn read(&mut self) -> Result<Option<Sheet>, Stopped> {
        let Some((calendar, owner)) = &self.place else {
            return Ok(None);
        };
        let session = &self.shared.session;
        let read = sheet(session, owner, &calendar.google_id, &self.row.event).await;
        let sheet = read.map_err(|failure| Stopped::Failed(Service::Google, failure))?;
        if let Some(sheet) = &sheet {
            self.row.title.clone_from(&sheet.event.title);
        }
        Ok(sheet)
    }

    async fn found(&self, host: &Account) -> Result<Option<String>, Failure> {
        self.provider
            .find(&self.shared.session, host, &self.row.marker)
            .await
    }

    /// The join link of the meeting that was made; `None` when it is gone already.
    async fn join_link(&self, number: &str) -> Result<Option<SecretString>, Stopped> {
        let Some(host) = self.host()? else {
            return Err(Stopped::Failed(self.row.service, nobody(self.row.service)));
        };
        self.peace(&host)?;
        match self.provider.join_link(&self.shared.session, &host, number).await {
            Ok(link) => Ok(Some(link.into())),
            Err(failure) if failure.kind == FailureKind::Gone => Ok(None),
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// What the event, as just read, says about the meeting.
    fn fit(&self, sheet: Option<&Sheet>) -> Fit {
        let Some(Sheet {
            event,
            location,
            description,
        }) = sheet
        else {
            return Fit::Not(no_event());
        };
        let own = self.row.number.as_ref().map(|number| Target::Meeting {
            service: self.row.service,
            number: number.clone(),
        });
        if let Some(found) = &event.conference {
            if Some(&found.target) == own.as_ref() {
                return Fit::Shows;
            }
            if Some(&found.target) != self.row.replaces.as_ref() && !write_back::has_room(event) {
                return Fit::Not(has_one());
            }
        }
        if write_back::names_another(location, description, self.row.replaces.as_ref()) {
            return Fit::Not(has_one());
        }
        // A link is a few dozen characters, whatever it says.
        let texts = write_back::written(
            location,
            description,
            self.row.service,
            &"x".repeat(120),
            self.row.replaces.as_ref(),
        );
        if !texts.fit() {
            return Fit::Not(no_room());
        }
        wanted(event, self.shared.now()).map_or_else(Fit::Not, Fit::Waits)
    }

    /// Who hosts the meeting: who it was sent on behalf of, else the account that signed in first.
    fn host(&self) -> Result<Option<Account>, Problem> {
        let all = self.shared.store.read(|tx| accounts::of(tx, self.row.service))?;
        let host = self.row.host.as_ref();
        Ok(all
            .into_iter()
            .find(|account| host.is_none_or(|host| *host == account.subject)))
    }

    /// Leaves an account in peace that has to be, as far as is known by now.
    fn peace(&self, account: &Account) -> Result<(), Stopped> {
        let Some(account) = self.shared.store.read(|tx| accounts::get(tx, account.id))? else {
            return Ok(());
        };
        match (
            account.waits_until(self.shared.now()),
            account.health.problem.clone(),
        ) {
            (Some(until), Some(problem)) => Err(Stopped::Failed(
                account.service,
                Failure::new(FailureKind::NotBefore(until), problem),
            )),
            _ => Ok(()),
        }
    }

    fn afford(&self, host: &Account) -> Result<(), Stopped> {
        let (asked, now) = (self.row.by_hand, self.shared.now());
        let allowed = self
            .shared
            .store
            .read(|tx| budget::allows(tx, host, 1, asked, now))?;
        if allowed {
            return Ok(());
        }
        let dice = self.shared.session.ports.dice.as_ref();
        Err(self.failed(budget::exceeded(host.service, asked, now, dice)))
    }

    fn made(&mut self, number: &str) -> Result<(), Problem> {
        self.note(Stage::Made, |tx, id| creations::made(tx, id, number))?;
        self.row.number = Some(number.to_owned());
        Ok(())
    }

    /// Notes a stage before anything else happens.
    fn note(
        &mut self,
        stage: Stage,
        work: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let id = self.row.id;
        self.shared.store.write(|tx| work(tx, id))?;
        self.row.stage = stage;
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Stopped {
        Stopped::Failed(self.row.service, failure)
    }
}

/// The calendar and the account through which an event is written on.
fn place(tx: &Connection, row: &Creation) -> rusqlite::Result<Option<(Calendar, Account)>> {
    let owners = accounts::of(tx, Service::Google)?;
    let Some(owner) = owners.into_iter().find(|account| account.subject == row.owner) else {
        return Ok(None);
    };
    let calendar = calendars::all(tx)?
        .into_iter()
        .find(|calendar| calendar.account == owner.id && calendar.google_id == row.calendar);
    Ok(calendar.map(|calendar| (calendar, owner)))
}

/// The meeting to make for an event, or why none can be made.
fn wanted(event: &Event, now: Timestamp) -> Result<Whole, Problem> {
    let refused = |reason: Reason| Problem::lasting(Code::Refused, reason.sentence(), "");
    if !event.organized_here {
        return Err(Problem::lasting(
            Code::PermissionDenied,
            Reason::NotOrganizer.sentence(),
            "Ask whoever organizes it to add the meeting.",
        ));
    }
    if let Moment::Day(_) = event.start {
        return Err(refused(Reason::AllDay));
    }
    match event.schedule(&[], now) {
        Err(_) => Err(refused(Reason::UnreadableRule)),
        Ok(None) => Err(refused(Reason::AllDay)),
        Ok(Some(schedule)) => design(&schedule, now).ok_or_else(begun),
    }
}

/// What the provider answered, for an entry.
type Said = Option<Answer>;
