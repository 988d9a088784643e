//! Identities of the rows that people and clients name: `a1` an account, `c2` a calendar, `m3` a meeting,
//! `e4` an activity entry. The letter keeps one kind from being taken for another on the command line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A word that is not an identity of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not the id of {kind}: those look like `{prefix}12`")]
pub struct BadId {
    given: String,
    kind: &'static str,
    prefix: char,
}

macro_rules! identity {
    ($name:ident, $prefix:literal, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        ///
        /// Written with its letter everywhere outside the store; never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(
            feature = "ts",
            derive(ts_rs::TS),
            ts(export, export_to = "api.ts", type = "string")
        )]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix($prefix)
                    .and_then(|digits| digits.parse().ok())
                    .filter(|number| *number > 0)
                    .map(Self)
                    .ok_or_else(|| BadId {
                        given: text.to_owned(),
                        kind: $kind,
                        prefix: $prefix,
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

identity!(
    AccountId,
    'a',
    "an account",
    "An account: a signed-in identity at Google or at a meeting provider."
);
identity!(CalendarId, 'c', "a calendar", "A calendar of one Google account.");
identity!(
    MeetingId,
    'm',
    "a meeting",
    "A meeting that at least one event has pointed at."
);
identity!(EntryId, 'e', "an activity entry", "An entry of the activity log.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote_and_refuses_another_kind() {
        assert_eq!(MeetingId(12).to_string().parse(), Ok(MeetingId(12)));
        assert!("a12".parse::<MeetingId>().is_err());
        assert!("m-1".parse::<MeetingId>().is_err());
        assert!("m".parse::<MeetingId>().is_err());
    }
}
