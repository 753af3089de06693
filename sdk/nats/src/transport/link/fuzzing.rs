//! What must hold whatever a server sends, for the fuzzer.

use bytes::BytesMut;

use super::frame::{self, Frame};

/// Reads it as one piece and as two: the same comes out, up to where it is refused; and what a message has in headers
/// is the same when it is written again.
///
/// # Panics
/// When it is not so.
pub fn read(bytes: &[u8], cut: usize) {
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    let whole = frames(&mut BytesMut::new(), &[bytes]);
    let pieces = frames(&mut BytesMut::new(), &[first, second]);
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    for frame in whole {
        let Frame::Message { message, .. } = frame else { continue };
        let mut block = vec![];
        message.headers.write_block(&mut block);
        assert_eq!(block.len(), message.headers.block_len());
        let again = crate::transport::Headers::read(&block.into());
        assert!(again.iter().eq(message.headers.iter()));
    }
}

/// What can be read of these pieces, one after the other.
fn frames(input: &mut BytesMut, pieces: &[&[u8]]) -> Vec<Frame> {
    let mut frames = vec![];
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match frame::take(input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_refused) => return frames,
            }
        }
    }
    frames
}
