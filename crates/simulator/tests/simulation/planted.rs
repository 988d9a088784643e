//! Bugs of the kinds that such programs have had, planted into an engine that has none of them: by what it is told,
//! by what reaches the services, and by triggers in its own database. The product's code knows nothing of this.
//!
//! Each test shows that the simulation finds its bug within a bounded number of seeds.

use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use reconvene_simulator::Simulator;
use serde_json::Value;

use crate::ledger::Machine;
use crate::riddles::UNCLEAR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// A lost sync token wipes what is known of the calendar, as both of Google's samples do.
    WipesOnLostToken,
    /// The new token is kept before the rows that came with it.
    KeepsTokenEarly,
    /// Cancelled rows are sorted out because they carry no conference.
    DropsTombstones,
    /// Other events that share a meeting are forgotten when one of them goes.
    DeletesShared,
    /// Any link is taken for a bond.
    BondsAnything,
    /// An event that is not asked for is taken for gone.
    BelievesAbsence,
    /// A calendar that is lost is taken for cancelled events.
    TakesLossForDeletion,
    /// Deletions do not wait for the grace period.
    HasNoGrace,
    /// More deletions than the limit go ahead unasked.
    AsksNobody,
    /// Deletions tell the guests.
    MailsPeople,
    /// Updates send everything, changed or not.
    SendsEverything,
    /// Requests to wait are taken for ordinary failures.
    DoesNotWait,
    /// An action is struck off before it is done.
    LosesActions,
    /// What somebody else hosts is taken for one's own.
    TakesAllForItsOwn,
    /// A refresh token is kept in the database.
    KeepsSecretsOnDisk,
    /// Nothing is ever done.
    DoesNothing,
    /// Whatever is to be changed is deleted.
    DeletesEverything,
    /// That the request to make a meeting went out is forgotten, so that it is simply repeated.
    MakesAgain,
    /// What is written on an event is written whatever happened to it since.
    WritesUnconditionally,
    /// A preview writes.
    PreviewWrites,
    /// What was taken back is done anew.
    ForgetsUndo,
    /// To cancel one date the whole meeting is deleted.
    DeletesForOneDate,
    /// The exceptions of a series are forgotten when its rule changes.
    ForgetsExceptions,
    /// A series does not follow its zone's clock when that changes.
    KnowsNoClockChange,
    /// A write about one date goes to the next one.
    TakesTheNextDate,
    /// Of a list of several pages the last one alone is taken in.
    LosesPages,
    /// No sync token is kept, so that everything is read each time.
    KeepsNoToken,
    /// A service that is not available and says until when is asked all the same.
    DoesNotWaitForTheService,
    /// What was wrong with a calendar is not kept.
    TellsNoFailure,
    /// One row that cannot be understood makes the whole page one.
    StumblesOverARow,
    /// The second machine knows every event by another title.
    Fights,
}

/// Zones, and such without summer time that show the same in winter.
const FIXED: [(&str, &str); 3] = [
    ("Europe/Berlin", "Etc/GMT-1"),
    ("America/New_York", "Etc/GMT+5"),
    ("Australia/Sydney", "Etc/GMT-10"),
];

impl Planted {
    /// The promises of which it breaks one. That it breaks something else shows nothing.
    pub(crate) const fn breaks(self) -> &'static [&'static str] {
        match self {
            Self::DeletesShared
            | Self::BondsAnything
            | Self::BelievesAbsence
            | Self::TakesLossForDeletion
            | Self::HasNoGrace
            | Self::DeletesEverything
            | Self::TakesAllForItsOwn => &["P3"],
            Self::KeepsTokenEarly | Self::WipesOnLostToken | Self::LosesPages => &["P1", "P2", "P3"],
            Self::DropsTombstones | Self::DoesNothing => &["P2"],
            Self::AsksNobody | Self::ForgetsUndo => &["P8"],
            Self::MailsPeople => &["P9"],
            Self::SendsEverything | Self::KeepsNoToken => &["P6"],
            Self::DoesNotWait | Self::DoesNotWaitForTheService => &["P13"],
            Self::LosesActions => &["P2", "P5"],
            Self::KeepsSecretsOnDisk => &["P12"],
            Self::MakesAgain => &["P5"],
            Self::WritesUnconditionally => &["P7"],
            Self::PreviewWrites => &["preview"],
            Self::DeletesForOneDate => &["P3", "P4"],
            Self::ForgetsExceptions => &["P2", "P4", "P11"],
            Self::KnowsNoClockChange => &["P2", "P4", "P6"],
            Self::TakesTheNextDate => &["P2", "P4"],
            Self::TellsNoFailure => &["P11"],
            Self::StumblesOverARow => &["P10"],
            Self::Fights => &["P14"],
        }
    }

    pub(crate) const ALL: [Self; 31] = [
        Self::DeletesEverything,
        Self::StumblesOverARow,
        Self::Fights,
        Self::WipesOnLostToken,
        Self::KeepsTokenEarly,
        Self::DropsTombstones,
        Self::DeletesShared,
        Self::BondsAnything,
        Self::BelievesAbsence,
        Self::TakesLossForDeletion,
        Self::HasNoGrace,
        Self::AsksNobody,
        Self::MailsPeople,
        Self::SendsEverything,
        Self::DoesNotWait,
        Self::LosesActions,
        Self::TakesAllForItsOwn,
        Self::KeepsSecretsOnDisk,
        Self::DoesNothing,
        Self::MakesAgain,
        Self::WritesUnconditionally,
        Self::PreviewWrites,
        Self::ForgetsUndo,
        Self::DeletesForOneDate,
        Self::ForgetsExceptions,
        Self::KnowsNoClockChange,
        Self::TakesTheNextDate,
        Self::LosesPages,
        Self::KeepsNoToken,
        Self::DoesNotWaitForTheService,
        Self::TellsNoFailure,
    ];

    /// Triggers that make the store misbehave.
    fn triggers(self) -> &'static str {
        match self {
            Self::WipesOnLostToken => {
                "CREATE TRIGGER planted AFTER UPDATE OF pass ON calendars
                 BEGIN DELETE FROM events WHERE calendar = NEW.id; END;"
            }
            Self::DropsTombstones => {
                "CREATE TRIGGER planted BEFORE UPDATE OF gone_since ON events WHEN NEW.gone_since IS NOT NULL
                 BEGIN SELECT RAISE(IGNORE); END;"
            }
            Self::DeletesShared => {
                "CREATE TRIGGER planted AFTER UPDATE OF gone_since ON events WHEN NEW.gone_since IS NOT NULL
                 BEGIN DELETE FROM links WHERE event <> NEW.id
                       AND meeting = (SELECT meeting FROM links WHERE event = NEW.id); END;"
            }
            Self::BondsAnything => {
                "CREATE TRIGGER planted AFTER INSERT ON links WHEN NEW.proof IS NULL
                 BEGIN UPDATE links SET proof = '\"origin\"' WHERE event = NEW.event; END;"
            }
            Self::TakesLossForDeletion => {
                "CREATE TRIGGER planted AFTER UPDATE OF available ON calendars WHEN NEW.available = 0
                 BEGIN UPDATE events SET gone_since = 0 WHERE calendar = NEW.id;
                       INSERT OR IGNORE INTO outbox (meeting, action, due)
                       SELECT l.meeting, '\"delete\"', 0 FROM links l JOIN events e ON e.id = l.event
                       WHERE e.calendar = NEW.id; END;"
            }
            Self::HasNoGrace => {
                "CREATE TRIGGER planted AFTER UPDATE OF gone_since ON events WHEN NEW.gone_since > 86400000
                 BEGIN UPDATE events SET gone_since = NEW.gone_since - 86400000 WHERE id = NEW.id; END;"
            }
            Self::AsksNobody => {
                "CREATE TRIGGER planted AFTER INSERT ON outbox WHEN NEW.action = '\"delete\"'
                 BEGIN UPDATE outbox SET approved = 1 WHERE meeting = NEW.meeting; END;"
            }
            Self::LosesActions => {
                "CREATE TRIGGER planted AFTER UPDATE OF attempts ON outbox
                 BEGIN DELETE FROM outbox WHERE meeting = NEW.meeting; END;"
            }
            Self::DoesNothing => {
                "CREATE TRIGGER planted BEFORE INSERT ON outbox BEGIN SELECT RAISE(IGNORE); END;"
            }
            Self::MakesAgain => {
                "CREATE TRIGGER planted AFTER UPDATE OF stage ON creations WHEN NEW.stage = 'sent'
                 BEGIN UPDATE creations SET stage = 'wanted' WHERE id = NEW.id; END;"
            }
            Self::PreviewWrites => {
                "CREATE TRIGGER planted AFTER INSERT ON settings WHEN NEW.name = 'choices'
                 BEGIN UPDATE settings SET value = json_set(NEW.value, '$.preview', json('false'))
                       WHERE name = NEW.name; END;
                 CREATE TRIGGER planted_too AFTER UPDATE ON settings
                 WHEN CASE NEW.name WHEN 'choices' THEN NEW.value -> '$.preview' = 'true' ELSE 0 END
                 BEGIN UPDATE settings SET value = json_set(NEW.value, '$.preview', json('false'))
                       WHERE name = NEW.name; END;"
            }
            Self::ForgetsUndo => {
                "CREATE TRIGGER planted AFTER UPDATE OF ignored ON meetings WHEN NEW.ignored
                 BEGIN UPDATE meetings SET ignored = 0 WHERE id = NEW.id; END;"
            }
            Self::ForgetsExceptions => {
                "CREATE TRIGGER planted AFTER UPDATE OF recurrence ON events WHEN NEW.recurrence IS NOT OLD.recurrence
                 BEGIN DELETE FROM exceptions WHERE calendar = NEW.calendar AND series = NEW.google_id; END;"
            }
            Self::TellsNoFailure => {
                "CREATE TRIGGER planted AFTER UPDATE OF problem ON calendars WHEN NEW.problem IS NOT NULL
                 BEGIN UPDATE calendars SET problem = NULL WHERE id = NEW.id; END;"
            }
            Self::KeepsNoToken => {
                "CREATE TRIGGER planted AFTER UPDATE OF sync_token ON calendars WHEN NEW.sync_token IS NOT NULL
                 BEGIN UPDATE calendars SET sync_token = NULL WHERE id = NEW.id; END;"
            }
            _ => "",
        }
    }

    /// Plants it into a database that an engine has just opened.
    pub(crate) fn into(self, database: &Path) {
        let triggers = self.triggers();
        if triggers.is_empty() {
            return;
        }
        let connection = rusqlite::Connection::open(database).unwrap();
        connection
            .execute_batch("DROP TRIGGER IF EXISTS planted; DROP TRIGGER IF EXISTS planted_too;")
            .unwrap();
        connection.execute_batch(triggers).unwrap();
    }

    /// Answers in the service's place.
    pub(crate) fn instead(self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let one_event = request.uri().path().contains("/events/");
        (self == Self::BelievesAbsence && one_event).then(|| {
            let mut answer = Response::new(Bytes::from_static(
                b"{\"error\":{\"code\":404,\"errors\":[{\"reason\":\"notFound\"}]}}",
            ));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        })
    }

    /// Changes what is sent.
    pub(crate) fn spoil(self, request: &mut Request<Bytes>, simulator: &Simulator, meeting: Option<u64>) {
        match (self, request.method().clone()) {
            (Self::WritesUnconditionally, Method::PATCH) => {
                request.headers_mut().remove(http::header::IF_MATCH);
            }
            (Self::MailsPeople, Method::DELETE) => {
                let uri = request.uri().to_string().replace("=false", "=true");
                *request.uri_mut() = uri.parse().unwrap();
            }
            (Self::DeletesEverything, Method::PATCH) if request.uri().path().contains("/meetings/") => {
                *request.method_mut() = Method::DELETE;
            }
            (Self::SendsEverything, Method::PATCH) => {
                let minutes = simulator.with(|world| Some(world.meeting(meeting?)?.minutes));
                let Ok(Value::Object(mut body)) = serde_json::from_slice(request.body()) else {
                    return;
                };
                if let Some(minutes) = minutes {
                    body.entry("duration").or_insert(minutes.into());
                }
                *request.body_mut() = Bytes::from(Value::Object(body).to_string());
            }
            (Self::DeletesForOneDate, Method::DELETE) => {
                let uri = request.uri().to_string();
                if let Some((rest, _)) = uri.split_once("&occurrence_id=") {
                    *request.uri_mut() = rest.parse().unwrap();
                }
            }
            (Self::KnowsNoClockChange, Method::PATCH) => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let known = FIXED
                    .iter()
                    .fold(body, |body, (zone, fixed)| body.replace(fixed, zone));
                *request.body_mut() = known.into();
            }
            (Self::TakesTheNextDate, Method::PATCH | Method::DELETE) => {
                let uri = request.uri().to_string();
                let Some((rest, id)) = uri.split_once("occurrence_id=") else {
                    return;
                };
                let next = simulator.with(|world| {
                    let dates = &world.meeting(meeting?)?.occurrences;
                    let at = dates.iter().position(|date| date.id == id)?;
                    dates.get(at + 1).map(|date| date.id.clone())
                });
                if let Some(next) = next {
                    *request.uri_mut() = format!("{rest}occurrence_id={next}").parse().unwrap();
                }
            }
            _ => {}
        }
    }

    /// Changes what is told.
    pub(crate) fn spoil_answer(
        self,
        (machine, path): (Machine, &str),
        answer: &mut Response<Bytes>,
        own_host: Option<&str>,
    ) {
        let holds =
            |piece: &str, answer: &Response<Bytes>| String::from_utf8_lossy(answer.body()).contains(piece);
        match self {
            Self::StumblesOverARow if path.ends_with("/events") && holds(UNCLEAR, answer) => {
                *answer.body_mut() = Bytes::from_static(b"{");
            }
            Self::Fights if path.contains("/events") && machine == 1 => {
                let body = String::from_utf8_lossy(answer.body()).into_owned();
                *answer.body_mut() = body.replace("\"Review ", "\"Preview ").into();
            }
            Self::DoesNotWait if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                *answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Self::DoesNotWaitForTheService if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                answer.headers_mut().remove(http::header::RETRY_AFTER);
            }
            Self::LosesPages if path.ends_with("/events") => {
                if let Ok(Value::Object(mut page)) = serde_json::from_slice(answer.body())
                    && page.contains_key("nextPageToken")
                {
                    page.insert("items".to_owned(), Value::Array(Vec::new()));
                    *answer.body_mut() = Value::Object(page).to_string().into();
                }
            }
            Self::KnowsNoClockChange => {
                let body = String::from_utf8_lossy(answer.body()).into_owned();
                let told = FIXED
                    .iter()
                    .fold(body, |body, (zone, fixed)| body.replace(zone, fixed));
                *answer.body_mut() = told.into();
            }
            Self::TakesAllForItsOwn if path.starts_with("/zoom/v2/meetings/") => {
                if let (Ok(Value::Object(mut body)), Some(own)) =
                    (serde_json::from_slice(answer.body()), own_host)
                    && body.contains_key("host_id")
                {
                    body.insert("host_id".to_owned(), own.into());
                    *answer.body_mut() = Bytes::from(Value::Object(body).to_string());
                }
            }
            _ => {}
        }
    }

    /// Writes to the database what must not be there, or not yet.
    pub(crate) fn scribble(
        self,
        path: &str,
        calendar: Option<&str>,
        answer: &Response<Bytes>,
        database: &Path,
    ) {
        let Ok(body) = serde_json::from_slice::<Value>(answer.body()) else {
            return;
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let write = |sql: &str, values: &[&str]| {
            let connection = rusqlite::Connection::open(database).unwrap();
            connection
                .execute(sql, rusqlite::params_from_iter(values))
                .unwrap();
        };
        match self {
            Self::KeepsTokenEarly => {
                if let (Some(token), Some(calendar)) = (text("nextSyncToken"), calendar) {
                    write(
                        "UPDATE calendars SET sync_token = ?1 WHERE google_id = ?2 AND sync_token IS NOT NULL",
                        &[token, calendar],
                    );
                }
            }
            Self::KeepsSecretsOnDisk if path.ends_with("/token") => {
                if let Some(token) = text("refresh_token") {
                    write("INSERT OR REPLACE INTO settings VALUES ('refresh', ?1)", &[token]);
                }
            }
            _ => {}
        }
    }
}
