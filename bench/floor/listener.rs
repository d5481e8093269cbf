#![allow(unsafe_code)] // setsockopt(TCP_DEFER_ACCEPT), which no safe crate has

//! The floor's listening socket.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use socket2::{Domain, Protocol, Socket, Type};

const BACKLOG: i32 = 4096;
static DEFER_ACCEPT_S: libc::c_int = 5;

/// Listens; a connection shows up only when its first bytes are there.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    // SAFETY: the pointer and length describe a static of this type.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const DEFER_ACCEPT_S).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
