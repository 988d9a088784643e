//! The engine against the simulator: each test names the promise it holds.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bond;
mod called_off;
mod carried;
mod clock;
mod copies;
mod create;
mod dates;
mod deletion;
mod drift;
mod failure;
mod halves;
mod hostile;
mod left;
mod lists;
mod manners;
mod meanwhile;
mod moved;
mod ours;
mod overtaken;
mod past;
mod preview;
mod pull;
mod refusals;
mod riddles;
mod running;
mod series;
#[path = "../stand/mod.rs"]
mod shared;
mod spent;
mod stand;
mod sync;
mod trigger;
mod two;
mod undo;
mod update;
mod word;
