//! Applications over a log in memory: their life, and exactly once through crashes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod crash;
mod life;
mod world;
