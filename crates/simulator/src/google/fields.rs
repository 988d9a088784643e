//! Partial responses: the `fields` parameter
//! (<https://developers.google.com/workspace/calendar/api/guides/performance#partial-response>).

use serde_json::{Map, Value};

/// A parsed field mask: what to keep, and of that, what.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Mask {
    parts: Vec<(String, Option<Mask>)>,
}

impl Mask {
    /// Reads a mask like `nextSyncToken,items(id,start/dateTime)`; the error is the piece that makes no sense.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mask = Self::list(&mut rest)?;
        if rest.is_empty() {
            Ok(mask)
        } else {
            Err(rest.to_owned())
        }
    }

    fn list(rest: &mut &str) -> Result<Self, String> {
        let mut parts = vec![Self::item(rest)?];
        while let Some(after) = rest.strip_prefix(',') {
            *rest = after;
            parts.push(Self::item(rest)?);
        }
        Ok(Self { parts })
    }

    fn item(rest: &mut &str) -> Result<(String, Option<Self>), String> {
        let end = rest.find([',', '(', ')', '/']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let name = name.trim();
        let sound = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '*');
        if !sound {
            return Err(rest.to_string());
        }
        *rest = after;
        if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            let inner = Self::item(rest)?;
            return Ok((name.to_owned(), Some(Self { parts: vec![inner] })));
        }
        let Some(after) = rest.strip_prefix('(') else {
            return Ok((name.to_owned(), None));
        };
        *rest = after;
        let inner = Self::list(rest)?;
        match rest.strip_prefix(')') {
            Some(after) => *rest = after,
            None => return Err(rest.to_string()),
        }
        Ok((name.to_owned(), Some(inner)))
    }

    /// What the mask leaves of a value; in an array, of each element.
    pub(crate) fn keep(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.keep(item)).collect(),
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, value) in map {
                    for (name, inner) in &self.parts {
                        if name == "*" || name == key {
                            let kept = inner
                                .as_ref()
                                .map_or_else(|| value.clone(), |inner| inner.keep(value));
                            merge(&mut out, key, kept);
                        }
                    }
                }
                Value::Object(out)
            }
            other => other.clone(),
        }
    }

    /// The first name that is not in `known`, with the names below `below` checked against `inner`.
    pub(crate) fn unknown(&self, known: &[&str], below: &str, inner: &[&str]) -> Option<String> {
        self.parts.iter().find_map(|(name, sub)| {
            if name != "*" && !known.contains(&name.as_str()) {
                return Some(name.clone());
            }
            if name == below {
                return sub.as_ref().and_then(|sub| sub.unknown(inner, "", &[]));
            }
            None
        })
    }
}

fn merge(out: &mut Map<String, Value>, key: &str, kept: Value) {
    match (out.get_mut(key), kept) {
        (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
        (_, kept) => {
            out.insert(key.to_owned(), kept);
        }
    }
}

/// The fields of an events collection.
pub(crate) const EVENTS: &[&str] = &[
    "kind",
    "etag",
    "summary",
    "description",
    "updated",
    "timeZone",
    "accessRole",
    "defaultReminders",
    "nextPageToken",
    "nextSyncToken",
    "items",
];

/// The fields of an event.
pub(crate) const EVENT: &[&str] = &[
    "kind",
    "etag",
    "id",
    "status",
    "htmlLink",
    "created",
    "updated",
    "summary",
    "description",
    "location",
    "colorId",
    "eventLabelId",
    "creator",
    "organizer",
    "start",
    "end",
    "endTimeUnspecified",
    "recurrence",
    "recurringEventId",
    "originalStartTime",
    "transparency",
    "visibility",
    "iCalUID",
    "sequence",
    "attendees",
    "attendeesOmitted",
    "extendedProperties",
    "hangoutLink",
    "conferenceData",
    "gadget",
    "anyoneCanAddSelf",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "privateCopy",
    "locked",
    "reminders",
    "source",
    "attachments",
    "eventType",
    "workingLocationProperties",
    "outOfOfficeProperties",
    "focusTimeProperties",
    "birthdayProperties",
];

/// The fields of a calendar list.
pub(crate) const CALENDAR_LIST: &[&str] = &["kind", "etag", "nextPageToken", "nextSyncToken", "items"];

/// The fields of a calendar list entry.
pub(crate) const CALENDAR_LIST_ENTRY: &[&str] = &[
    "kind",
    "etag",
    "id",
    "summary",
    "summaryOverride",
    "description",
    "location",
    "timeZone",
    "colorId",
    "backgroundColor",
    "foregroundColor",
    "hidden",
    "selected",
    "accessRole",
    "defaultReminders",
    "notificationSettings",
    "primary",
    "deleted",
    "conferenceProperties",
    "dataOwner",
    "autoAcceptInvitations",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mask_keeps_what_it_names_in_lists_and_below() {
        let mask = Mask::parse("nextSyncToken,items(id,start/dateTime)").unwrap();
        let value = json!({"nextSyncToken": "t", "etag": "e", "items": [
            {"id": "a", "summary": "s", "start": {"dateTime": "d", "timeZone": "UTC"}}
        ]});
        let kept = json!({"nextSyncToken": "t", "items": [{"id": "a", "start": {"dateTime": "d"}}]});
        assert_eq!(mask.keep(&value), kept);
    }

    #[test]
    fn a_mask_with_an_open_bracket_is_refused() {
        assert!(Mask::parse("items(id").is_err());
        assert!(Mask::parse("").is_err());
    }

    #[test]
    fn an_unknown_field_is_named() {
        let mask = Mask::parse("items(id,sumary)").unwrap();
        assert_eq!(mask.unknown(EVENTS, "items", EVENT).as_deref(), Some("sumary"));
    }
}
