//! Applications over a log in memory: their life, and exactly once through crashes.

mod crash;
mod life;
mod world;
