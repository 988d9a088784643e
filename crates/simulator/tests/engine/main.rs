//! The engine against the simulator: each test names the promise it holds.

mod pull;
mod push;
mod stand;
