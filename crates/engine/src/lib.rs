//! The engine: pulls calendars, plans with the pure rules of `reconvene-core`, pushes to meeting providers and
//! reports. It knows no desktop: no tray, no window, no GTK.

pub mod clock;
pub mod config;
pub mod keyring;
pub mod oauth;
pub mod ports;
pub mod profile;
pub mod transport;
