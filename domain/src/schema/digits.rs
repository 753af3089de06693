//! Numbers that are too large for what JSON is read into.

use std::borrow::Cow;

/// Integers beyond 64 bits as texts, so that no digit of them is lost: as numbers they would be rounded to the nearest
/// float. Everything else stays as it is, what is no JSON too.
#[must_use]
pub fn keep_digits(json: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let (mut copied, mut at, mut in_text) = (0, 0, false);
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => in_text = !in_text,
            // What is escaped in a text ends none.
            b'\\' if in_text => at += 1,
            b'-' | b'0'..=b'9' if !in_text => {
                let rest = &json[at..];
                let length = rest.iter().position(|b| !is_of_a_number(*b)).unwrap_or(rest.len());
                let number = &rest[..length];
                if is_beyond_64_bits(number) {
                    out.extend_from_slice(&json[copied..at]);
                    out.push(b'"');
                    out.extend_from_slice(number);
                    out.push(b'"');
                    copied = at + length;
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(&json[copied..]);
    Cow::Owned(out)
}

fn is_of_a_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_beyond_64_bits(number: &[u8]) -> bool {
    // The shortest such number has 19 digits and a sign.
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() < 19 || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let text = std::str::from_utf8(number).unwrap_or_default();
    text.parse::<i64>().is_err() && text.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        String::from_utf8(keep_digits(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn integers_beyond_64_bits_become_texts_with_all_their_digits() {
        let large = "123456789012345678901234567890";
        assert_eq!(
            of(&format!(r#"{{"a":{large},"b":[-{large},1]}}"#)),
            format!(r#"{{"a":"{large}","b":["-{large}",1]}}"#)
        );
        assert_eq!(of("18446744073709551616"), "\"18446744073709551616\"");
        assert_eq!(of("-9223372036854775809"), "\"-9223372036854775809\"");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for json in [
            r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":9007199254740993}"#,
            r#"{"a":12345678901234567890123.5,"b":12345678901234567890e3,"c":1e400}"#,
            r#"{"123456789012345678901234567890":"\"123456789012345678901234567890","x\\":"99999999999999999999"}"#,
            "",
            "{",
            "\"",
            "\"\\",
            "00000000000000000000000001",
            "--------------------------",
            "é123",
        ] {
            assert_eq!(of(json), json);
            assert!(matches!(keep_digits(json.as_bytes()), Cow::Borrowed(_)), "{json}");
        }
    }
}
