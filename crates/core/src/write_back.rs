//! Write-back: what Reconvene writes on an event for which it made a meeting, and how it knows that again.
//!
//! Google lets no ordinary client write a third party's conference block: it answers 400, or drops the block in silence
//! (<https://github.com/openclaw/gogcli/issues/590>). So the join link goes where people look for it, into the location when
//! that is empty and else into a block of its own in the description, and three private properties say for which event the
//! meeting was made.

use std::collections::BTreeMap;

use linkify::{LinkFinder, LinkKind};

use crate::conference::{Conference, Source, Target};
use crate::event::Event;
use crate::recognition::{self, target_of};
use crate::report::Service;

/// Google keeps no longer descriptions (<https://developers.google.com/workspace/calendar/api/v3/reference/events>).
pub const LONGEST_DESCRIPTION: usize = 8192;

/// What the names of private properties begin with. Names have room for 44 characters, values for 1024
/// (<https://developers.google.com/workspace/calendar/api/guides/extended-properties>).
const PROVIDER: &str = "reconvene-provider";
const MEETING: &str = "reconvene-meeting";
const EVENT: &str = "reconvene-event";
const INSTALL: &str = "reconvene-install";

/// The private property with which a person, or a program of theirs, asks for a meeting: its value is the provider's word.
pub const REQUEST: &str = "reconvene-add";

/// What Reconvene writes into an event's private properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where the meeting is.
    pub service: Service,
    /// The provider's number of it.
    pub number: String,
    /// Google's id of the event that it was made for. A copy of the event names the first.
    pub event: String,
    /// Which installation made it.
    pub install: String,
}

impl Mark {
    /// Reads it out of an event's private properties.
    pub fn of(properties: &BTreeMap<String, String>) -> Option<Self> {
        let value = |name: &str| properties.get(name).filter(|value| !value.is_empty()).cloned();
        Some(Self {
            service: Service::from_word(&value(PROVIDER)?)?,
            number: value(MEETING)?,
            event: value(EVENT)?,
            install: value(INSTALL).unwrap_or_default(),
        })
    }

    /// The properties to write.
    pub fn properties(&self) -> BTreeMap<&'static str, &str> {
        BTreeMap::from([
            (PROVIDER, self.service.word()),
            (MEETING, self.number.as_str()),
            (EVENT, self.event.as_str()),
            (INSTALL, self.install.as_str()),
        ])
    }

    /// The meeting that it names.
    pub fn target(&self) -> Target {
        Target::Meeting {
            service: self.service,
            number: self.number.clone(),
        }
    }
}

/// Lays the mark beside the conference that was recognized in an event's own words. It counts only while people join that
/// very meeting by the link: when the link was exchanged, the mark says nothing about the new one.
pub fn marked(conference: Option<Conference>, mark: Option<Mark>) -> Option<Conference> {
    let mut conference = conference?;
    if conference.source != Source::Block
        && let Some(mark) = mark.filter(|mark| mark.target() == conference.target)
    {
        conference.origin = Some(mark.event);
    }
    Some(conference)
}

/// Whether an event has room for a meeting: it has no conference, or a Google Meet room that Google added by itself.
pub fn has_room(event: &Event) -> bool {
    event.conference.as_ref().is_none_or(|found| {
        found.source == Source::Block && matches!(found.target, Target::Unscheduled { .. })
    })
}

/// Whether an event's texts name another meeting than the one that is `replaced`. A conference block hides it; once that
/// is taken off, people would join there.
pub fn names_another(location: &str, description: &str, replaced: Option<&Target>) -> bool {
    let found = recognition::conference(None, None, Some(location), Some(description));
    found.is_some_and(|found| Some(&found.target) != replaced)
}

/// Whether a title or a description asks for a meeting: it holds `word`, standing by itself, in any case.
pub fn asks(word: &str, title: &str, description: &str) -> bool {
    let word = word.trim().to_lowercase();
    if word.is_empty() {
        return false;
    }
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '@');
    [title, description].into_iter().any(|text| {
        let text = text.to_lowercase();
        text.match_indices(&word).any(|(at, found)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
        })
    })
}

/// What becomes of an event's texts; `None` where they stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The location.
    pub location: Option<String>,
    /// The description.
    pub description: Option<String>,
}

impl Texts {
    /// Whether Google keeps them.
    pub fn fit(&self) -> bool {
        self.description
            .as_ref()
            .is_none_or(|text| text.chars().count() <= LONGEST_DESCRIPTION)
    }
}

/// Writes the `link` of a meeting at `service` into an event's texts. When the meeting takes the place of one that vanished,
/// `replaced`, every link to that one becomes a link to the new one, and nothing is added.
pub fn written(
    location: &str,
    description: &str,
    service: Service,
    link: &str,
    replaced: Option<&Target>,
) -> Texts {
    if let Some(replaced) = replaced {
        let texts = Texts {
            location: exchanged(location, replaced, link),
            description: exchanged(description, replaced, link),
        };
        if texts != Texts::default() {
            return texts;
        }
    }
    if location.trim().is_empty() {
        return Texts {
            location: Some(link.to_owned()),
            description: None,
        };
    }
    let html = ["<br", "<p", "</"].iter().any(|tag| description.contains(tag));
    let line = if html { "<br>" } else { "\n" };
    let (first, last) = edges(service);
    let rest = without_block(description, &first, &last);
    let space = if rest.trim().is_empty() {
        String::new()
    } else {
        format!("{}{line}{line}", rest.trim_end())
    };
    Texts {
        location: None,
        description: Some(format!("{space}{first}{line}{link}{line}{last}")),
    }
}

/// The first and the last line of the block in a description.
fn edges(service: Service) -> (String, String) {
    (
        format!("── {} meeting, added by Reconvene ──", service.name()),
        "──────────".to_owned(),
    )
}

/// A description without a block written earlier.
fn without_block<'a>(description: &'a str, first: &str, last: &str) -> std::borrow::Cow<'a, str> {
    let found = description.split_once(first).and_then(|(before, inside)| {
        let (_, after) = inside.split_once(last)?;
        Some((before, after))
    });
    match found {
        Some((before, after)) => format!("{before}{}", after.trim_start_matches("<br>").trim_start()).into(),
        None => description.into(),
    }
}

/// The text with every link to `target` exchanged for `link`; `None` when it holds none.
fn exchanged(text: &str, target: &Target, link: &str) -> Option<String> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut out = String::new();
    let mut end = 0;
    for found in finder.links(text) {
        if target_of(&found.as_str().replace("&amp;", "&")).as_ref() == Some(target) {
            out.push_str(text.get(end..found.start())?);
            out.push_str(link);
            end = found.end();
        }
    }
    (end > 0).then(|| out + text.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://us05web.zoom.us/j/81234567890?pwd=A.1";

    fn mark() -> Mark {
        Mark {
            service: Service::Zoom,
            number: "81234567890".into(),
            event: "ev1".into(),
            install: "0011".into(),
        }
    }

    /// What the event points at once the texts are on it.
    fn seen(location: &str, description: &str, texts: &Texts) -> Option<Conference> {
        let location = texts.location.as_deref().unwrap_or(location);
        let description = texts.description.as_deref().unwrap_or(description);
        let found = recognition::conference(None, None, Some(location), Some(description));
        marked(found, Some(mark()))
    }

    #[test]
    fn what_is_written_is_recognized_and_names_its_event() {
        for (location, description) in [
            ("", ""),
            ("  ", "Agenda"),
            ("Room 4", ""),
            ("Room 4", "Agenda\nhttps://docs.example.test/x"),
            ("Room 4", "<p>Agenda</p>"),
        ] {
            let texts = written(location, description, Service::Zoom, LINK, None);
            let found = seen(location, description, &texts).unwrap();
            assert_eq!(found.target, mark().target(), "{texts:?}");
            assert_eq!(found.origin.as_deref(), Some("ev1"));
            if let Some(after) = &texts.description {
                assert!(after.starts_with(description), "nothing of it is lost: {after}");
            }
        }
    }

    #[test]
    fn properties_read_back_as_written() {
        let mark = mark();
        let properties = mark
            .properties()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(Mark::of(&properties), Some(mark));
        assert_eq!(Mark::of(&BTreeMap::new()), None);
    }

    #[test]
    fn p3_a_mark_beside_another_link_proves_nothing() {
        let other = "https://zoom.us/j/99999999999";
        let found = recognition::conference(None, None, Some(other), None);
        assert_eq!(marked(found, Some(mark())).unwrap().origin, None);
        assert_eq!(
            marked(None, Some(mark())),
            None,
            "the link was taken off the event"
        );
    }

    #[test]
    fn a_vanished_meeting_gives_its_place_to_the_new_one() {
        let old = Target::Meeting {
            service: Service::Zoom,
            number: "99988877766".into(),
        };
        let dead = "https://zoom.us/j/99988877766?pwd=x";
        let texts = written(dead, "", Service::Zoom, LINK, Some(&old));
        assert_eq!(texts.location.as_deref(), Some(LINK));
        let html =
            r#"<a href="https://zoom.us/j/99988877766?pwd=x&amp;y=1">Join</a> and https://docs.example.test"#;
        let texts = written("Room 4", html, Service::Zoom, LINK, Some(&old));
        let wanted = format!(r#"<a href="{LINK}">Join</a> and https://docs.example.test"#);
        assert_eq!((texts.location, texts.description), (None, Some(wanted)));
        let texts = written("Room 4", "no link", Service::Zoom, LINK, Some(&old));
        assert!(texts.description.unwrap().contains(LINK), "the block named it");
    }

    #[test]
    fn a_block_is_never_there_twice() {
        let once = written("Room 4", "Agenda", Service::Zoom, LINK, None)
            .description
            .unwrap();
        let twice = written("Room 4", &once, Service::Zoom, LINK, None)
            .description
            .unwrap();
        assert_eq!(twice, once);
    }

    #[test]
    fn a_description_that_google_would_cut_is_known_to_be_too_long() {
        let long = "x".repeat(LONGEST_DESCRIPTION - 10);
        assert!(!written("Room 4", &long, Service::Zoom, LINK, None).fit());
        assert!(written("", &long, Service::Zoom, LINK, None).fit());
    }

    #[test]
    fn a_word_asks_only_when_it_stands_by_itself() {
        for (title, description) in [
            ("Review #Zoom", ""),
            ("#zoom: review", ""),
            ("", "please, #zoom."),
        ] {
            assert!(asks("#zoom", title, description), "{title}{description}");
        }
        for (title, description) in [("Review #zoomed", ""), ("x#zoom", ""), ("zoom", "")] {
            assert!(!asks("#zoom", title, description), "{title}{description}");
        }
        assert!(!asks(" ", "anything", ""), "no word asks for nothing");
    }
}
