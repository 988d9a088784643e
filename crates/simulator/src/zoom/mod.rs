//! Zoom: users, meetings, and the rules of API v2.
//!
//! Field names and codes follow Zoom's Meetings API (<https://developers.zoom.us/docs/api/meetings/>).

pub(crate) mod call;
pub(crate) mod input;
pub(crate) mod meeting;
pub mod oauth;
pub(crate) mod quota;
pub(crate) mod read;
pub(crate) mod refusal;
pub(crate) mod series;
pub(crate) mod write;
mod zones;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use meeting::{Meeting, Occurrence};

/// The whole service.
#[derive(Debug)]
pub(crate) struct Zoom {
    /// By user id.
    pub(crate) users: BTreeMap<String, ZoomUser>,
    /// By meeting number; the trash included.
    pub(crate) meetings: BTreeMap<u64, Meeting>,
    pub(crate) plan: Plan,
    pub(crate) quota: quota::Quota,
    pub(crate) oauth: oauth::OAuth,
    /// What page tokens refer to.
    pub(crate) pages: BTreeMap<String, read::Rest>,
    /// Numbers that are webinars and not meetings.
    pub(crate) webinars: Vec<u64>,
}

impl Default for Zoom {
    fn default() -> Self {
        Self {
            users: BTreeMap::new(),
            meetings: BTreeMap::new(),
            plan: Plan::default(),
            quota: quota::Quota::default(),
            oauth: oauth::OAuth::with_default_clients(),
            pages: BTreeMap::new(),
            webinars: Vec::new(),
        }
    }
}

/// Which limits hold (<https://developers.zoom.us/docs/api/rate-limits/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// 4, 2, 1 requests a second; 6000, 2000, 1000 a day.
    Free,
    /// 30, 20, 10 requests a second.
    #[default]
    Pro,
    /// 80, 60, 40 requests a second.
    Business,
    /// No limit per second; for measuring. The daily limit of writes per host stays.
    Unlimited,
}

/// Someone with a Zoom account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoomUser {
    /// Opaque.
    pub id: String,
    /// Address.
    pub email: String,
    /// Shown name.
    pub name: String,
    /// The Zoom account (organization) the user belongs to.
    pub account: String,
    /// Personal meeting id.
    pub pmi: u64,
    /// IANA zone.
    pub time_zone: String,
    /// Whether the user may host at all; without it most calls give 3161.
    pub may_host: bool,
}

/// A deleted meeting can be recovered this long.
pub(crate) const TRASH_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Zoom {
    pub(crate) fn user_by_email(&self, email: &str) -> Option<&ZoomUser> {
        self.users.values().find(|user| user.email == email)
    }

    /// A user named in a path: `me`, an id or an address. Only users of the caller's account exist for the caller.
    pub(crate) fn user(&self, caller: &ZoomUser, name: &str) -> Option<&ZoomUser> {
        let user = if name == "me" {
            self.users.get(&caller.id)
        } else {
            self.users.get(name).or_else(|| self.user_by_email(name))
        };
        user.filter(|user| user.account == caller.account)
    }

    pub(crate) fn holder_email(&self, token: &str) -> Option<String> {
        let user = self.oauth.holder(token)?;
        self.users.get(user).map(|user| user.email.clone())
    }

    /// A meeting that exists for everyone: not in the trash, not expired.
    pub(crate) fn living(&self, id: u64, now: Timestamp) -> Option<&Meeting> {
        self.meetings
            .get(&id)
            .filter(|meeting| meeting.trashed.is_none() && !meeting.has_expired(now))
    }
}
