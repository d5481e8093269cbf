//! What is asked of every server.

use clap::ValueEnum;

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// 64 keep-alive connections, no pipelining
    Keep64,
    /// 64 keep-alive connections, 16 requests in each write
    Pipeline16,
    /// 1,000 keep-alive connections, no pipelining
    Conns1000,
    /// 64 clients, a new connection for every request
    Newconn,
    /// 64 keep-alive connections, at half of the rate that nginx reaches: for latency
    Halfrate,
}

impl Workload {
    pub const ALL: [Self; 5] =
        [Self::Keep64, Self::Pipeline16, Self::Conns1000, Self::Newconn, Self::Halfrate];

    pub fn name(self) -> &'static str {
        match self {
            Self::Keep64 => "keep64",
            Self::Pipeline16 => "pipeline16",
            Self::Conns1000 => "conns1000",
            Self::Newconn => "newconn",
            Self::Halfrate => "halfrate",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Keep64 => "64 keep-alive connections",
            Self::Pipeline16 => "64 connections, 16 requests pipelined",
            Self::Conns1000 => "1,000 keep-alive connections",
            Self::Newconn => "a new connection for every request",
            Self::Halfrate => "64 connections, requests due at half of nginx's highest rate",
        }
    }

    pub fn connections(self) -> usize {
        if self == Self::Conns1000 { 1000 } else { 64 }
    }

    pub fn pipeline(self) -> usize {
        if self == Self::Pipeline16 { 16 } else { 1 }
    }

    /// Requests are due at a fixed rate.
    pub fn is_open_loop(self) -> bool {
        self == Self::Halfrate
    }

    /// One request a connection.
    pub fn closes(self) -> bool {
        self == Self::Newconn
    }
}
