//! What comes where a service's answer was expected.

use proptest::prelude::*;

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
