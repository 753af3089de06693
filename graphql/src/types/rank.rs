//! Where something stands in an order, names aside.

use chrono::{DateTime, Utc};

/// Where something stands in an order, names aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// One digit: a severity, or whether there is a figure at all.
    pub(super) class: u8,
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
}

impl Rank {
    /// By a class of few, the lowest first unless they descend.
    pub(super) fn of_class(class: u8, last: u8, descending: bool) -> Self {
        Self { class: if descending { last - class } else { class }, ..Self::default() }
    }

    /// By a number; what has none comes last in either direction.
    pub(super) fn of_number(number: Option<u64>, descending: bool) -> Self {
        match number {
            Some(number) => Self { number: if descending { !number } else { number }, ..Self::default() },
            None => Self { class: 1, ..Self::default() },
        }
    }

    /// By a text with numbers in it; what has none comes last in either direction.
    pub(super) fn of_text(text: &str, descending: bool) -> Self {
        if text.is_empty() {
            return Self { class: 1, ..Self::default() };
        }
        let mut text = natural(text);
        if descending {
            text.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Self { text, ..Self::default() }
    }
}

/// As a part of a cursor.
impl Rank {
    pub(super) fn text(&self) -> String {
        let Self { class, number, text } = self;
        let mut cursor = class.to_string();
        if *number > 0 || !text.is_empty() {
            cursor += &format!("{number:016x}");
            text.iter().for_each(|byte| cursor += &format!("{byte:02x}"));
        }
        cursor
    }

    /// None of a text that is no rank.
    pub(super) fn read(rank: &str) -> Option<Self> {
        if !rank.is_ascii() {
            return None;
        }
        let class = rank.get(..1)?.parse().ok()?;
        let number = match rank.get(1..17) {
            Some(number) => u64::from_str_radix(number, 16).ok()?,
            None if rank.len() == 1 => 0,
            None => return None,
        };
        let mut text = Vec::new();
        let mut left = rank.get(17..).unwrap_or_default();
        while !left.is_empty() {
            text.push(u8::from_str_radix(left.get(..2)?, 16).ok()?);
            left = &left[2..];
        }
        Some(Self { class, number, text })
    }
}

/// A number that is ordered as the float is.
pub(super) fn of_float(float: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    // Not two zeros.
    let bits = (float + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// A number that is ordered as the time is.
pub(super) fn of_time(time: DateTime<Utc>) -> u64 {
    time.timestamp_micros().cast_unsigned() ^ (1 << 63)
}

/// Bytes that are ordered as people order texts with numbers in them. The end is a byte, too, so that it may be turned round.
pub(super) fn natural(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            let length = first.len_utf8();
            bytes.extend_from_slice(&rest.as_bytes()[..length]);
            rest = &rest[length..];
        } else {
            let number = rest[..digits].trim_start_matches('0');
            // Of numbers the longer one is the larger one. Digits stay below the bytes of letters.
            bytes.push(b'0');
            bytes.push(u8::try_from(number.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(number.as_bytes());
            rest = &rest[digits..];
        }
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_order_as_numbers() {
        let floats = [f64::NEG_INFINITY, -2.5, -1e-9, 0.0, 1e-9, 0.5, 3.0, 1e12, f64::INFINITY];
        assert!(floats.map(of_float).is_sorted_by(|a, b| a < b));
        assert_eq!(of_float(-0.0), of_float(0.0));
    }

    #[test]
    fn versions_are_ordered_by_their_numbers_and_the_other_way_round() {
        let versions = ["1", "1.2", "1.2.0-rc", "1.9", "1.10", "1.10.1", "2.0-alpha", "2.0-beta", "10"];
        let rank = |descending| versions.map(|version| Rank::of_text(version, descending));
        assert!(rank(false).is_sorted_by(|a, b| a < b));
        assert!(rank(true).is_sorted_by(|a, b| a > b));
    }
}
