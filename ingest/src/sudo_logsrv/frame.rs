//! Where one message ends and the next begins: before each stands its size, four bytes, the highest
//! first.

use prost::Message;

use super::ProtocolError;
use super::messages::{ClientEvent, ClientMessage, ServerEvent, ServerMessage};

/// The largest message that is taken: as `sudo_logsrvd` has it.
pub const MESSAGE_BYTES_MAX: usize = 2 << 20;
/// The bytes of a size.
const SIZE_BYTES: usize = 4;

/// Cuts bytes that come in pieces of any size into messages. Holds what was pushed and not taken; who
/// takes messages before pushing more holds no more than one message and the piece that came last.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// What stands before this was taken already.
    taken: usize,
}

impl Frames {
    /// Adds bytes.
    pub fn push(&mut self, piece: &[u8]) {
        if self.taken == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..self.taken);
        }
        self.taken = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// The next message, if all of it is there. A message of a kind that is not known, from a newer
    /// client, is passed over.
    ///
    /// # Errors
    /// When it is too large, or none. What follows cannot be read then.
    pub fn next_message(&mut self) -> Result<Option<ClientEvent>, ProtocolError> {
        while let Some(size) = self.size()? {
            let Some(message) = self.rest().get(SIZE_BYTES..SIZE_BYTES + size) else {
                return Ok(None);
            };
            let decoded = ClientMessage::decode(message)
                .map_err(|error| ProtocolError::NotAMessage(error.to_string()))?;
            self.taken += SIZE_BYTES + size;
            if decoded.event.is_some() {
                return Ok(decoded.event);
            }
        }
        Ok(None)
    }

    /// How many bytes are missing until the message that has begun is there; 0 when none has begun.
    pub fn missing(&self) -> usize {
        match (self.rest().len(), self.size()) {
            (0, _) => 0,
            (have, Ok(Some(size))) => (SIZE_BYTES + size).saturating_sub(have).max(1),
            _ => 1,
        }
    }

    /// How many bytes were pushed and not taken.
    pub fn waiting_bytes(&self) -> usize {
        self.rest().len()
    }

    /// Whether the beginning of a message is there, and the rest of it is not.
    pub fn has_begun(&self) -> bool {
        !self.rest().is_empty()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn size(&self) -> Result<Option<usize>, ProtocolError> {
        let Some(size) = self.rest().first_chunk::<SIZE_BYTES>() else {
            return Ok(None);
        };
        let found = u32::from_be_bytes(*size);
        match usize::try_from(found) {
            Ok(size) if size <= MESSAGE_BYTES_MAX => Ok(Some(size)),
            _ => Err(ProtocolError::TooLarge { found }),
        }
    }
}

/// A message of the server, with its size before it.
pub fn to_bytes(event: ServerEvent) -> Vec<u8> {
    framed(&ServerMessage { event: Some(event) })
}

/// A message of a client, with its size before it. For tests.
pub fn client_to_bytes(event: ClientEvent) -> Vec<u8> {
    framed(&ClientMessage { event: Some(event) })
}

fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let size = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&size.to_be_bytes(), message.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sudo_logsrv::messages::{ClientHello, IoBuffer, TimeSpec};

    fn output(data: &[u8]) -> ClientEvent {
        let delay = TimeSpec {
            tv_sec: 1,
            tv_nsec: 5,
        };
        ClientEvent::TtyOut(IoBuffer {
            delay: Some(delay),
            data: data.to_vec(),
        })
    }

    /// As protoc writes it: `printf '...' | protoc --encode=ClientMessage sudo_logsrv.proto`.
    #[test]
    fn the_bytes_are_those_of_the_protocol() {
        let hello = ClientEvent::Hello(ClientHello {
            client_id: b"sudo".to_vec(),
        });
        assert_eq!(client_to_bytes(hello), b"\0\0\0\x08\x6a\x06\x0a\x04sudo");
        let bytes = b"\0\0\0\x0b\x3a\x09\x0a\x04\x08\x01\x10\x05\x12\x01x";
        assert_eq!(client_to_bytes(output(b"x")), bytes);
        // A commit point of 0 is there, and has no members.
        let start = ServerEvent::CommitPoint(TimeSpec::default());
        assert_eq!(to_bytes(start), b"\0\0\0\x02\x12\0");
    }

    #[test]
    fn a_message_that_is_too_large_or_none_is_refused_before_it_has_come() {
        let mut frames = Frames::default();
        frames.push(&[0, 0x20, 0, 1]);
        let found = (2 << 20) + 1;
        assert_eq!(
            frames.next_message(),
            Err(ProtocolError::TooLarge { found })
        );
        let mut frames = Frames::default();
        frames.push(b"\0\0\0\x02\xff\xff");
        assert!(matches!(
            frames.next_message(),
            Err(ProtocolError::NotAMessage(_))
        ));
        let mut frames = Frames::default();
        frames.push(b"GET / HTTP/1.1\r\n\r\n");
        assert!(matches!(
            frames.next_message(),
            Err(ProtocolError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_message_of_a_newer_client_is_passed_over() {
        let mut frames = Frames::default();
        // Field 100, with the text `x`; and an empty message.
        frames.push(b"\0\0\0\x04\xa2\x06\x01x\0\0\0\0");
        frames.push(&client_to_bytes(output(b"y")));
        assert_eq!(frames.next_message(), Ok(Some(output(b"y"))));
        assert_eq!(frames.next_message(), Ok(None));
        assert!(!frames.has_begun());
    }

    proptest! {
        #[test]
        fn messages_are_the_same_however_they_arrive(
            contents in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..40), 0..8),
            size in 1..50_usize,
        ) {
            let sent: Vec<ClientEvent> = contents.iter().map(|data| output(data)).collect();
            let bytes: Vec<u8> = sent.iter().cloned().flat_map(client_to_bytes).collect();
            let (mut frames, mut received) = (Frames::default(), Vec::new());
            for piece in bytes.chunks(size) {
                frames.push(piece);
                while let Some(message) = frames.next_message().unwrap() {
                    received.push(message);
                }
                prop_assert_eq!(frames.missing() > 0, frames.has_begun());
            }
            prop_assert_eq!(received, sent);
            prop_assert!(!frames.has_begun());
        }

        #[test]
        fn nothing_that_is_sent_makes_it_fail(bytes in any::<Vec<u8>>(), size in 1..20_usize) {
            let mut frames = Frames::default();
            for piece in bytes.chunks(size) {
                frames.push(piece);
                while let Ok(Some(_)) = frames.next_message() {}
                frames.missing();
            }
        }
    }
}
