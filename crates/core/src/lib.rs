//! The pure rules of Reconvene: what an event is, which meeting it points at, whether that meeting was made for
//! it, and what must be done so that the meeting follows.
//!
//! No I/O, no clock, no randomness, no async: every decision takes what it needs as arguments and returns a
//! value, so that it can be tested by the thousand. What is deliberately absent: wire formats (the engine's
//! clients know those), storage, and anything that waits.

pub mod amend;
pub mod conference;
pub mod event;
pub mod id;
pub mod meeting;
pub mod plan;
pub mod problem;
pub mod recognition;
pub mod recurrence;
pub mod report;
pub mod series;
pub mod write_back;
