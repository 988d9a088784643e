//! Conference data on events: what an API client may write, and the block that Zoom's add-on writes.

use serde_json::{Value, json};

use super::{MeetCreation, refusal};
use crate::wire::Answer;
use crate::world::World;

/// What becomes of `conferenceData` in a write. `wanted` is what the body says: absent, `null` or a value.
///
/// With `conferenceDataVersion` 0 the body's conference is ignored. With 1, `null` clears; a `createRequest` for Meet
/// is honoured; a third-party block is refused, as only the add-on that owns it may write it
/// (<https://github.com/openclaw/gogcli/issues/590>). That holds for an unchanged block read back and sent again,
/// too: nobody has shown that the service takes it.
pub(crate) fn decide(
    world: &mut World,
    existing: Option<Value>,
    wanted: Option<&Value>,
    version: u8,
) -> Result<Option<Value>, Answer> {
    let Some(wanted) = wanted.filter(|_| version >= 1) else {
        return Ok(existing);
    };
    if wanted.is_null() {
        return Ok(None);
    }
    let Some(map) = wanted.as_object() else {
        return Err(refusal::conference_data());
    };
    if let Some(request) = map
        .get("createRequest")
        .filter(|request| request.get("status").is_none())
    {
        return create(world, existing, request);
    }
    let kind = wanted
        .pointer("/conferenceSolution/key/type")
        .and_then(Value::as_str);
    match kind {
        Some("hangoutsMeet")
            if map.get("conferenceId") == existing.as_ref().and_then(|old| old.get("conferenceId")) =>
        {
            Ok(existing)
        }
        // Copying a Meet conference from another event is documented:
        // https://developers.google.com/workspace/calendar/api/guides/create-events#conferencing
        Some("hangoutsMeet") if map.contains_key("entryPoints") => Ok(Some(wanted.clone())),
        Some(_) => Err(refusal::conference_data()),
        // Without a type the write succeeds and the block is dropped.
        None if map.contains_key("entryPoints") => Ok(existing),
        None => Err(refusal::conference_data()),
    }
}

fn create(world: &mut World, existing: Option<Value>, request: &Value) -> Result<Option<Value>, Answer> {
    let kind = request
        .pointer("/conferenceSolutionKey/type")
        .and_then(Value::as_str)
        .unwrap_or("hangoutsMeet");
    if kind != "hangoutsMeet" {
        return Err(refusal::conference_type());
    }
    let id = request
        .get("requestId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if id.is_empty() {
        return Err(refusal::conference_data());
    }
    // The same request again is no new request.
    if existing
        .as_ref()
        .and_then(|old| old.pointer("/createRequest/requestId"))
        == Some(&Value::from(id))
    {
        return Ok(existing);
    }
    let outcome = world.google.habits.meet;
    Ok(Some(meet(world, id, outcome)))
}

/// A Meet conference in the state that a creation request leaves it in.
pub(crate) fn meet(world: &mut World, request_id: &str, outcome: MeetCreation) -> Value {
    let status = match outcome {
        MeetCreation::Success => "success",
        MeetCreation::Pending => "pending",
        MeetCreation::Failure => "failure",
    };
    let request = json!({
        "requestId": request_id,
        "conferenceSolutionKey": {"type": "hangoutsMeet"},
        "status": {"statusCode": status},
    });
    if outcome != MeetCreation::Success {
        return json!({"createRequest": request});
    }
    let letters = "abcdefghijkmnopqrstuvwxyz";
    let code = format!(
        "{}-{}-{}",
        world.letters(3, letters),
        world.letters(4, letters),
        world.letters(3, letters)
    );
    json!({
        "createRequest": request,
        "entryPoints": [{
            "entryPointType": "video",
            "uri": format!("https://meet.google.com/{code}"),
            "label": format!("meet.google.com/{code}"),
        }],
        "conferenceSolution": {
            "key": {"type": "hangoutsMeet"},
            "name": "Google Meet",
            "iconUri": "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png",
        },
        "conferenceId": code,
    })
}

/// Zoom's add-on, as it identifies itself on every event.
const ZOOM_SCRIPT: &str = "1O_9DeEljSH2vrECr8XeFYYRxFFiowFKOivqSDz316BlBcDXrF00BXrkO";

/// What the add-on knows of a Zoom meeting.
pub(crate) struct ZoomBlock<'a> {
    pub(crate) id: u64,
    pub(crate) uuid: &'a str,
    pub(crate) host_id: &'a str,
    pub(crate) host_email: &'a str,
    pub(crate) kind: u8,
    pub(crate) join_url: &'a str,
    pub(crate) passcode: &'a str,
    /// The event that the meeting was made for. A copied event keeps the original's id here.
    pub(crate) event: &'a str,
}

/// The block that Zoom's add-on for Google Workspace puts on an event; the shape of three public captures.
pub(crate) fn zoom_add_on(block: &ZoomBlock<'_>) -> Value {
    let ZoomBlock {
        id,
        uuid,
        host_id,
        host_email,
        kind,
        join_url,
        passcode,
        event,
    } = block;
    json!({
        "entryPoints": [
            {
                "entryPointType": "video",
                "uri": join_url,
                "label": join_url.trim_start_matches("https://"),
                "meetingCode": id.to_string(),
                "passcode": passcode,
            },
            {
                "entryPointType": "phone",
                "regionCode": "US",
                "uri": format!("tel:+13015550100,,{id}#"),
                "label": "+1 301-555-0100",
                "passcode": passcode,
            },
            {
                "entryPointType": "more",
                "uri": format!(
                    "https://www.google.com/url?q=https://applications.zoom.us/addon/invitation/detail?meetingUuid%3D{uuid}%26v%3D1&sa=D&source=calendar"
                ),
            },
        ],
        "conferenceSolution": {
            "key": {"type": "addOn"},
            "name": "Zoom Meeting",
            "iconUri": "https://lh3.googleusercontent.com/zoom",
        },
        "conferenceId": id.to_string(),
        "notes": format!("Meeting host: <a href=\"mailto:{host_email}\">{host_email}</a><br /><br />Join Zoom Meeting: <br /><a href=\"{join_url}\">{join_url}</a>"),
        "parameters": {"addOnParameters": {"parameters": {
            "scriptId": ZOOM_SCRIPT,
            "realMeetingId": id.to_string(),
            "creatorUserId": host_id,
            "meetingUuid": uuid,
            "meetingType": kind.to_string(),
            "originalEventId": event,
        }}},
    })
}
