//! Syslog: RFC 5424 over UDP (RFC 5426), TCP with octet counting (RFC 6587) and TLS (RFC 5425).
//!
//! A receiver acknowledges nothing. That TCP has taken the bytes says that the receiver's kernel has them, not that the
//! receiver has read them. So what was sent counts as taken only once the connection has stood for a while since, and is
//! sent again, with the same ids, when it breaks before.

mod frame;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{CONNECT_WITHIN, Outgoing, Sink, SinkError, TAKEN_WITHIN};
use crate::siem::destinations::definition::{Destination, Kind, host_and_port};
use frame::Framer;
use stream::Connection;

/// What was sent counts as taken when the connection stands for so long since, unless the destination says otherwise.
const HOLD_S: u64 = 10;

pub(super) struct Syslog {
    framer: Framer,
    transport: Transport,
    hold: Duration,
    buffer: Vec<u8>,
}

enum Transport {
    Udp(UdpSocket),
    Stream(Connection),
}

impl Syslog {
    pub(super) async fn open(destination: &Arc<Destination>) -> Result<Self, SinkError> {
        let no_address = || SinkError::away("its address is no host and port");
        let (host, port) = host_and_port(&destination.target).ok_or_else(no_address)?;
        let (transport, hold) = match destination.kind {
            Kind::SyslogUdp => (Transport::Udp(udp(host, port).await?), 0),
            _ => {
                let tls = destination.kind == Kind::SyslogTls;
                let ca = destination.ca.as_deref();
                let connection = Connection::open(host, port, tls, ca).await?;
                let hold = destination.number("hold_s", HOLD_S);
                (Transport::Stream(connection), hold)
            }
        };
        Ok(Self {
            framer: Framer::new(destination),
            transport,
            hold: Duration::from_secs(hold),
            buffer: Vec::new(),
        })
    }
}

async fn udp(host: &str, port: u16) -> Result<UdpSocket, SinkError> {
    let away = |error: std::io::Error| SinkError::away(format!("it cannot be reached: {error}"));
    let looked_up = timeout(CONNECT_WITHIN, tokio::net::lookup_host((host, port))).await;
    let late = |_| SinkError::away("its name could not be looked up in time");
    let address = looked_up.map_err(late)?.map_err(away)?.next();
    let address = address.ok_or_else(|| SinkError::away("its name has no address"))?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).await.map_err(away)?;
    socket.connect(address).await.map_err(away)?;
    Ok(socket)
}

fn of_datagram(error: &std::io::Error) -> SinkError {
    let why = error.to_string();
    // It will be as long the next time.
    let too_long = Some(rustix::io::Errno::MSGSIZE.raw_os_error());
    if error.raw_os_error() == too_long {
        SinkError::Refused { why }
    } else {
        SinkError::away(why)
    }
}

#[async_trait]
impl Sink for Syslog {
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError> {
        match &mut self.transport {
            Transport::Udp(socket) => {
                for event in events {
                    self.buffer.clear();
                    self.framer.push(event, &mut self.buffer);
                    let sent = timeout(TAKEN_WITHIN, socket.send(&self.buffer)).await;
                    let sent = sent.map_err(|_| SinkError::away("it takes nothing"))?;
                    sent.map_err(|error| of_datagram(&error))?;
                }
                Ok(())
            }
            Transport::Stream(connection) => {
                self.buffer.clear();
                for event in events {
                    self.framer.push_counted(event, &mut self.buffer);
                }
                connection.write(&self.buffer).await
            }
        }
    }

    fn holds(&self) -> Duration {
        self.hold
    }

    async fn broken(&mut self) -> String {
        match &mut self.transport {
            Transport::Udp(_) => std::future::pending().await,
            Transport::Stream(connection) => connection.broken().await,
        }
    }

    async fn close(&mut self) -> bool {
        match &mut self.transport {
            Transport::Udp(_) => true,
            Transport::Stream(connection) => connection.close().await,
        }
    }
}
