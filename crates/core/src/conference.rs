//! The conference on an event: which meeting it points at, and what it says about where it came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::Service;

/// Where on the event the conference was found. Earlier ones are believed before later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The structured conference block, `conferenceData`.
    Block,
    /// A link in the location.
    Location,
    /// A link in the description.
    Description,
}

/// What the conference points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// A numbered meeting at a provider that Reconvene knows.
    Meeting {
        /// The provider.
        service: Service,
        /// The provider's number of it.
        number: String,
    },
    /// A room with a name of its own, such as a personal room: it has no schedule and is never acted on.
    Room {
        /// The provider.
        service: Service,
        /// The room's name, as in its address.
        name: String,
    },
    /// A conference without a schedule of its own: Google Meet, Jitsi, a phone bridge.
    Unscheduled {
        /// The name people know it by.
        name: String,
        /// What tells it from others of its kind.
        address: String,
    },
    /// A conference of a system that Reconvene does not act on.
    Foreign {
        /// The name people know it by.
        name: String,
        /// What tells it from others of its kind.
        address: String,
    },
}

impl Target {
    /// The name people know it by.
    pub fn name(&self) -> &str {
        match self {
            Self::Meeting { service, .. } | Self::Room { service, .. } => service.name(),
            Self::Unscheduled { name, .. } | Self::Foreign { name, .. } => name,
        }
    }
}

/// The conference on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conference {
    /// Where it was found.
    pub source: Source,
    /// What it points at.
    pub target: Target,
    /// The event that the block names as its origin (Zoom's add-on: `originalEventId`), or the mark that Reconvene left
    /// beside the link of a meeting that it made.
    pub origin: Option<String>,
}

/// The parts of Google's `conferenceData` that recognition reads.
/// <https://developers.google.com/workspace/calendar/api/v3/reference/events#conferenceData>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// `conferenceId`.
    pub id: String,
    /// `conferenceSolution.key.type`; empty when there is no solution, as after a failed creation.
    pub solution: String,
    /// `conferenceSolution.name`.
    pub name: String,
    /// The addresses of the `video` entry points.
    pub video: Vec<String>,
    /// `parameters.addOnParameters.parameters`.
    pub parameters: BTreeMap<String, String>,
}
