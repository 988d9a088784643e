//! Sync tokens: opaque to clients, and bound to a person, a list, its query and a position in the change log.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a sync token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SyncToken {
    /// Whose.
    #[serde(rename = "p")]
    pub(crate) person: String,
    /// Of which list: a calendar id, or `calendarList`.
    #[serde(rename = "l")]
    pub(crate) list: String,
    /// The part of the query that must not change.
    #[serde(rename = "q")]
    pub(crate) query: String,
    /// Everything up to this position has been told.
    #[serde(rename = "s")]
    pub(crate) revision: u64,
    /// The calendar's age when it was issued.
    #[serde(rename = "a")]
    pub(crate) age: u64,
}

impl SyncToken {
    pub(crate) fn write(&self) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = digest(&body);
        bytes.extend(body);
        BASE64_URL_SAFE.encode(bytes)
    }

    /// `None` for anything that was not written by [`write`](Self::write).
    pub(crate) fn read(token: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE.decode(token).ok()?;
        let (sum, body) = bytes.split_at_checked(4)?;
        (digest(body) == sum).then(|| serde_json::from_slice(body).ok())?
    }
}

fn digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).iter().take(4).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_one_letter_changed_is_none() {
        let token = SyncToken {
            person: "ana@example.test".to_owned(),
            list: "c".to_owned(),
            query: String::new(),
            revision: 7,
            age: 0,
        };
        let text = token.write();
        assert_eq!(SyncToken::read(&text), Some(token));
        let spoilt = text.replacen(text.chars().next().unwrap(), "_", 1);
        assert_eq!(SyncToken::read(&spoilt), None);
    }
}
