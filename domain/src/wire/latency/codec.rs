//! The text of a histogram: base64 of a short header and a zlib stream, in which a longer header and the counts stand.
//! A count is a zigzag number of seven bits a byte; a negative one stands for so many steps without any.

use std::cell::RefCell;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::{Latency, LatencyError, STEPS};

/// «V2», plain and compressed; both say that a word has up to 8 bytes (`0x10`).
const PLAIN: u32 = 0x1c84_9303 | 0x10;
const COMPRESSED: u32 = 0x1c84_9304 | 0x10;
/// The header of the plain form, in bytes.
const HEADER: usize = 40;
/// The most bytes that one number takes.
const WORD: usize = 9;
/// Room for most plain forms.
const FIRST: usize = 1_024;
/// The longest plain form.
const MAX_PLAIN: usize = HEADER + STEPS as usize * WORD;

impl Latency {
    /// The text form.
    #[must_use]
    pub fn encode(&self) -> String {
        // Writing to memory cannot fail, and both parts are far shorter than 4 GiB.
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let _infallible = zlib.write_all(&self.plain());
        let body = zlib.finish().unwrap_or_default();
        let mut bytes = Vec::with_capacity(8 + body.len());
        bytes.extend(COMPRESSED.to_be_bytes());
        bytes.extend(length(&body));
        bytes.extend(body);
        STANDARD.encode(bytes)
    }

    /// Reads a text. However it is made, this takes no more than some 100 KB of memory, and does not panic.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(text: &str) -> Result<Self, LatencyError> {
        if text.len() > Self::MAX_TEXT {
            return Err(LatencyError::TooLong);
        }
        let bytes = STANDARD.decode(text).map_err(|_invalid| LatencyError::Base64)?;
        let (cookie, rest) = word(&bytes)?;
        let (length, body) = word(rest)?;
        if cookie != COMPRESSED || length as usize != body.len() {
            return Err(LatencyError::Header);
        }
        Self::read_plain(&inflate(body)?)
    }

    fn plain(&self) -> Vec<u8> {
        let counts = self.to_counts();
        let mut plain = Vec::with_capacity(HEADER + counts.len());
        plain.extend(PLAIN.to_be_bytes());
        plain.extend(length(&counts));
        plain.extend(bounds());
        plain.extend(counts);
        plain
    }

    fn read_plain(plain: &[u8]) -> Result<Self, LatencyError> {
        let (cookie, rest) = word(plain)?;
        let (length, rest) = word(rest)?;
        let counts = rest.strip_prefix(bounds().as_slice()).ok_or(LatencyError::Header)?;
        if cookie != PLAIN || length as usize != counts.len() {
            return Err(LatencyError::Header);
        }
        Self::from_counts(counts)
    }

    /// The counts alone, as they stand in the plain form: the shortest form, for tables.
    #[must_use]
    pub fn to_counts(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(3 * self.counts.len() + 1);
        let mut next = 0_u16;
        for (step, count) in &self.counts {
            match step - next {
                0 => {}
                1 => put(0, &mut bytes),
                skipped => put(-i64::from(skipped), &mut bytes),
            }
            put(i64::try_from(*count).unwrap_or(i64::MAX), &mut bytes);
            next = step + 1;
        }
        if bytes.is_empty() {
            put(0, &mut bytes);
        }
        bytes
    }

    /// Reads what [`Latency::to_counts`] has written.
    ///
    /// # Errors
    /// [`LatencyError::Counts`].
    pub fn from_counts(mut bytes: &[u8]) -> Result<Self, LatencyError> {
        let (mut counts, mut step) = (Vec::new(), 0_u16);
        while !bytes.is_empty() {
            let (number, rest) = take(bytes).ok_or(LatencyError::Counts)?;
            bytes = rest;
            let steps = if number < 0 { u16::try_from(number.unsigned_abs()).ok() } else { Some(1) };
            if number > 0 {
                counts.push((step, number.unsigned_abs()));
            }
            let after = steps.and_then(|steps| step.checked_add(steps)).filter(|after| *after <= STEPS);
            step = after.ok_or(LatencyError::Counts)?;
        }
        Ok(Self { counts })
    }
}

/// Ten thousand instances send one of these each second, and to make what reads them costs more than to read one.
fn inflate(body: &[u8]) -> Result<Vec<u8>, LatencyError> {
    thread_local! {
        static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(true));
    }
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(true);
        let mut plain = Vec::with_capacity(FIRST);
        loop {
            let read = usize::try_from(inflate.total_in()).unwrap_or(body.len());
            let before = (read, plain.len());
            let rest = body.get(read..).unwrap_or_default();
            let status = inflate.decompress_vec(rest, &mut plain, FlushDecompress::None);
            let status = status.map_err(|_corrupt| LatencyError::Compression)?;
            if plain.len() > MAX_PLAIN {
                return Err(LatencyError::TooLong);
            }
            let after = (usize::try_from(inflate.total_in()).unwrap_or(body.len()), plain.len());
            match status {
                Status::StreamEnd => return Ok(plain),
                // It ends too early.
                Status::Ok | Status::BufError if before == after && plain.len() < plain.capacity() => {
                    return Err(LatencyError::Compression);
                }
                Status::Ok | Status::BufError => {
                    plain.reserve(plain.len().max(FIRST).min(MAX_PLAIN + 1 - plain.len()))
                }
            }
        }
    })
}

/// What stands between the lengths and the counts: no offset, digits, lowest and highest value, and the ratio of
/// stored to real values.
fn bounds() -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(u32::from(Latency::DIGITS).to_be_bytes());
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(Latency::HIGHEST_US.to_be_bytes());
    bytes.extend(1_f64.to_be_bytes());
    bytes
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn word(bytes: &[u8]) -> Result<(u32, &[u8]), LatencyError> {
    let (word, rest) = bytes.split_first_chunk().ok_or(LatencyError::Header)?;
    Ok((u32::from_be_bytes(*word), rest))
}

/// Seven bits a byte, the lowest first; the ninth byte holds eight.
#[expect(clippy::cast_possible_truncation, reason = "the rest is written with the next byte")]
fn put(number: i64, bytes: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    for _ in 1..WORD {
        if rest < 0x80 {
            break;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().take(WORD).enumerate() {
        let is_last = place == WORD - 1 || byte & 0x80 == 0;
        let bits = if place == WORD - 1 { *byte } else { byte & 0x7f };
        number |= u64::from(bits) << (7 * place);
        if is_last {
            let signed = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
            return Some((signed, &bytes[place + 1..]));
        }
    }
    None
}
