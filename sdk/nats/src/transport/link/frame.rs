//! The protocol between NATS and its clients
//! (<https://docs.nats.io/reference/reference-protocols/nats-protocol>), as far as calls need it.

use std::str;

use async_nats::Subject;
use bytes::{Buf as _, BytesMut};
use serde::Deserialize;

use crate::transport::headers::Headers;
use crate::transport::{Message, Outgoing};

/// Longer lines are invalid; the longest is `INFO`, with the addresses of a cluster.
const LINE_MAX: usize = 1 << 20;
/// The most that any server can be configured to take.
const MESSAGE_MAX: usize = 64 << 20;

/// What a server says.
#[derive(Debug)]
pub(super) enum Frame {
    Message { sid: u64, message: Message },
    Info(Box<Info>),
    Ping,
    Pong,
    Ok,
    Err(String),
}

/// What a server says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Info {
    /// No limit when it is none or negative.
    #[serde(default)]
    pub(super) max_payload: i64,
    #[serde(default)]
    pub(super) nonce: String,
    #[serde(default)]
    pub(super) tls_required: bool,
    /// It is about to end, and asks its clients to go.
    #[serde(default, rename = "ldm")]
    pub(super) lame_duck: bool,
    /// Other servers of its cluster.
    #[serde(default)]
    pub(super) connect_urls: Vec<String>,
}

/// The other side does not speak NATS.
#[derive(Debug, thiserror::Error)]
#[error("invalid NATS protocol: {0}")]
pub(super) struct InvalidProtocol(&'static str);

/// Takes the first frame, once it is there whole.
pub(super) fn take(input: &mut BytesMut) -> Result<Option<Frame>, InvalidProtocol> {
    let Some(end) = memchr::memchr(b'\n', input) else {
        return if input.len() > LINE_MAX { Err(InvalidProtocol("a line has no end")) } else { Ok(None) };
    };
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    let verb = line.split(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
    let rest = &line[verb.len()..];
    let frame = match verb {
        b"MSG" => return message(input, end + 1, false),
        b"HMSG" => return message(input, end + 1, true),
        b"PING" => Frame::Ping,
        b"PONG" => Frame::Pong,
        b"+OK" => Frame::Ok,
        b"-ERR" => Frame::Err(String::from_utf8_lossy(rest).trim().trim_matches('\'').to_owned()),
        b"INFO" => {
            Frame::Info(serde_json::from_slice(rest).map_err(|_junk| InvalidProtocol("INFO is no JSON"))?)
        }
        _ => return Err(InvalidProtocol("a verb is not known")),
    };
    input.advance(end + 1);
    Ok(Some(frame))
}

/// `MSG subject sid [reply] size` and `HMSG subject sid [reply] headers size`, whose line ends at `begin`.
fn message(input: &mut BytesMut, begin: usize, has_headers: bool) -> Result<Option<Frame>, InvalidProtocol> {
    let broken = InvalidProtocol("the line of a message is not as it must be");
    let mut words = [(0, 0); 6];
    let mut count = 0;
    let mut from = None;
    for (at, byte) in input[..begin].iter().enumerate() {
        match (byte.is_ascii_whitespace(), from) {
            (false, None) => from = Some(at),
            (true, Some(start)) => {
                *words.get_mut(count).ok_or(InvalidProtocol("the line of a message has too many words"))? =
                    (start, at);
                (count, from) = (count + 1, None);
            }
            (false, Some(_)) | (true, None) => {}
        }
    }
    let numbers = 1 + usize::from(has_headers);
    let has_reply = match count.checked_sub(3 + numbers) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(broken),
    };
    let number = |word: usize| number(&input[words[word].0..words[word].1]);
    let (sid, size) = (number(2), number(count - 1));
    let head = if has_headers { number(count - 2) } else { Some(0) };
    let (Some(sid), Some(size), Some(head)) = (sid, size, head) else { return Err(broken) };
    let (Ok(size), Ok(head)) = (usize::try_from(size), usize::try_from(head)) else { return Err(broken) };
    if head > size || size > MESSAGE_MAX {
        return Err(broken);
    }
    let whole = begin + size + 2;
    if input.len() < whole {
        input.reserve(whole - input.len());
        return Ok(None);
    }
    let frame = input.split_to(whole).freeze();
    let word = |word: usize| Subject::from_utf8(frame.slice(words[word].0..words[word].1)).ok();
    let reply = if has_reply { word(3) } else { None };
    let (Some(subject), true) = (word(1), reply.is_some() == has_reply) else {
        // Whatever a stranger may send, it is nothing that anybody here is called by.
        tracing::debug!("a message whose subject is no text was passed over");
        return Ok(Some(Frame::Ok));
    };
    let headers =
        if has_headers { Headers::read(&frame.slice(begin..begin + head)) } else { Headers::default() };
    let payload = frame.slice(begin + head..begin + size);
    Ok(Some(Frame::Message { sid, message: Message { subject, reply, headers, payload } }))
}

fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

pub(super) fn publish(out: &mut Vec<u8>, message: &Outgoing<'_>) {
    let Outgoing { subject, reply, headers, payload } = *message;
    let has_headers = !headers.is_empty();
    out.reserve(subject.len() + reply.map_or(0, str::len) + headers.block_len() + payload.len() + 32);
    out.extend_from_slice(if has_headers { b"HPUB " } else { b"PUB " });
    out.extend_from_slice(subject.as_bytes());
    out.push(b' ');
    if let Some(reply) = reply {
        out.extend_from_slice(reply.as_bytes());
        out.push(b' ');
    }
    let mut digits = itoa::Buffer::new();
    if has_headers {
        out.extend_from_slice(digits.format(headers.block_len()).as_bytes());
        out.push(b' ');
        out.extend_from_slice(digits.format(headers.block_len() + payload.len()).as_bytes());
    } else {
        out.extend_from_slice(digits.format(payload.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    if has_headers {
        headers.write_block(out);
    }
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn subscribe(out: &mut Vec<u8>, subject: &str, queue: Option<&str>, sid: u64) {
    out.extend_from_slice(format!("SUB {subject} {}{sid}\r\n", Spaced(queue)).as_bytes());
}

pub(super) fn unsubscribe(out: &mut Vec<u8>, sid: u64) {
    out.extend_from_slice(format!("UNSUB {sid}\r\n").as_bytes());
}

pub(super) fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PING\r\n");
}

pub(super) fn pong(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PONG\r\n");
}

struct Spaced<'a>(Option<&'a str>);

impl std::fmt::Display for Spaced<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, "{word} "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Result<Vec<Frame>, InvalidProtocol> {
        let (mut input, mut frames) = (BytesMut::from(text), vec![]);
        while let Some(frame) = take(&mut input)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn only_message(text: &[u8]) -> (u64, Message) {
        match all(text).unwrap().pop() {
            Some(Frame::Message { sid, message }) => (sid, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_are_read_with_all_they_may_have() {
        let (sid, message) = only_message(b"MSG a.b 7 5\r\nhello\r\n");
        assert_eq!((sid, message.subject.as_str(), message.reply.as_deref()), (7, "a.b", None));
        assert_eq!((&message.payload[..], message.headers.is_empty()), (&b"hello"[..], true));
        let (sid, message) = only_message(b"HMSG a.b 8 r.1 18 20\r\nNATS/1.0\r\nx: y\r\n\r\nhi\r\n");
        assert_eq!((sid, message.reply.as_deref(), message.headers.get("x")), (8, Some("r.1"), Some("y")));
        assert_eq!(&message.payload[..], b"hi");
        let large = [b"MSG a 1 10000\r\n".as_slice(), &[b'x'; 10_000], b"\r\n"].concat();
        assert_eq!(only_message(&large).1.payload.len(), 10_000);
    }

    #[test]
    fn a_frame_is_taken_when_it_is_there_whole_and_not_before() {
        let frames = ["PING\r\n", "HMSG a.b 8 r.1 18 20\r\nNATS/1.0\r\nx: y\r\n\r\nhi\r\n", "PONG\r\n"];
        let text = frames.concat();
        let ends = [1, 2, 3].map(|upto| frames[..upto].concat().len());
        for cut in 0..=text.len() {
            let (mut input, mut taken) = (BytesMut::from(&text[..cut]), 0);
            while take(&mut input).unwrap().is_some() {
                taken += 1;
            }
            assert_eq!(taken, ends.iter().filter(|end| cut >= **end).count(), "{cut}");
        }
    }

    #[test]
    fn what_is_written_is_what_the_protocol_says() {
        let (mut out, mut headers) = (vec![], Headers::default());
        publish(&mut out, &Outgoing::plain("a", b"one"));
        headers.insert("x", "y");
        publish(&mut out, &Outgoing { subject: "a", reply: Some("r"), headers: &headers, payload: b"two" });
        subscribe(&mut out, "a.>", Some("q"), 1);
        subscribe(&mut out, "b", None, 2);
        unsubscribe(&mut out, 1);
        let text = "PUB a 3\r\none\r\nHPUB a r 18 21\r\nNATS/1.0\r\nx: y\r\n\r\ntwo\r\n\
            SUB a.> q 1\r\nSUB b 2\r\nUNSUB 1\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn a_subject_that_is_no_text_costs_its_message_and_no_more() {
        let frames = all(b"MSG a.\xff 1 1\r\nx\r\nMSG a 1 \xff 1\r\nx\r\nMSG a 1 1\r\nx\r\n").unwrap();
        assert!(matches!(&frames[..], [Frame::Ok, Frame::Ok, Frame::Message { .. }]), "{frames:?}");
    }

    #[test]
    fn what_is_no_nats_is_refused() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "MSG a 1\r\n",
            "MSG a x 1\r\nx\r\n",
            "MSG a 1 r s t 1\r\nx\r\n",
            "HMSG a 1 20 10\r\n",
            "MSG a 1 99999999999\r\n",
            "INFO {\r\n",
        ] {
            assert!(all(text.as_bytes()).is_err(), "{text}");
        }
        assert!(all(&vec![b'x'; LINE_MAX + 1]).is_err());
        assert!(
            matches!(&all(b"-ERR 'Stale Connection'\r\n").unwrap()[..], [Frame::Err(text)] if text == "Stale Connection")
        );
    }

    proptest::proptest! {
        #[test]
        fn junk_is_refused_without_a_panic(text in "(MSG|HMSG|INFO|PING|-ERR)[ a-z0-9\\r\\n{}\u{e9}]{0,64}") {
            let _refused = all(text.as_bytes());
        }
    }
}
