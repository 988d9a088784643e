//! The two doors of every commit, for simulations: whoever stands there can count commits, end the process as if the
//! power had gone, or find the disk full. Compiled with the feature `rehearsal` alone.

use std::cell::RefCell;

/// What becomes of the commit at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Goes,
    /// The process ends here. Seen from outside: the task unwinds with [`Ended`] as its payload.
    Ends,
    /// The disk is full.
    DiskFull,
}

/// Which side of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everything is written, nothing is kept yet.
    Before,
    /// It is kept.
    After,
}

/// The payload with which an ended process unwinds.
#[derive(Debug)]
pub struct Ended;

type Guard = Box<dyn FnMut(Door) -> Fate>;

thread_local! {
    static GUARD: RefCell<Option<Guard>> = const { RefCell::new(None) };
}

/// Sets who decides about every commit of this thread, or takes the present one away.
pub fn watch(guard: Option<Guard>) {
    GUARD.set(guard);
}

fn fate(door: Door) -> Fate {
    GUARD.with_borrow_mut(|guard| guard.as_mut().map_or(Fate::Goes, |guard| guard(door)))
}

pub(crate) fn before_commit() -> rusqlite::Result<()> {
    match fate(Door::Before) {
        Fate::Goes => Ok(()),
        Fate::Ends => std::panic::resume_unwind(Box::new(Ended)),
        Fate::DiskFull => {
            let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            Err(rusqlite::Error::SqliteFailure(full, None))
        }
    }
}

pub(crate) fn after_commit() {
    if fate(Door::After) == Fate::Ends {
        std::panic::resume_unwind(Box::new(Ended));
    }
}
