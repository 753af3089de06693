//! Latency histograms against the reference implementation, and against junk.

use std::io::Write as _;

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::{Latency, LatencyError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer, V2Serializer};
use proptest::collection::vec;
use proptest::prelude::*;

fn reference(micros: &[u64]) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, Latency::HIGHEST_US, Latency::DIGITS).unwrap();
    micros.iter().for_each(|value| histogram.saturating_record(*value));
    histogram
}

fn latency(micros: &[u64]) -> Latency {
    let mut latency = Latency::default();
    micros.iter().for_each(|value| latency.record(*value, 1));
    latency
}

/// The text of any bytes, as if they were the plain form of a histogram.
fn compressed(plain: &[u8]) -> String {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(plain).unwrap();
    let body = zlib.finish().unwrap();
    let mut bytes = 0x1c84_9314_u32.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    STANDARD.encode(bytes)
}

fn plain<T: hdrhistogram::Counter>(histogram: &Histogram<T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(histogram, &mut bytes).unwrap();
    bytes
}

fn micros() -> impl Strategy<Value = u64> {
    prop_oneof![0..500_u64, 0..2_000_000_u64, 0..=Latency::HIGHEST_US]
}

proptest! {
    #[test]
    fn the_reference_reads_what_is_written_and_the_other_way_round(values in vec(micros(), 0..200)) {
        let (ours, theirs) = (latency(&values), reference(&values));
        let read = STANDARD.decode(ours.encode()).unwrap();
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut read.as_slice()).unwrap();
        prop_assert_eq!(&read, &theirs);
        let mut written = Vec::new();
        V2DeflateSerializer::new().serialize(&theirs, &mut written).unwrap();
        prop_assert_eq!(&Latency::decode(&STANDARD.encode(written)).unwrap(), &ours);
        prop_assert_eq!(Latency::decode(&ours.encode()).unwrap(), ours);
    }

    #[test]
    fn quantiles_are_those_of_the_reference(values in vec(micros(), 1..200), share in 0.001..=1.0_f64) {
        let (ours, theirs) = (latency(&values), reference(&values));
        prop_assert_eq!(ours.quantile(share), Some(theirs.value_at_quantile(share)));
    }

    #[test]
    fn a_quantile_is_never_too_low_and_less_than_one_percent_too_high(
        mut values in vec(micros(), 1..200),
        share in 0.001..=1.0_f64,
    ) {
        let told = latency(&values).quantile(share).unwrap();
        values.sort_unstable();
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let rank = ((values.len() as f64 * share).ceil() as usize).max(1);
        let exact = values[rank - 1];
        prop_assert!(told >= exact && (told - exact) * 100 <= exact, "{} for {}", told, exact);
    }

    #[test]
    fn merging_is_recording_all_in_one(parts in vec(vec(micros(), 0..50), 0..8)) {
        let mut merged = Latency::default();
        parts.iter().for_each(|part| merged.merge(&latency(part)));
        prop_assert_eq!(&merged, &latency(&parts.concat()));
        let parts: Vec<_> = parts.iter().map(|part| latency(part)).collect();
        prop_assert_eq!(parts.iter().collect::<Latency>(), merged);
    }

    #[test]
    fn counts_of_any_size_are_read_back(counts in vec((micros(), any::<u64>()), 0..20)) {
        let mut latency = Latency::default();
        counts.iter().for_each(|(micros, times)| latency.record(*micros, *times >> 8));
        prop_assert_eq!(Latency::decode(&latency.encode()).unwrap(), latency.clone());
        prop_assert_eq!(Latency::from_counts(&latency.to_counts()).unwrap(), latency);
    }

    #[test]
    fn junk_is_refused_without_a_panic(bytes in vec(any::<u8>(), 0..200), text in ".{0,100}") {
        for junk in [text.clone(), STANDARD.encode(&bytes), compressed(&bytes)] {
            if let Ok(latency) = Latency::decode(&junk) {
                let _any = (latency.count(), latency.quantile(0.99));
            }
        }
        if let Ok(latency) = Latency::from_counts(&bytes) {
            let mut twice = latency.clone();
            twice.merge(&latency);
            let _any = (twice.count(), twice.quantile(0.5), twice.encode());
        }
        let mut header = plain(&reference(&[]))[..40].to_vec();
        header[4..8].copy_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
        let whole = [header, bytes.clone()].concat();
        prop_assert_eq!(Latency::decode(&compressed(&whole)), Latency::from_counts(&bytes));
    }
}

#[test]
fn what_would_take_much_room_is_refused_before_it_does() {
    let long = "A".repeat(Latency::MAX_TEXT + 1);
    assert_eq!(Latency::decode(&long), Err(LatencyError::TooLong));
    // A bomb: 16 MiB of zeros are 22 KiB of text. Its end is broken, which whoever read so far would notice.
    let mut bomb = STANDARD.decode(compressed(&vec![0; 16 << 20])).unwrap();
    *bomb.last_mut().unwrap() ^= 1;
    let bomb = STANDARD.encode(bomb);
    assert!(bomb.len() < Latency::MAX_TEXT, "{}", bomb.len());
    assert_eq!(Latency::decode(&bomb), Err(LatencyError::TooLong));
    let mut wide = Histogram::<u64>::new_with_bounds(1, u64::MAX, 5).unwrap();
    wide.record(5).unwrap();
    assert_eq!(Latency::decode(&compressed(&plain(&wide))), Err(LatencyError::Header));
    for counts in [&[0xff; 9][..], &[0x80], &[1; 3], &[0; 2561], &[0xfd, 0x7f, 2]] {
        let read = Latency::from_counts(counts);
        assert!(counts == [1; 3] || read == Err(LatencyError::Counts), "{counts:?}: {read:?}");
    }
}

#[test]
fn the_fullest_histogram_fits() {
    let mut full = Latency::default();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for micros in (0..Latency::HIGHEST_US).step_by(97).chain(0..100_000) {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        full.record(micros, random >> 20);
    }
    let text = full.encode();
    assert!(text.len() < Latency::MAX_TEXT, "{}", text.len());
    assert_eq!(Latency::decode(&text), Ok(full));
}

#[test]
fn a_heartbeat_without_a_histogram_or_with_junk_for_one_is_a_heartbeat() {
    let old =
        r#"{"uptime_seconds":1,"in_flight":0,"queue_depth":0,"calls":3,"errors":1,"calls_per_second":1.5}"#;
    let read: Metrics = serde_json::from_str(old).unwrap();
    assert_eq!((read.window, &read.latency, read.calls), (0, &None, 3));
    assert!(!serde_json::to_string(&read).unwrap().contains("latency"));
    for junk in ["\"no histogram\"", "7", "null", "{\"a\":[1]}"] {
        let text = format!("{},\"latency\":{junk}}}", old.trim_end_matches('}'));
        assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), read, "{junk}");
    }
    let told = Metrics { latency: Some(latency(&[1_000, 70_000])), ..read };
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), told);
}

/// What instances have sent must stay readable: this text is never changed.
#[test]
fn a_stored_text_is_still_read() {
    let text = "HISTFAAAADR4nC2IMQoAIAzErqcgnV39i58THB36UcFZEGkzJJA2rAJQOIzKV7KJvn2ckq9wKR94FgY3";
    let read = Latency::decode(text).unwrap();
    assert_eq!(read, latency(&[1_000, 1_000, 2_000, 50_000]));
}
