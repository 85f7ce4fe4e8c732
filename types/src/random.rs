//! Randomness as an argument, for the same reason as [`crate::Clock`].

use aws_lc_rs::rand::{SecureRandom, SystemRandom as Source};

/// A source of bytes that nobody can guess.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        Source::new().fill(bytes).expect("the operating system's generator does not fail once it is seeded");
    }
}

/// A version 4 UUID from `random`.
pub fn new_uuid(random: &dyn Random) -> uuid::Uuid {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
