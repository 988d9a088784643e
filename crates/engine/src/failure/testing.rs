//! What comes where a service's answer was expected.

use proptest::collection::vec;
use proptest::prelude::*;

/// A body that is no error of any service: a page of a gateway, half an error, bytes, JSON of another kind. It may be large,
/// and as deep as that.
pub(crate) fn a_foreign_page() -> impl Strategy<Value = Vec<u8>> {
    const ERROR: &str =
        r#"{"error":{"errors":[{"reason":"deleted"}]},"code":3001,"message":"Meeting does not exist."}"#;
    prop_oneof![
        1 => "<html>.{0,200}</html>".prop_map(String::into_bytes),
        1 => (0..ERROR.len()).prop_map(|end| ERROR.as_bytes()[..end].to_vec()),
        1 => vec(any::<u8>(), 0..200),
        1 => vec(any::<u8>(), 0..20).prop_map(|odd| [ERROR.as_bytes(), b"\xff", &odd].concat()),
        1 => (
            prop::sample::select(vec!["[", "{\"error\":", "<p>", "\"\\ud800"]),
            1..100_000usize
        )
            .prop_map(|(part, times)| part.repeat(times).into()),
        6 => prop::sample::select(vec![
            "null",
            "0",
            "\"deleted\"",
            "[]",
            "[3001]",
            "[\"invalid_grant\"]",
            "[{\"error\":{\"errors\":[{\"reason\":\"deleted\"}]}}]",
            "{}",
            "{\"error\":null}",
            "{\"error\":\"deleted\"}",
            "{\"error\":[{\"reason\":\"deleted\"}]}",
            "{\"errors\":[{\"reason\":\"deleted\"}]}",
            "{\"code\":null}",
        ])
        .prop_map(|page| page.into()),
    ]
}

/// Something in the clothes of a `Retry-After`.
pub(crate) fn a_retry_after() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[-+]?[0-9]{0,30}[.,]?[0-9]{0,30}([eE][-+]?[0-9]{1,4})?",
        "([A-Z][a-z]{2,8})?,? ?[0-9]{1,2}[- ][A-Z][a-z]{2}[- ][0-9]{1,5} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( [A-Z]{1,4})?",
        "[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{5,8} [-0-9]{1,6}",
        "[-+]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{2,20}(Z|[-+][0-9:]{2,8}|\\[[A-Za-z/]{1,20}\\])?",
    ]
}
