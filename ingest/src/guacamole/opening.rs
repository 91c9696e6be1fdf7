//! What a dump opens with, which says which session it is.

use retrace_core::{SessionId, Timestamp};
use retrace_media::guacamole::parser::{Limits, Parser};
use sha2::{Digest, Sha256};

/// An opening is at most this long, and then as many whole instructions as fit.
pub(crate) const OPENING_BYTES_MAX: usize = 1 << 20;
/// So much is kept of a connection's name.
const NAME_BYTES_MAX: usize = 256;
/// Times before are not since 1970: 2001-01-01, in milliseconds.
const SINCE_1970_MS: i64 = 978_307_200_000;

/// The first bytes of a dump: up to its second `sync`, or all instructions where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// What the session's id is made of, in place of the SHA-256 of all of it: that of the opening.
    pub(crate) identity: [u8; 32],
    /// When the first `sync` was, if its clock says.
    pub(crate) started_at: Option<Timestamp>,
    /// What the connection is called, if it says so by then.
    pub(crate) name: Option<String>,
}

impl Opening {
    /// The opening of a dump that begins with `beginning`. `None` when more has to be seen, which there may be
    /// unless `is_all`.
    pub(crate) fn of(beginning: &[u8], is_all: bool) -> Option<Self> {
        let beginning = &beginning[..beginning.len().min(OPENING_BYTES_MAX)];
        let mut parser = Parser::new(Limits::default());
        parser.push(beginning);
        let (mut syncs, mut end, mut first, mut name, mut damaged) = (0, 0, None, None, false);
        while syncs < 2 {
            match parser.next() {
                Ok(Some(instruction)) => {
                    end = instruction.end();
                    match instruction.opcode() {
                        "sync" => {
                            syncs += 1;
                            first = first.or(instruction.long(0));
                        }
                        "name" => name = instruction.arg(0).map(shortened),
                        _ => {}
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    damaged = true;
                    break;
                }
            }
        }
        let is_known = syncs == 2 || is_all || damaged || beginning.len() == OPENING_BYTES_MAX;
        is_known.then(|| Self {
            identity: Sha256::new()
                .chain_update(b"opening of a Guacamole dump\0")
                // The parser was given no more.
                .chain_update(&beginning[..usize::try_from(end).unwrap_or(beginning.len())])
                .finalize()
                .into(),
            started_at: first
                .filter(|ms| *ms > SINCE_1970_MS)
                .and_then(|ms| Timestamp::from_micros(ms.checked_mul(1_000)?).ok()),
            name,
        })
    }

    /// The session that the dump is.
    pub(crate) fn session(&self) -> SessionId {
        SessionId::of_recording(&self.identity)
    }
}

fn shortened(name: &str) -> String {
    name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned()
}

/// The protocol behind Guacamole, where the name of the file or of the connection tells: `vnc-ops` is VNC.
pub(crate) fn protocol(names: [Option<&str>; 2]) -> Option<String> {
    const PROTOCOLS: [&str; 5] = ["vnc", "rdp", "ssh", "telnet", "kubernetes"];
    let lower: Vec<String> = names
        .into_iter()
        .flatten()
        .map(str::to_ascii_lowercase)
        .collect();
    let mut words = lower
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_ascii_alphanumeric()));
    let known = words.find(|word| PROTOCOLS.contains(word))?;
    Some(known.to_owned())
}

/// Whether a file that begins like this is a dump: its first instruction is whole and a known one, or
/// several follow each other.
pub(crate) fn looks_like(beginning: &[u8]) -> bool {
    const FIRST: [&str; 10] = [
        "size", "sync", "img", "png", "jpeg", "rect", "name", "cfill", "cursor", "nop",
    ];
    // Cheap for what is no dump: `4.size,` begins with a length.
    if !matches!(beginning, [b'1'..=b'9', b'.' | b'0'..=b'9', ..]) {
        return false;
    }
    let mut parser = Parser::new(Limits::default());
    parser.push(beginning);
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    for whole in 0..3 {
        match parser.next() {
            Ok(Some(instruction)) if FIRST.contains(&instruction.opcode()) => return true,
            Ok(Some(instruction)) if is_name(instruction.opcode()) => {}
            Ok(Some(_)) | Err(_) => return false,
            Ok(None) => return whole > 0,
        }
    }
    true
}

/// Whether a file begins with at least one instruction.
pub(crate) fn has_instruction(beginning: &[u8]) -> bool {
    let mut parser = Parser::new(Limits::default());
    parser.push(beginning);
    matches!(parser.next(), Ok(Some(_)))
}
