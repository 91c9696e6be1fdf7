//! The five channels of a command, as text.

use std::collections::BTreeMap;

use crate::utf8::Decoder;

/// Where something was read from or written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    TtyIn,
    TtyOut,
    StdIn,
    StdOut,
    StdErr,
}

impl Channel {
    pub(super) const ALL: [Self; 5] = [
        Self::TtyIn,
        Self::TtyOut,
        Self::StdIn,
        Self::StdOut,
        Self::StdErr,
    ];

    pub(super) fn is_input(self) -> bool {
        matches!(self, Self::TtyIn | Self::StdIn)
    }

    /// Its name in logs of sudo.
    fn name(self) -> &'static str {
        match self {
            Self::TtyIn => "ttyin",
            Self::TtyOut => "ttyout",
            Self::StdIn => "stdin",
            Self::StdOut => "stdout",
            Self::StdErr => "stderr",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// Makes text of the bytes of each channel.
#[derive(Debug, Default)]
pub(super) struct Channels([Decoder; 5]);

impl Channels {
    /// Such as hold the beginnings of characters that [`Self::held`] has told. What is no channel and
    /// no hexadecimal is passed over.
    pub(super) fn holding(held: &BTreeMap<String, String>) -> Self {
        let mut channels = Self::default();
        for (name, bytes) in held {
            if let (Some(channel), Ok(bytes)) = (Channel::of_name(name), hex::decode(bytes)) {
                *channels.decoder(channel) = Decoder::holding(&bytes);
            }
        }
        channels
    }

    /// The beginnings of characters whose rest has not come, in hexadecimal.
    pub(super) fn held(&self) -> BTreeMap<String, String> {
        let channels = Channel::ALL.into_iter().zip(&self.0);
        channels
            .filter(|(_, decoder)| !decoder.held().is_empty())
            .map(|(channel, decoder)| (channel.name().to_owned(), hex::encode(decoder.held())))
            .collect()
    }

    /// Appends the text of the next piece.
    ///
    /// Output that goes to no terminal ends its lines in LF alone. A terminal that shows it puts a CR
    /// before each (ONLCR), and the recording shows what a terminal would have shown.
    pub(super) fn push(&mut self, channel: Channel, piece: &[u8], text: &mut String) {
        if !matches!(channel, Channel::StdOut | Channel::StdErr) {
            self.decoder(channel).push(piece, text);
            return;
        }
        let mut plain = String::new();
        self.decoder(channel).push(piece, &mut plain);
        text.push_str(&plain.replace('\n', "\r\n"));
    }

    /// Nothing follows on this channel.
    pub(super) fn finish(&mut self, channel: Channel, text: &mut String) {
        self.decoder(channel).finish(text);
    }

    fn decoder(&mut self, channel: Channel) -> &mut Decoder {
        &mut self.0[channel as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_pieces_survives_what_happens_between_them() {
        let (mut channels, mut text) = (Channels::default(), String::new());
        channels.push(Channel::TtyOut, b"\xe2\x82", &mut text);
        channels.push(Channel::StdErr, b"a\nb\xc3", &mut text);
        let held = channels.held();
        assert_eq!(held["ttyout"], "e282");
        assert_eq!(held.len(), 2);
        let mut channels = Channels::holding(&held);
        channels.push(Channel::TtyOut, b"\xac", &mut text);
        channels.finish(Channel::StdErr, &mut text);
        assert_eq!(text, "a\r\nb€\u{fffd}");
        assert_eq!(channels.held().len(), 0);
    }

    #[test]
    fn what_an_event_claims_to_be_held_is_not_trusted() {
        let claims = [("ttyout", "zz"), ("moon", "e2"), ("stdout", "616263e2")];
        let held = claims.map(|(name, bytes)| (name.to_owned(), bytes.to_owned()));
        let channels = Channels::holding(&BTreeMap::from(held));
        assert_eq!(channels.held().into_values().collect::<Vec<_>>(), ["e2"]);
    }
}
