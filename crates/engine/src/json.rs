//! Reading JSON that others write, where a field may be `null` or of another kind than promised.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Google has sent `null` where its description promises a value: it means what leaving out means.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}

/// What is of another kind counts as left out. For what is only shown, and for errors, of which the part that can be read
/// is worth more than none.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    value: D,
) -> Result<T, D::Error> {
    let written = Box::<RawValue>::deserialize(value)?;
    Ok(serde_json::from_str(written.get()).unwrap_or_default())
}

/// Reads an object, and nothing else: by itself serde takes a list for the fields of one, in their order.
pub(crate) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let json = json.trim_ascii_start();
    json.starts_with(b"{")
        .then(|| serde_json::from_slice(json).ok())?
}
