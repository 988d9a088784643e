//! What the simulated services accept, answer and refuse, held at the router: no network, no waiting.

// Marked as tests, so that helpers may unwrap as tests may.
#[cfg(test)]
mod bench;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod google_events;
#[cfg(test)]
mod google_sign_in;
#[cfg(test)]
mod google_sync;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod zoom;
#[cfg(test)]
mod zoom_sign_in;
