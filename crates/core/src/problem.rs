//! What can go wrong, in words for the person and in a closed set of codes for programs.
//!
//! Nothing here, and nothing that reads it, matches on message text: a vendor's or ours.

use serde::{Deserialize, Serialize};

/// The closed set of stable codes. Clients decide by these; `message` and `hint` are for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request itself makes no sense: an unknown id, a bad value.
    BadUsage,
    /// `config.toml` cannot be used; the message names file, line and key.
    BadConfig,
    /// A stored setting cannot be understood; its default is in force.
    BadChoice,
    /// The database was written by a newer Reconvene.
    DatabaseNewer,
    /// The database cannot be read.
    DatabaseDamaged,
    /// The disk is full or the profile cannot be written.
    DiskFull,
    /// Another Reconvene holds this profile.
    ProfileInUse,
    /// No account of the kind that the action needs.
    NotSignedIn,
    /// No OAuth client id is configured for the service.
    ClientMissing,
    /// The service does not accept the configured OAuth client.
    ClientRejected,
    /// The grant is gone: the person must sign in again.
    SignInAgain,
    /// The person, or an administrator, declined at the consent page.
    SignInDenied,
    /// The sign-in was called off.
    SignInCancelled,
    /// Nobody finished the sign-in in time.
    SignInTimedOut,
    /// The service granted less than Reconvene needs.
    MissingScope,
    /// No Secret Service answers on this desktop, or it has no keyring in it.
    KeyringMissing,
    /// The keyring is locked and was not unlocked.
    KeyringLocked,
    /// The keyring refused to keep or give the secret.
    KeyringRefused,
    /// The service cannot be reached.
    Offline,
    /// No answer in time; whether the request was carried out is unknown until read back.
    TimedOut,
    /// The service asks to slow down.
    RateLimited,
    /// The day's budget of writes is used up.
    DailyBudget,
    /// The service failed on its side.
    ServiceFailed,
    /// The answer could not be understood: HTML, cut or foreign JSON, nothing.
    UnreadableAnswer,
    /// The service does not allow this to this account.
    PermissionDenied,
    /// The calendar is not there any more, or is no longer shared.
    CalendarGone,
    /// The meeting is not there any more.
    MeetingGone,
    /// The event is not there any more.
    EventGone,
    /// The event has a meeting already.
    HasMeeting,
    /// The provider refused the change for good.
    Refused,
    /// The provider said yes and changed nothing.
    NotApplied,
    /// The provider has no way to hold all of what the event asks for; the rest was carried over.
    NotExpressible,
    /// The event now lies in the past, where the provider moves nothing to.
    InThePast,
    /// An event is described in a way that Reconvene does not understand.
    EventNotUnderstood,
    /// Several events claim the same meeting, and they differ.
    Ambiguous,
    /// Held until the person agrees.
    Held,
    /// The meeting differed from its event before Reconvene was connected; nothing is written until the person agrees.
    OutOfStepBefore,
    /// The meeting was changed at the provider, and the person wants to be asked.
    Drifted,
    /// A fault of ours.
    Internal,
}

/// One failure as shown to the person and to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[error("{message}")]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// What happened, in one plain sentence.
    pub message: String,
    /// What happens next or what to do about it; empty when there is nothing to add.
    pub hint: String,
    /// Whether the same request may succeed later without anybody doing anything.
    pub retryable: bool,
}

impl Problem {
    /// A problem that stays until somebody acts.
    pub fn lasting(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            retryable: false,
        }
    }

    /// A problem that may pass by itself.
    pub fn passing(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            retryable: true,
        }
    }
}
