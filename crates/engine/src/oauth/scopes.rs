//! What is asked for, and whether enough of it was granted.
//!
//! Google lets people untick scopes one by one
//! (<https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions>), and Zoom grants what
//! its app is configured for, so that neither answer can be taken for granted.

use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;

const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events.readonly";

const EVENTS_WRITE: &str = "https://www.googleapis.com/auth/calendar.events";

/// One thing that Reconvene must be able to do.
struct Need {
    /// In plain words, after "Reconvene was not allowed to".
    words: &'static str,
    /// Scopes of which each alone is enough, the narrowest first.
    any_of: &'static [&'static str],
}

/// Asked for only when the person wants something written on an event, never before.
const WRITE: Need = Need {
    words: "change events on your calendars",
    any_of: &[
        EVENTS_WRITE,
        "https://www.googleapis.com/auth/calendar.events.owned",
        "https://www.googleapis.com/auth/calendar",
    ],
};

/// <https://developers.google.com/workspace/calendar/api/auth>
const GOOGLE: [Need; 2] = [
    Need {
        words: "see the list of your calendars",
        any_of: &[
            CALENDAR_LIST,
            "https://www.googleapis.com/auth/calendar.calendarlist",
            "https://www.googleapis.com/auth/calendar.readonly",
            "https://www.googleapis.com/auth/calendar",
        ],
    },
    Need {
        words: "see the events on your calendars",
        any_of: &[
            EVENTS,
            "https://www.googleapis.com/auth/calendar.events",
            "https://www.googleapis.com/auth/calendar.readonly",
            "https://www.googleapis.com/auth/calendar",
        ],
    },
];

/// Granular and classic names: <https://developers.zoom.us/docs/integrations/oauth-scopes-overview/>. Each may end in
/// `:admin` or `:master`, which grant the same for more people.
const ZOOM: [Need; 4] = [
    Need {
        words: "see your meetings",
        any_of: &["meeting:read:meeting", "meeting:read"],
    },
    Need {
        words: "change your meetings",
        any_of: &["meeting:update:meeting", "meeting:write"],
    },
    Need {
        words: "delete your meetings",
        any_of: &["meeting:delete:meeting", "meeting:write"],
    },
    Need {
        words: "see who you are",
        // A listed meeting names its host too.
        any_of: &[
            "user:read:user",
            "user:read",
            "meeting:read:list_meetings",
            "meeting:read",
        ],
    },
];

const fn needs(service: Service) -> &'static [Need] {
    match service {
        Service::Google => &GOOGLE,
        Service::Zoom => &ZOOM,
    }
}

/// The scopes named in the request. Zoom is sent none: it grants what its app is configured for.
pub(super) const fn asked(service: Service, to_write: bool) -> &'static [&'static str] {
    match (service, to_write) {
        (Service::Google, false) => &[CALENDAR_LIST, EVENTS],
        (Service::Google, true) => &[CALENDAR_LIST, EVENTS, EVENTS_WRITE],
        (Service::Zoom, _) => &[],
    }
}

/// Whether these scopes allow to change events.
pub(super) fn writes(service: Service, granted: &[String]) -> bool {
    service == Service::Google && granted.iter().any(|scope| WRITE.any_of.contains(&scope.as_str()))
}

/// Checks what was granted; `None` is an answer without the field, which means "as asked" (RFC 6749 §5.1). Gives the
/// scopes that hold.
pub(super) fn check(
    service: Service,
    to_write: bool,
    granted: Option<Vec<String>>,
) -> Result<Vec<String>, Problem> {
    let Some(granted) = granted else {
        return Ok(asked(service, to_write)
            .iter()
            .map(|&scope| scope.to_owned())
            .collect());
    };
    let holds = |wanted: &str| granted.iter().any(|scope| basic(service, scope) == wanted);
    let missing: Vec<&Need> = needs(service)
        .iter()
        .chain(to_write.then_some(&WRITE))
        .filter(|need| !need.any_of.iter().any(|scope| holds(scope)))
        .collect();
    if missing.is_empty() {
        return Ok(granted);
    }
    let words: Vec<_> = missing.iter().map(|need| need.words).collect();
    let hint = match service {
        Service::Google if to_write => {
            "Without it no meeting can be added to an event; everything else goes on as before. Ask again, and leave every \
             box ticked on Google's page."
                .to_owned()
        }
        Service::Google => {
            "Sign in again, and leave every box ticked on Google's page; Reconvene only reads calendars."
                .to_owned()
        }
        Service::Zoom => {
            let names: Vec<_> = missing
                .iter()
                .filter_map(|need| need.any_of.first().copied())
                .collect();
            format!(
                "In the Zoom App Marketplace, open your app, add {} under Scopes, and sign in again.",
                listed(&names)
            )
        }
    };
    Err(Problem::lasting(
        Code::MissingScope,
        format!(
            "{} did not allow Reconvene to {}.",
            service.name(),
            listed(&words)
        ),
        hint,
    ))
}

/// A Zoom scope without the ending that widens it.
fn basic(service: Service, scope: &str) -> &str {
    match service {
        Service::Google => scope,
        Service::Zoom => scope
            .strip_suffix(":admin")
            .or_else(|| scope.strip_suffix(":master"))
            .unwrap_or(scope),
    }
}

fn listed(words: &[&str]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(service: Service, scopes: &str) -> Result<Vec<String>, Problem> {
        let scopes = scopes
            .split_whitespace()
            .map(|word| match service {
                Service::Google => format!("https://www.googleapis.com/auth/{word}"),
                Service::Zoom => word.to_owned(),
            })
            .collect();
        check(service, false, Some(scopes))
    }

    #[test]
    fn wider_scopes_count_for_narrower_ones() {
        for enough in [
            "calendar.calendarlist.readonly calendar.events.readonly",
            "calendar.calendarlist calendar.events",
            "calendar.readonly",
            "calendar",
        ] {
            assert!(granted(Service::Google, enough).is_ok(), "{enough}");
        }
        for enough in [
            "meeting:read:meeting meeting:update:meeting meeting:delete:meeting user:read:user",
            "meeting:read meeting:write user:read",
            "meeting:read:admin meeting:write:admin user:read:admin",
            "meeting:read:meeting:admin meeting:update:meeting:admin meeting:delete:meeting:admin user:read:user:admin",
        ] {
            assert!(granted(Service::Zoom, enough).is_ok(), "{enough}");
        }
    }

    #[test]
    fn what_was_not_granted_is_named_in_plain_words() {
        let problem = granted(Service::Google, "calendar.events calendar.events.owned.readonly").unwrap_err();
        assert_eq!(problem.code, Code::MissingScope);
        assert_eq!(
            problem.message,
            "Google Calendar did not allow Reconvene to see the list of your calendars."
        );
        let problem = granted(Service::Zoom, "meeting:read:meeting user:read:user").unwrap_err();
        assert_eq!(
            problem.message,
            "Zoom did not allow Reconvene to change your meetings and delete your meetings."
        );
        assert!(
            problem
                .hint
                .contains("add meeting:update:meeting and meeting:delete:meeting under Scopes")
        );
        let problem = granted(Service::Zoom, "").unwrap_err();
        assert!(
            problem
                .message
                .contains("see your meetings, change your meetings, delete")
        );
    }

    #[test]
    fn an_answer_without_scopes_grants_what_was_asked() {
        for to_write in [false, true] {
            let granted = check(Service::Google, to_write, None).unwrap();
            assert_eq!(granted, asked(Service::Google, to_write));
            assert_eq!(writes(Service::Google, &granted), to_write);
            assert!(check(Service::Zoom, to_write, None).unwrap().is_empty());
        }
    }

    #[test]
    fn p11_a_right_to_write_that_was_unticked_is_said_to_be_missing() {
        let read = asked(Service::Google, false)
            .iter()
            .map(|&scope| scope.to_owned())
            .collect::<Vec<_>>();
        assert!(check(Service::Google, false, Some(read.clone())).is_ok());
        let problem = check(Service::Google, true, Some(read)).unwrap_err();
        assert_eq!(problem.code, Code::MissingScope);
        assert_eq!(
            problem.message,
            "Google Calendar did not allow Reconvene to change events on your calendars."
        );
    }
}
