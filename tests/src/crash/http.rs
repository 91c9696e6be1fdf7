//! As much of HTTP/1.1 as a client that is to be cut off at any byte needs, and the proxy that cuts
//! it off: messages whose length is said.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// So long an answer may take. A server that takes longer is one that hangs, which the deadline of
/// the batch finds.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const LINE_MAX: u64 = 16 << 10;

/// A request or an answer, as it stands on the wire.
pub(super) struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// A request.
    pub(super) fn request(
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Self {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: retrace\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
        Self { head, body }
    }

    /// All its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }

    /// What follows the headers.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Whether the sender says that it closes the connection after it.
    pub(super) fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }

    /// Reads a message. `None` when the other side closed before one began.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = String::new();
        loop {
            let before = head.len();
            from.take(LINE_MAX).read_line(&mut head)?;
            match &head[before..] {
                "" if before == 0 => return Ok(None),
                "" => return Err(io::ErrorKind::UnexpectedEof.into()),
                "\r\n" => break,
                _ => {}
            }
        }
        let mut message = Self {
            head,
            body: Vec::new(),
        };
        let length = message.header("content-length");
        let length = length.and_then(|length| length.parse().ok());
        let length: usize = length.ok_or(io::ErrorKind::InvalidData)?;
        message.body = vec![0; length];
        from.read_exact(&mut message.body)?;
        Ok(Some(message))
    }
}

/// A connection, from either side.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects to a server.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, CONNECT_WITHIN)?)
    }

    /// The side of a server.
    pub(super) fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// The next message. `None` when the other side has closed.
    pub(super) fn receive(&mut self) -> io::Result<Option<Message>> {
        Message::read(&mut self.0)
    }

    /// The answer to one request.
    pub(super) fn ask(&mut self, request: &[u8]) -> io::Result<Message> {
        self.send(request)?;
        self.receive()?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
