//! Meeting providers: one file each behind one trait. Adding one is that file, a line in [`provider`], a
//! [`Service`], and its simulator.

mod zoom;

use async_trait::async_trait;
use reconvene_core::amend::{Whole, Write};
use reconvene_core::meeting::Meeting;
use reconvene_core::report::{Answer, Service};

use secrecy::SecretString;

use crate::failure::Failure;
use crate::oauth::Access;
use crate::session::Session;
use crate::store::accounts::{Account, Identity};

/// A meeting just made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// The provider's number of it.
    pub(crate) number: String,
    /// The address that joins it. It may hold the passcode, and is not stored.
    pub(crate) link: SecretString,
}

/// What Reconvene needs of a provider.
///
/// Every method makes one request (two when a refused token had to be renewed) and reports what came of that request
/// alone; reading back, comparing, retrying and pacing are the push worker's business.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Who is signed in, with a token just granted.
    async fn identity(&self, session: &Session, access: &Access) -> Result<Identity, Failure>;
    /// Reads a meeting. One that is not there is a failure of kind [`crate::failure::FailureKind::Gone`].
    async fn read(&self, session: &Session, account: &Account, number: &str) -> Result<Meeting, Failure>;
    /// Makes one write to a meeting, and changes nothing else, without mailing anybody. `before` is the meeting as just
    /// read.
    async fn write(
        &self,
        session: &Session,
        account: &Account,
        number: &str,
        before: &Meeting,
        write: &Write,
    ) -> Result<Answer, Failure>;
    /// Deletes a meeting, without mailing anybody.
    async fn delete(&self, session: &Session, account: &Account, number: &str) -> Result<Answer, Failure>;
    /// Takes a meeting out of the provider's trash. One that is not there is a failure of kind
    /// [`crate::failure::FailureKind::Gone`]; a grant that does not allow it is one of this request alone.
    async fn recover(&self, session: &Session, account: &Account, number: &str) -> Result<Answer, Failure>;
    /// Makes a meeting, without mailing anybody and without letting the provider write into a calendar. `marker` is kept
    /// in it, where [`find`](Self::find) looks.
    async fn create(
        &self,
        session: &Session,
        account: &Account,
        wanted: &Whole,
        marker: &str,
    ) -> Result<Made, Failure>;
    /// The number of the meeting, among those of the account that are still to come, that holds a marker. Every page of
    /// the list takes a request.
    async fn find(
        &self,
        session: &Session,
        account: &Account,
        marker: &str,
    ) -> Result<Option<String>, Failure>;
    /// The address that joins a meeting.
    async fn join_link(&self, session: &Session, account: &Account, number: &str) -> Result<String, Failure>;
}

/// The provider behind a service; `None` for a service that is a calendar.
pub(crate) fn provider(service: Service) -> Option<&'static dyn Provider> {
    match service {
        Service::Zoom => Some(&zoom::Zoom),
        Service::Google => None,
    }
}
