//! Which endpoint a request means, whether the caller may use it, and the answer.

use http::Method;

use super::quota::Label;
use super::{ZoomUser, read, refusal, write};
use crate::wire::{Answer, Asked, Handled};
use crate::world::World;

/// An endpoint with the names in its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Me { user: String },
    List { user: String },
    Upcoming { user: String },
    Create { user: String },
    Get { meeting: String },
    Update { meeting: String },
    Delete { meeting: String },
    Status { meeting: String },
    Invitation { meeting: String },
}

impl Call {
    pub(crate) fn read(asked: &Asked) -> Option<Self> {
        let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
        Some(match (&asked.method, segments.as_slice()) {
            (&Method::GET, ["users", user]) => Self::Me {
                user: (*user).to_owned(),
            },
            (&Method::GET, ["users", user, "meetings"]) => Self::List {
                user: (*user).to_owned(),
            },
            (&Method::POST, ["users", user, "meetings"]) => Self::Create {
                user: (*user).to_owned(),
            },
            (&Method::GET, ["users", user, "upcoming_meetings"]) => Self::Upcoming {
                user: (*user).to_owned(),
            },
            (&Method::GET, ["meetings", id]) => Self::Get {
                meeting: (*id).to_owned(),
            },
            (&Method::PATCH, ["meetings", id]) => Self::Update {
                meeting: (*id).to_owned(),
            },
            (&Method::DELETE, ["meetings", id]) => Self::Delete {
                meeting: (*id).to_owned(),
            },
            (&Method::PUT, ["meetings", id, "status"]) => Self::Status {
                meeting: (*id).to_owned(),
            },
            (&Method::GET, ["meetings", id, "invitation"]) => Self::Invitation {
                meeting: (*id).to_owned(),
            },
            _ => return None,
        })
    }

    /// A name in the style of Zoom's operation ids.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Me { .. } => "users.get",
            Self::List { .. } => "meetings.list",
            Self::Upcoming { .. } => "meetings.upcoming",
            Self::Create { .. } => "meetings.create",
            Self::Get { .. } => "meetings.get",
            Self::Update { .. } => "meetings.update",
            Self::Delete { .. } => "meetings.delete",
            Self::Status { .. } => "meetings.status",
            Self::Invitation { .. } => "meetings.invitation",
        }
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Create { .. } | Self::Update { .. } | Self::Delete { .. } | Self::Status { .. }
        )
    }

    /// The granular scope, and the classic one that stands for it
    /// (<https://developers.zoom.us/docs/integrations/oauth-scopes-granular/>).
    fn scopes(&self) -> (&'static str, &'static str) {
        match self {
            Self::Me { .. } => ("user:read:user", "user:read"),
            Self::List { .. } | Self::Upcoming { .. } => ("meeting:read:list_meetings", "meeting:read"),
            Self::Create { .. } => ("meeting:write:meeting", "meeting:write"),
            Self::Get { .. } => ("meeting:read:meeting", "meeting:read"),
            Self::Update { .. } => ("meeting:update:meeting", "meeting:write"),
            Self::Delete { .. } => ("meeting:delete:meeting", "meeting:write"),
            Self::Status { .. } => ("meeting:update:status", "meeting:write"),
            Self::Invitation { .. } => ("meeting:read:invitation", "meeting:read"),
        }
    }

    fn label(&self) -> Label {
        match self {
            Self::List { .. } | Self::Upcoming { .. } | Self::Create { .. } => Label::Medium,
            _ => Label::Light,
        }
    }
}

/// Answers a request, refusals included.
pub(crate) fn answer(world: &mut World, call: Option<&Call>, asked: &Asked) -> Answer {
    let handled = match call {
        None => Err(refusal::no_path()),
        Some(call) => allowed(world, call, asked).and_then(|caller| perform(world, call, &caller, asked)),
    };
    handled.unwrap_or_else(|refused| refused)
}

fn allowed(world: &mut World, call: &Call, asked: &Asked) -> Result<ZoomUser, Answer> {
    let now = world.now();
    let token = asked.bearer().ok_or_else(refusal::invalid_token)?;
    let grant = world
        .zoom
        .oauth
        .access
        .get(token)
        .ok_or_else(refusal::invalid_token)?;
    if grant.expires <= now {
        return Err(refusal::expired_token());
    }
    let (granular, classic) = call.scopes();
    let held = |scope: &String| {
        let scope = scope.strip_suffix(":admin").unwrap_or(scope);
        scope == granular || scope == classic
    };
    if !grant.scopes.iter().any(held) {
        return Err(refusal::missing_scope(granular));
    }
    let caller = world
        .zoom
        .users
        .get(&grant.user)
        .cloned()
        .ok_or_else(refusal::invalid_token)?;
    world
        .zoom
        .quota
        .request(world.zoom.plan, &caller.account, call.label(), now)?;
    if !caller.may_host && !matches!(call, Call::Me { .. }) {
        return Err(refusal::may_not_host());
    }
    if call.is_write() && world.writing.get(&caller.email).is_some_and(|count| *count > 0) {
        return Err(refusal::too_many_concurrent());
    }
    Ok(caller)
}

fn perform(world: &mut World, call: &Call, caller: &ZoomUser, asked: &Asked) -> Handled {
    match call {
        Call::Me { user } => read::user(world, caller, user),
        Call::List { user } => read::list(world, caller, user, asked),
        Call::Upcoming { user } => read::upcoming(world, caller, user),
        Call::Get { meeting } => read::get(world, caller, number(meeting)?, asked),
        Call::Invitation { meeting } => read::invitation(world, caller, number(meeting)?),
        Call::Create { user } => write::create(world, caller, user, asked),
        Call::Update { meeting } => write::update(world, caller, number(meeting)?, asked),
        Call::Delete { meeting } => write::delete(world, caller, number(meeting)?, asked),
        Call::Status { meeting } => write::status(world, caller, number(meeting)?, asked),
    }
}

/// Meeting numbers have nine to eleven digits today; never a 32-bit integer.
fn number(text: &str) -> Result<u64, Answer> {
    text.parse()
        .map_err(|_| refusal::invalid_field("meetingId", "Invalid field."))
}
