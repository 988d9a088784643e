//! Which meeting an event points at: the conference block first, then links in its location and description.
//!
//! Works on text that anyone may have written, so it parses rather than guesses, bounds every loop, and takes a
//! host for Zoom's only by its labels. Meeting numbers written out in prose are deliberately not read.

use linkify::{LinkFinder, LinkKind};
use url::Url;

use crate::conference::{Block, Conference, Source, Target};
use crate::report::Service;

/// Text beyond this many bytes is not searched for links; Google's own limit on descriptions is 8192 characters.
const LONGEST_TEXT: usize = 64 * 1024;

/// Wrapped links are unwrapped at most so often: a malformed one once hung another program.
const DEEPEST_WRAPPING: usize = 8;

/// `scriptId` of Zoom's add-on for Google Workspace, the same in every event it made.
const ZOOM_ADD_ON: &str = "1O_9DeEljSH2vrECr8XeFYYRxFFiowFKOivqSDz316BlBcDXrF00BXrkO";

/// Finds the conference of an event. `hangout` is the event's `hangoutLink`, which only Google Meet sets.
pub fn conference(
    block: Option<&Block>,
    hangout: Option<&str>,
    location: Option<&str>,
    description: Option<&str>,
) -> Option<Conference> {
    let from_text = |source, text: Option<&str>| {
        let target = target_in(text?)?;
        Some(Conference {
            source,
            target,
            origin: None,
        })
    };
    let own = block.and_then(in_block);
    let written =
        from_text(Source::Location, location).or_else(|| from_text(Source::Description, description));
    match (own, written) {
        // A Meet link that Google adds by itself says nothing when the person wrote a meeting into the event.
        (Some(own), Some(text))
            if matches!(own.target, Target::Unscheduled { .. })
                && matches!(text.target, Target::Meeting { .. }) =>
        {
            Some(text)
        }
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => hangout.map(|address| Conference {
            source: Source::Block,
            target: Target::Unscheduled {
                name: "Google Meet".into(),
                address: address.into(),
            },
            origin: None,
        }),
    }
}

fn in_block(block: &Block) -> Option<Conference> {
    let found = |target, origin| {
        Some(Conference {
            source: Source::Block,
            target,
            origin,
        })
    };
    match block.solution.as_str() {
        "" => return None,
        "hangoutsMeet" | "eventHangout" | "eventNamedHangout" => {
            return found(
                Target::Unscheduled {
                    name: "Google Meet".into(),
                    address: block.id.clone(),
                },
                None,
            );
        }
        _ => {}
    }
    let parameter = |name: &str| block.parameters.get(name).filter(|value| !value.is_empty());
    let linked = block.video.iter().find_map(|address| target_of(address));
    let is_zoom = parameter("scriptId").is_some_and(|id| id == ZOOM_ADD_ON)
        || linked.as_ref().is_some_and(of_zoom)
        || (linked.is_none() && block.name.starts_with("Zoom"));
    if !is_zoom {
        let foreign = Target::Foreign {
            name: named(&block.name),
            address: block.id.clone(),
        };
        return found(linked.unwrap_or(foreign), None);
    }
    let claimed = parameter("realMeetingId")
        .map(String::as_str)
        .into_iter()
        .chain([block.id.as_str()])
        .find_map(meeting_number);
    match (linked, claimed) {
        // People join by the link. When it and the block disagree the block proves nothing about its meeting.
        (Some(Target::Meeting { service, number }), claimed) => {
            let agreed = claimed.is_none_or(|claimed| claimed == number);
            let origin = parameter("originalEventId").filter(|_| agreed).cloned();
            found(Target::Meeting { service, number }, origin)
        }
        (Some(other), _) => found(other, None),
        (None, Some(number)) => found(
            Target::Meeting {
                service: Service::Zoom,
                number,
            },
            parameter("originalEventId").cloned(),
        ),
        (None, None) => found(
            Target::Foreign {
                name: named(&block.name),
                address: block.id.clone(),
            },
            None,
        ),
    }
}

fn named(name: &str) -> String {
    if name.is_empty() {
        "another conference".into()
    } else {
        name.into()
    }
}

fn of_zoom(target: &Target) -> bool {
    matches!(
        target,
        Target::Meeting {
            service: Service::Zoom,
            ..
        } | Target::Room {
            service: Service::Zoom,
            ..
        }
    )
}

/// The first conference linked in a text, plain or HTML. A numbered meeting wins over anything else.
pub fn target_in(text: &str) -> Option<Target> {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end)?.replace("&amp;", "&");
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut first = None;
    for link in finder.links(&text) {
        match target_of(link.as_str()) {
            Some(meeting @ Target::Meeting { .. }) => return Some(meeting),
            Some(other) if first.is_none() => first = Some(other),
            _ => {}
        }
    }
    first
}

/// What one address points at, after unwrapping redirectors.
pub fn target_of(address: &str) -> Option<Target> {
    let mut url = Url::parse(address).ok()?;
    for _ in 0..DEEPEST_WRAPPING {
        match unwrapped(&url) {
            Some(inner) => url = inner,
            None => return classified(&url),
        }
    }
    None
}

/// Google's and Outlook's redirectors carry the real address in a parameter.
fn unwrapped(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let parameter = match host {
        "www.google.com" | "google.com" if url.path() == "/url" => "q",
        _ if within(host, "safelinks.protection.outlook.com") => "url",
        _ => return None,
    };
    let inner = url.query_pairs().find(|(name, _)| name == parameter)?.1;
    Url::parse(&inner).ok()
}

fn within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Zoom's domains. <https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0060548>
const ZOOM_DOMAINS: [&str; 5] = ["zoom.us", "zoom.com", "zoomgov.com", "zoom.com.cn", "zoom-x.de"];

fn classified(url: &Url) -> Option<Target> {
    let address = || identifying(url);
    if matches!(url.scheme(), "zoommtg" | "zoomus") {
        let number = url.query_pairs().find(|(name, _)| name == "confno")?.1;
        return Some(Target::Meeting {
            service: Service::Zoom,
            number: meeting_number(&number)?,
        });
    }
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    let host = url.host_str()?;
    if ZOOM_DOMAINS.into_iter().any(|domain| within(host, domain)) {
        return at_zoom(url);
    }
    let unscheduled = |name: &str| {
        Some(Target::Unscheduled {
            name: name.into(),
            address: address(),
        })
    };
    let foreign = |name: &str| {
        Some(Target::Foreign {
            name: name.into(),
            address: address(),
        })
    };
    match host {
        "meet.google.com" => unscheduled("Google Meet"),
        "meet.jit.si" | "8x8.vc" => unscheduled("Jitsi Meet"),
        "teams.microsoft.com" | "teams.live.com" => foreign("Microsoft Teams"),
        _ if within(host, "webex.com") => foreign("Webex"),
        _ => None,
    }
}

/// The parameter that tells one of Webex's meetings from another: all of a site's share one path.
/// <https://developer.webex.com/meeting/docs/api/v1/meetings/list-meetings>, `webLink`
const WEBEX_MEETING: &str = "MTID";

/// What identifies a meeting in its address. Every other parameter goes, because one of them may let people in: a
/// passcode (`pwd`, `p`) or a token (`tk`).
fn identifying(url: &Url) -> String {
    let of_webex = url.host_str().is_some_and(|host| within(host, "webex.com"));
    let meeting = url
        .query_pairs()
        .find(|(name, _)| of_webex && name.eq_ignore_ascii_case(WEBEX_MEETING))
        .map(|(_, value)| value.into_owned());
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    // A password may also stand in front of the host, where no conference has one.
    let _without = bare.set_username("").and_then(|()| bare.set_password(None));
    if let Some(meeting) = meeting {
        bare.query_pairs_mut().append_pair(WEBEX_MEETING, &meeting);
    }
    bare.to_string()
}

fn at_zoom(url: &Url) -> Option<Target> {
    let segments: Vec<&str> = url
        .path_segments()?
        .filter(|segment| !segment.is_empty())
        .collect();
    let meeting = |number: &str| {
        Some(Target::Meeting {
            service: Service::Zoom,
            number: meeting_number(number)?,
        })
    };
    match segments.as_slice() {
        ["j" | "s", number, ..] | ["wc", "join", number, ..] | ["wc", number, "join" | "start", ..] => {
            meeting(number)
        }
        ["my", name, ..] => Some(Target::Room {
            service: Service::Zoom,
            name: (*name).to_owned(),
        }),
        ["w", number, ..] => Some(Target::Foreign {
            name: "Zoom Webinar".into(),
            address: meeting_number(number)?,
        }),
        _ => None,
    }
}

/// Zoom's meeting numbers are whole numbers, 9 to 11 digits today and documented as 64-bit; people write them
/// with spaces or dashes. <https://developers.zoom.us/docs/api/meetings/>
fn meeting_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let number: u64 = digits.parse().ok()?;
    (8..=19).contains(&digits.len()).then(|| number.to_string())
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;

    fn zoom(number: &str) -> Option<Target> {
        Some(Target::Meeting {
            service: Service::Zoom,
            number: number.into(),
        })
    }

    fn add_on(number: &str, origin: &str) -> Block {
        Block {
            id: number.into(),
            solution: "addOn".into(),
            name: "Zoom Meeting".into(),
            video: vec![format!("https://us05web.zoom.us/j/{number}?pwd=AbC.1&jst=2")],
            parameters: [
                ("scriptId", ZOOM_ADD_ON),
                ("realMeetingId", number),
                ("originalEventId", origin),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        }
    }

    #[test]
    fn zoom_addresses_of_every_form_yield_the_number() {
        for address in [
            "https://zoom.us/j/81234567890?pwd=x",
            "https://us02web.zoom.us/j/81234567890",
            "https://acme.zoom.us/wc/join/81234567890",
            "https://acme.zoom.us/wc/81234567890/join?a=b",
            "https://zoom.us/s/81234567890",
            "https://ACME.Zoom.US/j/812-3456-7890",
            "zoommtg://zoom.us/join?confno=81234567890&pwd=x",
            "https://www.google.com/url?q=https://us05web.zoom.us/j/81234567890?pwd%3Dx&sa=D",
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F81234567890&data=1",
        ] {
            assert_eq!(target_of(address), zoom("81234567890"), "{address}");
        }
    }

    #[test]
    fn what_is_not_a_numbered_zoom_meeting_is_not_taken_for_one() {
        for address in [
            "https://zoom.us.evil.test/j/81234567890",
            "https://evilzoom.us/j/81234567890",
            "https://zoom.us/rec/share/81234567890",
            "https://zoom.us/meeting/register/abc",
            "https://zoom.us/j/abc",
            "https://zoom.us/j/123",
            "ftp://zoom.us/j/81234567890",
            "https://zoom.us@evil.test/j/81234567890",
        ] {
            assert!(
                !matches!(target_of(address), Some(Target::Meeting { .. })),
                "{address}"
            );
        }
        assert!(matches!(
            target_of("https://zoom.us/my/ada"),
            Some(Target::Room { .. })
        ));
        assert!(matches!(
            target_of("https://zoom.us/w/81234567890"),
            Some(Target::Foreign { .. })
        ));
    }

    #[test]
    fn a_link_wrapped_in_itself_ends() {
        let mut address = "https://zoom.us/j/81234567890".to_owned();
        for _ in 0..40 {
            let inner: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
            address = format!("https://www.google.com/url?q={inner}");
            if address.len() > 100_000 {
                break;
            }
        }
        assert_eq!(target_of(&address), None);
    }

    #[test]
    fn html_descriptions_are_read_like_plain_ones() {
        let html = r#"<p>Join <a href="https://zoom.us/j/81234567890?pwd=a&amp;from=addon">here</a></p>"#;
        assert_eq!(target_in(html), zoom("81234567890"));
        assert_eq!(
            target_in("Agenda: https://docs.example.test/x then https://zoom.us/j/81234567890."),
            zoom("81234567890")
        );
        assert_eq!(target_in("nothing here"), None);
    }

    #[test]
    fn the_add_on_block_names_its_origin() {
        let found = conference(Some(&add_on("81234567890", "ev1")), None, None, None).unwrap();
        assert_eq!(Some(found.target), zoom("81234567890"));
        assert_eq!(found.origin.as_deref(), Some("ev1"));
    }

    #[test]
    fn p3_a_block_at_odds_with_its_own_link_proves_nothing() {
        let mut block = add_on("81234567890", "ev1");
        block.video = vec!["https://zoom.us/j/99999999999".into()];
        let found = conference(Some(&block), None, None, None).unwrap();
        assert_eq!(Some(found.target), zoom("99999999999"));
        assert_eq!(found.origin, None);
    }

    #[test]
    fn a_block_without_solution_is_no_conference() {
        let failed = Block {
            solution: String::new(),
            ..add_on("81234567890", "ev1")
        };
        assert_eq!(conference(Some(&failed), None, None, None), None);
    }

    #[test]
    fn a_meet_link_gives_way_to_a_zoom_link_that_the_person_wrote() {
        let meet = Block {
            id: "aaa-bbbb-ccc".into(),
            solution: "hangoutsMeet".into(),
            ..Block::default()
        };
        let found = conference(Some(&meet), None, Some("https://zoom.us/j/81234567890"), None).unwrap();
        assert_eq!(
            (found.source, Some(found.target)),
            (Source::Location, zoom("81234567890"))
        );
        let alone = conference(Some(&meet), None, Some("Room 4"), None).unwrap();
        assert!(matches!(alone.target, Target::Unscheduled { .. }));
    }

    fn address(link: &str) -> String {
        match target_of(link) {
            Some(Target::Foreign { address, .. } | Target::Unscheduled { address, .. }) => address,
            other => panic!("{link}: {other:?}"),
        }
    }

    #[test]
    fn two_webex_meetings_of_one_site_are_two() {
        let one = "https://acme.webex.com/acme/j.php?MTID=m0123456789abcdef";
        let other = "https://acme.webex.com/acme/j.php?MTID=mfedcba9876543210";
        assert_ne!(target_of(one), target_of(other));
        assert_eq!(address(one), one);
        assert_eq!(
            target_of(one),
            target_of("https://acme.webex.com/acme/j.php?mtid=m0123456789abcdef&pwd=s3cret#x"),
            "the same meeting, written otherwise"
        );
    }

    #[test]
    fn p12_no_secret_of_an_address_is_kept() {
        for link in [
            "https://acme.webex.com/acme/j.php?MTID=m0123&pwd=s3cret&tk=s3cret",
            "https://u:s3cret@acme.webex.com/acme/j.php?MTID=m0123",
            "https://teams.microsoft.com/meet/2345678901234?p=s3cret",
            "https://teams.live.com/meet/9312345678901?p=s3cret#s3cret",
            "https://meet.jit.si/Standup?jwt=s3cret",
            "https://8x8.vc/acme/standup?tk=s3cret",
            "https://meet.google.com/abc-defg-hij?authuser=s3cret",
        ] {
            assert!(!address(link).contains("s3cret"), "{}", address(link));
        }
    }
}
