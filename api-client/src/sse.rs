//! Server-sent events, as they come in pieces.

use std::time::Duration;

/// The longest message.
const MESSAGE_MAX: usize = 8 << 20;

/// One message with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The kind; `message` where none is named.
    pub(crate) event: String,
    pub(crate) data: String,
    /// Where to go on after it, as it stands by then; empty when the position was taken away.
    pub(crate) id: Option<String>,
}

/// What has been read and makes no message yet.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    rest: Vec<u8>,
    /// How far the rest is known to have no end of a line.
    seen: usize,
    event: String,
    data: Option<String>,
    id: Option<String>,
    /// How long to wait before connecting again, where the server has said so.
    pub(crate) retry: Option<Duration>,
}

/// A message of more than [`MESSAGE_MAX`] bytes, or one that is no text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it sends no events: a message is too long or no text")]
pub(crate) struct NoEvents;

impl Parser {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
    }

    /// The next message that is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, NoEvents> {
        loop {
            let Some(end) = self.rest[self.seen..].iter().position(|byte| *byte == b'\n') else {
                self.seen = self.rest.len();
                let length = self.rest.len() + self.data.as_ref().map_or(0, String::len);
                return if length > MESSAGE_MAX { Err(NoEvents) } else { Ok(None) };
            };
            let line: Vec<u8> = self.rest.drain(..=self.seen + end).collect();
            self.seen = 0;
            let line = std::str::from_utf8(&line).map_err(|_no_text| NoEvents)?;
            let line = line.trim_end_matches(['\n', '\r']);
            if !line.is_empty() {
                self.field(line);
                continue;
            }
            let event = std::mem::take(&mut self.event);
            if let Some(data) = self.data.take() {
                let event = if event.is_empty() { "message".to_owned() } else { event };
                return Ok(Some(Message { event, data, id: self.id.clone() }));
            }
        }
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment, or a field of a later version.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, length: usize) -> Vec<Message> {
        let mut parser = Parser::default();
        let mut read = vec![];
        for piece in text.as_bytes().chunks(length) {
            parser.push(piece);
            while let Some(message) = parser.next().unwrap() {
                read.push(message);
            }
        }
        read
    }

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let text = "retry: 2000\n\n:\n\nid: 1:ä\nevent: event\ndata: {\"a\":1}\n\ndata: x\r\ndata: y\r\n\r\nid:\nevent: problem\ndata: {}\n\n";
        let message = |event: &str, data: &str, id: &str| Message {
            event: event.to_owned(),
            data: data.to_owned(),
            id: Some(id.to_owned()),
        };
        let expected = [
            message("event", "{\"a\":1}", "1:ä"),
            message("message", "x\ny", "1:ä"),
            message("problem", "{}", ""),
        ];
        for length in [1, 2, 7, text.len()] {
            assert_eq!(messages(text, length), expected, "{length}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let mut parser = Parser::default();
        parser.push(&vec![b'x'; MESSAGE_MAX + 1]);
        assert_eq!(parser.next(), Err(NoEvents));
    }
}
