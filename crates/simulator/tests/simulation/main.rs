//! A simulation that tries to break every promise: random people, random trouble, and the process killed at any moment,
//! on a clock of its own. See `runner` for how to run more of it, or one seed alone (`make simulate SEED=17`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod accounts;
mod allowance;
mod answers;
mod asked;
mod at_rest;
mod bonding;
mod bonds;
mod browser;
mod chance;
mod choices;
mod crash;
mod dates;
mod gone;
mod history;
mod kept;
mod knowledge;
mod lasting;
mod ledger;
mod machines;
mod making;
mod once_failed;
mod opening;
mod people;
mod planted;
mod process;
mod quiet;
mod rare;
mod riddles;
mod run;
mod runner;
mod secrets;
mod series;
mod settle;
#[path = "../stand/mod.rs"]
mod shared;
mod shown;
mod shrink;
mod steps;
mod trouble;
mod truth;
mod undoing;
mod wanted;
mod wire;
mod word;
mod year;
