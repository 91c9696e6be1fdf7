//! HTTP as cheap as it can be: one connection that stays open, requests that are bytes already.

use std::io;
use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Larger bodies are not copied behind their head.
const COPIED_BYTES_MAX: usize = 16 << 10;

pub(super) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    received: Vec<u8>,
}

pub(super) struct Answer<'a> {
    pub(super) status: u16,
    /// The seconds of `Retry-After`.
    pub(super) retry_after: Option<u64>,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request: Vec::new(),
            received: Vec::new(),
        })
    }

    /// Sends a request and reads the answer to its end.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        media_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer<'_>> {
        let length = body.len();
        self.request.clear();
        self.request.extend_from_slice(
            format!(
                "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
                 content-type: {media_type}\r\ncontent-length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        if body.len() <= COPIED_BYTES_MAX {
            self.request.extend_from_slice(body);
            self.stream.write_all(&self.request).await?;
        } else {
            self.stream.write_all(&self.request).await?;
            self.stream.write_all(body).await?;
        }
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer<'_>> {
        self.received.clear();
        let head_bytes = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.receive().await?;
        };
        let head = str::from_utf8(&self.received[..head_bytes])?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let length: usize = header(head, "content-length")
            .with_context(|| format!("an answer without a length: {head}"))?
            .parse()?;
        let retry_after = header(head, "retry-after").and_then(|text| text.parse().ok());
        while self.received.len() < head_bytes + length {
            self.receive().await?;
        }
        Ok(Answer {
            status,
            retry_after,
            body: &self.received[head_bytes..head_bytes + length],
        })
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        self.received.reserve(8 << 10);
        if self.stream.read_buf(&mut self.received).await? == 0 {
            let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it");
            return Err(closed.into());
        }
        Ok(())
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
