//! Connections to the admin socket: so many at once, each served until it ends or says
//! nothing for too long.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use crate::control::live::Who;
use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_HEAD_MS_MAX, ADMIN_WRITE_MS_MAX};
use crate::say::say;

/// Serves connections until accepting fails for good.
pub async fn serve(listener: UnixListener, router: Router) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX));
    let mut has_said = false;
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await.map_err(io::Error::other)?;
        match listener.accept().await {
            Ok((stream, _)) => {
                has_said = false;
                let router = router.clone().layer(Extension(peer(&stream)));
                tokio::spawn(async move {
                    let _slot = slot;
                    converse(stream, router).await;
                });
            }
            // Out of descriptors or memory: both may come back.
            Err(error) => {
                if !std::mem::replace(&mut has_said, true) {
                    say(format_args!(
                        "warning: the admin socket takes no connection: {error}; it is tried again"
                    ));
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: UnixStream, router: Router) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_millis(ADMIN_WRITE_MS_MAX)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(ADMIN_HEAD_MS_MAX))
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    // A client that goes away or writes no HTTP ends nothing but its connection.
    let _ = served.await;
}

/// Who is at the other end, as the kernel says (SO_PEERCRED, unix(7)).
fn peer(stream: &UnixStream) -> Who {
    let Ok(credentials) = stream.peer_cred() else {
        return Who::itself("unknown");
    };
    let uid = credentials.uid();
    let name = uzers::get_user_by_uid(uid)
        .map_or_else(|| "user".to_owned(), |user| user.name().to_string_lossy().into_owned());
    Who { name, uid: Some(uid) }
}
