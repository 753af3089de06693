//! Maps whose keys are numbers that are spread already: hashes, or one after the other.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// By numbers that need no hash of their own.
pub type Numbers<T> = HashMap<u64, T, BuildHasherDefault<Already>>;

#[derive(Debug, Default)]
pub struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    /// Numbers come by the other.
    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, number: u64) {
        // The map takes the upper bits to tell keys apart, and the lower to place them.
        self.0 = number.rotate_right(7) ^ number;
    }
}
