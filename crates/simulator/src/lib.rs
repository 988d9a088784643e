//! Calendar and provider simulator.
