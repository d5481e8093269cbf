#![allow(unsafe_code)] // setsockopt(TCP_DEFER_ACCEPT), which no safe crate has

//! Listening sockets: one a shard and address, sharing the port (SO_REUSEPORT),
//! so that the kernel spreads connections over the shards by itself.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, RawFd};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::{LISTEN_PAUSE_MS, LISTEN_WAIT_MS, SEND_BUFFER_BYTES};

/// How listening sockets are made.
#[derive(Debug, Clone, Copy)]
pub struct ListenOptions {
    /// Connections the kernel holds ready to be accepted, for each socket.
    pub backlog: i32,
    /// Seconds the kernel waits for a first byte before it shows us a
    /// connection (TCP_DEFER_ACCEPT, tcp(7)): with it the request is there when
    /// the connection is accepted, and silent peers cost us nothing.
    pub defer_accept_s: u32,
}

/// Opens `count` sockets that share `address`. With port 0 the kernel picks
/// one, the same for all. An address that is taken is tried again for a second;
/// `waits` is told so once.
///
/// # Errors
///
/// When the address is taken by another process (also one that would share it:
/// two servers on one port would each get half of the requests), or cannot be
/// bound.
pub fn listen(
    address: SocketAddr,
    count: usize,
    options: ListenOptions,
    waits: &dyn Fn(SocketAddr),
) -> anyhow::Result<Vec<TcpListener>> {
    let open =
        |address, share| open(address, share, options).map_err(|error| explain(address, &error));
    if address.port() != 0 {
        drop(reserve(address, options, waits).map_err(|error| explain(address, &error))?);
    }
    let first = open(address, true)?;
    let address = first.local_addr().context("cannot read back a listening address")?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(open(address, true)?);
    }
    Ok(listeners)
}

/// Binds `address` alone, so that a port in use is an error and not a share of it.
///
/// The kernel ends the ring of a killed process, and with it the ring's hold on
/// the listening sockets, some milliseconds after the process itself. Until then
/// its port is taken; to share it would leave connections to those dead sockets.
fn reserve(
    address: SocketAddr,
    options: ListenOptions,
    waits: &dyn Fn(SocketAddr),
) -> io::Result<TcpListener> {
    let until = Instant::now() + Duration::from_millis(LISTEN_WAIT_MS);
    let mut has_waited = false;
    loop {
        match open(address, false, options) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                if !std::mem::replace(&mut has_waited, true) {
                    waits(address);
                }
                thread::sleep(Duration::from_millis(LISTEN_PAUSE_MS));
            }
            result => return result,
        }
    }
}

fn open(address: SocketAddr, share: bool, options: ListenOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    if address.is_ipv6() {
        // One socket, one family: `[::]` and `0.0.0.0` can both be listened on.
        socket.set_only_v6(true)?;
    }
    // Accepted sockets inherit it: replies are whole, waiting would only delay.
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(&address.into())?;
    if share {
        defer_accept(socket.as_raw_fd(), options.defer_accept_s)?;
        socket.listen(options.backlog)?;
    }
    Ok(socket.into())
}

fn defer_accept(socket: RawFd, seconds: u32) -> io::Result<()> {
    if seconds == 0 {
        return Ok(());
    }
    let value = seconds as libc::c_int;
    // SAFETY: the pointer and length describe `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket,
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn explain(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process listens there; stop it, or choose another address with --listen"
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface has this address; `ip address` lists those there are"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need CAP_NET_BIND_SERVICE: \
             `setcap cap_net_bind_service+ep carom`, or choose another port"
        }
        _ => return anyhow::anyhow!("cannot listen on {address}: {error}"),
    };
    anyhow::anyhow!("cannot listen on {address}: {error}; {remedy}")
}

/// Every shard's listeners: `addresses.len()` for each of `shards`.
///
/// # Errors
///
/// As [`listen`], or when an address is given twice.
pub fn listen_all(
    addresses: &[SocketAddr],
    shards: usize,
    options: ListenOptions,
    waits: &dyn Fn(SocketAddr),
) -> anyhow::Result<(Vec<SocketAddr>, Vec<Vec<TcpListener>>)> {
    let mut bound = Vec::new();
    let mut by_shard: Vec<Vec<TcpListener>> = (0..shards).map(|_| Vec::new()).collect();
    for (at, address) in addresses.iter().enumerate() {
        if address.port() != 0 && addresses[..at].contains(address) {
            bail!("--listen {address} is given twice; remove one of them");
        }
        let listeners = listen(*address, shards, options, waits)?;
        bound.push(listeners[0].local_addr().context("cannot read back a listening address")?);
        for (shard, listener) in by_shard.iter_mut().zip(listeners) {
            shard.push(listener);
        }
    }
    Ok((bound, by_shard))
}
