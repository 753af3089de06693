//! Numbers in few bytes, seven bits each, the lowest first.

use super::RowError;

/// The most bytes that a number takes.
const LONGEST: usize = 10;

#[expect(clippy::cast_possible_truncation, reason = "the rest is written with the next byte")]
pub(super) fn put(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The first number of these bytes, which become the rest.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u64, RowError> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().take(LONGEST).enumerate() {
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(7 * u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(0);
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Ok(number);
        }
    }
    Err(RowError)
}
