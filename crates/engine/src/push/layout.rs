//! Writes that lay a series out.

use reconvene_core::amend::{Shape, Whole, Write};
use reconvene_core::series::MOST_DATES;

/// Whether a write lays dates out, so that the meeting is to be read and amended anew.
pub(super) fn is_layout(write: &Write) -> bool {
    matches!(
        write,
        Write::Whole(Whole {
            shape: Shape::Repeating { .. } | Shape::Once,
            ..
        })
    )
}

/// Lays a series out by another number of dates. What says the same as what stands already may be taken for no change, and
/// then dates that were cancelled one by one do not come back. One date too many is cancelled by itself. False when none
/// of the writes does.
pub(super) fn otherwise(writes: &mut [Write]) -> bool {
    let mut any = false;
    for write in writes {
        if let Write::Whole(Whole {
            shape: Shape::Repeating { times, .. },
            ..
        }) = write
        {
            *times = if (*times as usize) < MOST_DATES {
                *times + 1
            } else {
                *times - 1
            };
            any = true;
        }
    }
    any
}
