//! The messages of `sudo_logsrv.proto`, with the tags that they have there.
//!
//! Texts are bytes here: sudo does not check that what it sends as `string` is UTF-8, and a file name
//! in Latin-1 must not keep a command from being recorded.

use prost::{Message, Oneof};

/// What a client sends.
#[derive(Clone, PartialEq, Message)]
pub struct ClientMessage {
    /// The one message in it.
    #[prost(
        oneof = "ClientEvent",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13"
    )]
    pub event: Option<ClientEvent>,
}

/// The kinds of messages that a client sends.
#[derive(Clone, PartialEq, Oneof)]
pub enum ClientEvent {
    /// A command was allowed.
    #[prost(message, tag = "1")]
    Accept(AcceptMessage),
    /// A command was not allowed.
    #[prost(message, tag = "2")]
    Reject(RejectMessage),
    /// The command ended.
    #[prost(message, tag = "3")]
    Exit(ExitMessage),
    /// A log that broke off goes on.
    #[prost(message, tag = "4")]
    Restart(RestartMessage),
    /// The policy found something wrong.
    #[prost(message, tag = "5")]
    Alert(AlertMessage),
    /// Typed at the terminal.
    #[prost(message, tag = "6")]
    TtyIn(IoBuffer),
    /// Shown on the terminal.
    #[prost(message, tag = "7")]
    TtyOut(IoBuffer),
    /// Read from a standard input that is no terminal.
    #[prost(message, tag = "8")]
    StdIn(IoBuffer),
    /// Written to a standard output that is no terminal.
    #[prost(message, tag = "9")]
    StdOut(IoBuffer),
    /// Written to a standard error that is no terminal.
    #[prost(message, tag = "10")]
    StdErr(IoBuffer),
    /// The terminal changed its size.
    #[prost(message, tag = "11")]
    WindowSize(ChangeWindowSize),
    /// The command was stopped, or goes on.
    #[prost(message, tag = "12")]
    Suspend(CommandSuspend),
    /// Who the client is.
    #[prost(message, tag = "13")]
    Hello(ClientHello),
}

impl ClientEvent {
    /// Its name in the protocol.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "AcceptMessage",
            Self::Reject(_) => "RejectMessage",
            Self::Exit(_) => "ExitMessage",
            Self::Restart(_) => "RestartMessage",
            Self::Alert(_) => "AlertMessage",
            Self::TtyIn(_) | Self::TtyOut(_) => "IoBuffer of a terminal",
            Self::StdIn(_) | Self::StdOut(_) | Self::StdErr(_) => "IoBuffer",
            Self::WindowSize(_) => "ChangeWindowSize",
            Self::Suspend(_) => "CommandSuspend",
            Self::Hello(_) => "ClientHello",
        }
    }
}

/// Seconds and nanoseconds: a time of the wall clock since 1970, or a span.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct TimeSpec {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub tv_sec: i64,
    /// Nanoseconds beyond them.
    #[prost(int32, tag = "2")]
    pub tv_nsec: i32,
}

/// Bytes that were read or written.
#[derive(Clone, PartialEq, Message)]
pub struct IoBuffer {
    /// The time since the entry before.
    #[prost(message, optional, tag = "1")]
    pub delay: Option<TimeSpec>,
    /// The bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub data: Vec<u8>,
}

/// A key with its value.
#[derive(Clone, PartialEq, Message)]
pub struct InfoMessage {
    /// The key: `submituser`, `command`, …
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// The value.
    #[prost(oneof = "InfoValue", tags = "2, 3, 4, 5")]
    pub value: Option<InfoValue>,
}

/// What the value of a key may be.
#[derive(Clone, PartialEq, Oneof)]
pub enum InfoValue {
    /// A number.
    #[prost(int64, tag = "2")]
    Number(i64),
    /// A text.
    #[prost(bytes = "vec", tag = "3")]
    Text(Vec<u8>),
    /// Texts.
    #[prost(message, tag = "4")]
    Texts(StringList),
    /// Numbers.
    #[prost(message, tag = "5")]
    Numbers(NumberList),
}

/// Texts.
#[derive(Clone, PartialEq, Message)]
pub struct StringList {
    /// The texts.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub strings: Vec<Vec<u8>>,
}

/// Numbers.
#[derive(Clone, PartialEq, Message)]
pub struct NumberList {
    /// The numbers.
    #[prost(int64, repeated, tag = "1")]
    pub numbers: Vec<i64>,
}

/// A command was allowed.
#[derive(Clone, PartialEq, Message)]
pub struct AcceptMessage {
    /// When it was asked for, by the client's wall clock.
    #[prost(message, optional, tag = "1")]
    pub submit_time: Option<TimeSpec>,
    /// Who, where and what.
    #[prost(message, repeated, tag = "2")]
    pub info_msgs: Vec<InfoMessage>,
    /// Whether what it reads and writes will follow.
    #[prost(bool, tag = "3")]
    pub expect_iobufs: bool,
}

/// A command was not allowed.
#[derive(Clone, PartialEq, Message)]
pub struct RejectMessage {
    /// When it was asked for, by the client's wall clock.
    #[prost(message, optional, tag = "1")]
    pub submit_time: Option<TimeSpec>,
    /// Why.
    #[prost(bytes = "vec", tag = "2")]
    pub reason: Vec<u8>,
    /// Who, where and what.
    #[prost(message, repeated, tag = "3")]
    pub info_msgs: Vec<InfoMessage>,
}

/// The command ended.
#[derive(Clone, PartialEq, Message)]
pub struct ExitMessage {
    /// How long it ran.
    #[prost(message, optional, tag = "1")]
    pub run_time: Option<TimeSpec>,
    /// Its exit status.
    #[prost(int32, tag = "2")]
    pub exit_value: i32,
    /// Whether it left a core file.
    #[prost(bool, tag = "3")]
    pub dumped_core: bool,
    /// The signal that killed it, without `SIG`.
    #[prost(bytes = "vec", tag = "4")]
    pub signal: Vec<u8>,
    /// What else ended it.
    #[prost(bytes = "vec", tag = "5")]
    pub error: Vec<u8>,
}

/// The policy found something wrong.
#[derive(Clone, PartialEq, Message)]
pub struct AlertMessage {
    /// When, by the client's wall clock.
    #[prost(message, optional, tag = "1")]
    pub alert_time: Option<TimeSpec>,
    /// What.
    #[prost(bytes = "vec", tag = "2")]
    pub reason: Vec<u8>,
    /// Who, where and what.
    #[prost(message, repeated, tag = "3")]
    pub info_msgs: Vec<InfoMessage>,
}

/// A log that broke off goes on.
#[derive(Clone, PartialEq, Message)]
pub struct RestartMessage {
    /// The id that the server gave the log.
    #[prost(bytes = "vec", tag = "1")]
    pub log_id: Vec<u8>,
    /// The commit point that it goes on from.
    #[prost(message, optional, tag = "2")]
    pub resume_point: Option<TimeSpec>,
}

/// The terminal changed its size.
#[derive(Clone, PartialEq, Message)]
pub struct ChangeWindowSize {
    /// The time since the entry before.
    #[prost(message, optional, tag = "1")]
    pub delay: Option<TimeSpec>,
    /// Rows from now on.
    #[prost(int32, tag = "2")]
    pub rows: i32,
    /// Columns from now on.
    #[prost(int32, tag = "3")]
    pub cols: i32,
}

/// The command was stopped, or goes on.
#[derive(Clone, PartialEq, Message)]
pub struct CommandSuspend {
    /// The time since the entry before.
    #[prost(message, optional, tag = "1")]
    pub delay: Option<TimeSpec>,
    /// The signal, without `SIG`.
    #[prost(bytes = "vec", tag = "2")]
    pub signal: Vec<u8>,
}

/// Who the client is.
#[derive(Clone, PartialEq, Message)]
pub struct ClientHello {
    /// Its name and version.
    #[prost(bytes = "vec", tag = "1")]
    pub client_id: Vec<u8>,
}

/// What a server sends.
#[derive(Clone, PartialEq, Message)]
pub struct ServerMessage {
    /// The one message in it.
    #[prost(oneof = "ServerEvent", tags = "1, 2, 3, 4, 5")]
    pub event: Option<ServerEvent>,
}

/// The kinds of messages that a server sends.
#[derive(Clone, PartialEq, Oneof)]
pub enum ServerEvent {
    /// Who the server is: the first message.
    #[prost(message, tag = "1")]
    Hello(ServerHello),
    /// Up to here everything is stored.
    #[prost(message, tag = "2")]
    CommitPoint(TimeSpec),
    /// The id with which the log can go on after the connection broke.
    #[prost(string, tag = "3")]
    LogId(String),
    /// Something went wrong, and this ends the connection.
    #[prost(string, tag = "4")]
    Error(String),
    /// The command is to be killed, and this ends the connection.
    #[prost(string, tag = "5")]
    Abort(String),
}

/// Who the server is.
#[derive(Clone, PartialEq, Message)]
pub struct ServerHello {
    /// Its name and version.
    #[prost(string, tag = "1")]
    pub server_id: String,
    /// Another server to go to.
    #[prost(string, tag = "2")]
    pub redirect: String,
    /// Other servers.
    #[prost(string, repeated, tag = "3")]
    pub servers: Vec<String>,
    /// Whether commands within a session may be sent.
    #[prost(bool, tag = "4")]
    pub subcommands: bool,
}
