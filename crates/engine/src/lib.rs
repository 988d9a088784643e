//! The engine: pulls calendars, plans with the pure rules of `reconvene-core`, pushes to meeting providers and
//! reports. It knows no desktop: no tray, no window, no GTK.

mod accounts;
mod budget;
mod calendar;
mod choices;
pub mod clock;
pub mod config;
mod create;
mod doctor;
mod engine;
mod failure;
mod json;
pub mod keyring;
pub mod oauth;
mod pace;
mod plan;
pub mod ports;
mod preview;
pub mod profile;
mod providers;
mod pull;
mod push;
mod real;
#[cfg(feature = "rehearsal")]
pub mod rehearsal;
mod report;
mod session;
mod shared;
#[cfg(test)]
mod spoiled;
mod store;
mod surroundings;
pub mod transport;
mod trigger;

pub use engine::Engine;
pub use surroundings::Surroundings;
