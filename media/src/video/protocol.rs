//! The frames between a program and its worker, over stdin and stdout.
//!
//! A frame is its length (`u32`, big-endian, of what follows), one byte that says what it is, and the
//! payload. Where bytes go along, the payload is the length of the JSON (`u32`, big-endian), the JSON,
//! and the bytes. To the worker: one job, then inputs, then the end; back: outputs, then done or failed.
//! Both sides refuse a frame that is larger than it may be before they make room for it.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::job::{Job, Limits};
use super::output::{Change, Done, Input, InputHead, Note, Output, Segment, Sheet, StillPicture};

/// The most bytes that go along with one input or output.
pub const MAX_BYTES: usize = 64 << 20;
/// The most JSON in one frame.
const MAX_JSON: usize = 1 << 20;

const JOB: u8 = 1;
const INPUT: u8 = 2;
const END: u8 = 3;
const OUTPUT: u8 = 16;
const DONE: u8 = 17;
const FAILED: u8 = 18;

/// What a worker is told first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// What to do.
    pub job: Job,
    /// Within which bounds.
    pub limits: Limits,
}

/// To the worker, after its order.
#[derive(Debug)]
pub enum ToWorker {
    /// The next input.
    Input(Input),
    /// There are no more.
    End,
}

/// From the worker.
#[derive(Debug)]
pub enum FromWorker {
    /// Something is ready.
    Output(Output),
    /// All is done. The last frame.
    Done(Done),
    /// It cannot be done. The last frame.
    Failed(Failure),
}

/// Why a worker gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// For a person to read.
    pub reason: String,
    /// Whether it had no more memory.
    pub out_of_memory: bool,
}

/// The JSON of an output; the bytes come after it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "output", rename_all = "camelCase")]
enum OutputHead {
    Segment(Segment),
    Changed { changes: Vec<Change> },
    Sheet(Sheet),
    Still(StillPicture),
    File { path: std::path::PathBuf },
    Progress { us: u64 },
    Note(Note),
}

/// Sends the order. The first frame.
///
/// # Errors
/// What the writer returns.
pub fn write_order(to: &mut impl Write, order: &Order) -> io::Result<()> {
    write_frame(to, JOB, &serde_json::to_vec(order)?, &[])
}

/// Reads the order.
///
/// # Errors
/// `InvalidData` if the frame is something else, `UnexpectedEof` if there is none.
pub fn read_order(from: &mut impl Read) -> io::Result<Order> {
    match read_frame(from)? {
        (JOB, payload) => parse(&payload),
        (kind, _) => Err(invalid(format!("a frame of kind {kind}, expected a job"))),
    }
}

/// Sends one input.
///
/// # Errors
/// `InvalidInput` if it is too large, or what the writer returns.
pub fn write_input(to: &mut impl Write, input: &Input) -> io::Result<()> {
    write_with_bytes(to, INPUT, &input.head, &input.bytes)
}

/// Says that there are no more inputs.
///
/// # Errors
/// What the writer returns.
pub fn write_end(to: &mut impl Write) -> io::Result<()> {
    write_frame(to, END, &[], &[])
}

/// Reads what follows the order.
///
/// # Errors
/// `InvalidData` for anything else, `UnexpectedEof` if the other side is gone.
pub fn read_to_worker(from: &mut impl Read) -> io::Result<ToWorker> {
    match read_frame(from)? {
        (INPUT, payload) => {
            let (head, bytes) = split::<InputHead>(payload)?;
            Ok(ToWorker::Input(Input { head, bytes }))
        }
        (END, _) => Ok(ToWorker::End),
        (kind, _) => Err(invalid(format!(
            "a frame of kind {kind}, expected an input or the end"
        ))),
    }
}

/// Sends one output.
///
/// # Errors
/// `InvalidInput` if it is too large, or what the writer returns.
pub fn write_output(to: &mut impl Write, output: Output) -> io::Result<()> {
    let (head, bytes) = match output {
        Output::Segment(segment, bytes) => (OutputHead::Segment(segment), bytes),
        Output::Changed(changes) => (OutputHead::Changed { changes }, Vec::new()),
        Output::Sheet(sheet, bytes) => (OutputHead::Sheet(sheet), bytes),
        Output::Still(still, bytes) => (OutputHead::Still(still), bytes),
        Output::File(path) => (OutputHead::File { path }, Vec::new()),
        Output::Progress { us } => (OutputHead::Progress { us }, Vec::new()),
        Output::Note(note) => (OutputHead::Note(note), Vec::new()),
    };
    write_with_bytes(to, OUTPUT, &head, &bytes)
}

/// Says that all is done. The last frame.
///
/// # Errors
/// What the writer returns.
pub fn write_done(to: &mut impl Write, done: &Done) -> io::Result<()> {
    write_frame(to, DONE, &serde_json::to_vec(done)?, &[])
}

/// Says that it cannot be done. The last frame.
///
/// # Errors
/// What the writer returns.
pub fn write_failed(to: &mut impl Write, failure: &Failure) -> io::Result<()> {
    write_frame(to, FAILED, &serde_json::to_vec(failure)?, &[])
}

/// Reads what a worker sends.
///
/// # Errors
/// `InvalidData` for anything that no worker sends, `UnexpectedEof` if the worker is gone.
pub fn read_from_worker(from: &mut impl Read) -> io::Result<FromWorker> {
    let payload = match read_frame(from)? {
        (OUTPUT, payload) => payload,
        (DONE, payload) => return parse(&payload).map(FromWorker::Done),
        (FAILED, payload) => return parse(&payload).map(FromWorker::Failed),
        (kind, _) => {
            return Err(invalid(format!(
                "a frame of kind {kind}, expected an output"
            )));
        }
    };
    let (head, bytes) = split::<OutputHead>(payload)?;
    Ok(FromWorker::Output(match head {
        OutputHead::Segment(segment) => Output::Segment(segment, bytes),
        OutputHead::Changed { changes } => Output::Changed(changes),
        OutputHead::Sheet(sheet) => Output::Sheet(sheet, bytes),
        OutputHead::Still(still) => Output::Still(still, bytes),
        OutputHead::File { path } => Output::File(path),
        OutputHead::Progress { us } => Output::Progress { us },
        OutputHead::Note(note) => Output::Note(note),
    }))
}

fn write_with_bytes(
    to: &mut impl Write,
    kind: u8,
    head: &impl Serialize,
    bytes: &[u8],
) -> io::Result<()> {
    let json = serde_json::to_vec(head)?;
    if bytes.len() > MAX_BYTES || json.len() > MAX_JSON {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{} bytes with {} of JSON, at most {MAX_BYTES} with {MAX_JSON} fit",
                bytes.len(),
                json.len()
            ),
        ));
    }
    let mut front = Vec::with_capacity(json.len() + 4);
    front.extend_from_slice(&(json.len() as u32).to_be_bytes());
    front.extend_from_slice(&json);
    write_frame(to, kind, &front, bytes)
}

/// Callers keep `front` and `bytes` together below 4 GiB.
fn write_frame(to: &mut impl Write, kind: u8, front: &[u8], bytes: &[u8]) -> io::Result<()> {
    let length = (1 + front.len() + bytes.len()) as u32;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&[kind])?;
    to.write_all(front)?;
    to.write_all(bytes)?;
    to.flush()
}

fn read_frame(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length == 0 || length > 1 + 4 + MAX_JSON + MAX_BYTES {
        return Err(invalid(format!("a frame of {length} bytes")));
    }
    let mut kind = [0; 1];
    from.read_exact(&mut kind)?;
    let mut payload = Vec::new();
    // Room is made as bytes arrive: a length alone costs nothing.
    let read = from.take(length as u64 - 1).read_to_end(&mut payload)?;
    if read != length - 1 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((kind[0], payload))
}

/// The JSON in front, and the bytes behind it.
fn split<T: DeserializeOwned>(mut payload: Vec<u8>) -> io::Result<(T, Vec<u8>)> {
    let Some((length, rest)) = payload.split_first_chunk::<4>() else {
        return Err(invalid("a frame without a head".to_owned()));
    };
    let length = u32::from_be_bytes(*length) as usize;
    let json = rest
        .get(..length)
        .ok_or_else(|| invalid(format!("a head of {length} bytes, {} came", rest.len())))?;
    let head = parse(json)?;
    payload.drain(..4 + length);
    Ok((head, payload))
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> io::Result<T> {
    serde_json::from_slice(json).map_err(|e| invalid(e.to_string()))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_comes_out_as_it_went_in() {
        let input = Input {
            head: InputHead {
                first_us: 1,
                last_us: u64::MAX,
                media_type: "image/png".to_owned(),
            },
            bytes: vec![7; 300],
        };
        let mut wire = Vec::new();
        write_input(&mut wire, &input).unwrap();
        write_end(&mut wire).unwrap();
        let mut wire = wire.as_slice();
        assert!(matches!(read_to_worker(&mut wire).unwrap(), ToWorker::Input(i) if i == input));
        assert!(matches!(read_to_worker(&mut wire).unwrap(), ToWorker::End));
        assert_eq!(
            read_to_worker(&mut wire).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }

    #[test]
    fn frames_that_nobody_sends_are_refused() {
        let cases: [(&str, &[u8]); 6] = [
            ("no kind", &[0, 0, 0, 0]),
            ("larger than any", &[0xff, 0xff, 0xff, 0xff, INPUT]),
            ("another kind", &[0, 0, 0, 1, 99]),
            ("no head", &[0, 0, 0, 3, INPUT, 0, 0]),
            (
                "a head that is longer than the frame",
                &[0, 0, 0, 5, INPUT, 0, 0, 1, 0],
            ),
            (
                "a head that is not JSON",
                &[0, 0, 0, 6, INPUT, 0, 0, 0, 1, b'x'],
            ),
        ];
        for (name, wire) in cases {
            let error = read_to_worker(&mut &*wire).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{name}: {error}");
        }
    }

    #[test]
    fn a_frame_that_is_cut_off_is_the_end_of_the_other_side() {
        let mut wire = Vec::new();
        write_done(&mut wire, &Done::default()).unwrap();
        for length in 0..wire.len() {
            let error = read_from_worker(&mut &wire[..length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length} bytes");
        }
    }
}
