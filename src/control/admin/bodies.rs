//! Bodies of requests: small ones at once, large ones one after the other and beside the
//! thread that answers the socket.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::refusal::HttpRefusal;
use crate::limits::{
    ADMIN_BODY_BYTES_MAX, ADMIN_BODY_MS_MAX, ADMIN_LARGE_BODIES_MAX, ADMIN_LARGE_BODY_BYTES,
};
use crate::machine::background;

/// Room for large bodies.
#[derive(Clone)]
pub struct Bodies(Arc<Semaphore>);

/// What a body says. Room for a large one is taken until this is dropped.
pub struct Said<T> {
    pub what: T,
    pub room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(ADMIN_LARGE_BODIES_MAX)))
    }

    /// Reads a body, which may be left out where nothing has to be said, and makes of
    /// what it says what `check` makes of it.
    ///
    /// # Errors
    ///
    /// It is too long, too slow or not what is expected, or `check` refuses it.
    pub async fn read<T, U>(
        &self,
        body: Body,
        check: impl FnOnce(T) -> Result<U, HttpRefusal> + Send + 'static,
    ) -> Result<Said<U>, HttpRefusal>
    where
        T: DeserializeOwned,
        U: Send + 'static,
    {
        // One that does not say how long it is may be long.
        if body.size_hint().lower() > ADMIN_BODY_BYTES_MAX as u64 {
            return Err(too_long());
        }
        let is_large = body.size_hint().exact().is_none_or(|size| size > SMALL);
        let room = match is_large {
            true => Some(Arc::clone(&self.0).acquire_owned().await.map_err(|_| stopping())?),
            false => None,
        };
        let whole = Limited::new(body, ADMIN_BODY_BYTES_MAX).collect();
        let whole = timeout(Duration::from_millis(ADMIN_BODY_MS_MAX), whole).await;
        let whole = whole.map_err(|_| too_slow())?.map_err(|error| unread(&*error))?.to_bytes();
        // It goes on where nobody waits for it any more, and so does the room it takes.
        let parse = move || check(parse(&whole)?).map(|what| Said { what, room });
        match is_large {
            true => tokio::task::spawn_blocking(|| {
                background::begin();
                parse()
            })
            .await
            .map_err(|_| stopping())?,
            false => parse(),
        }
    }
}

const SMALL: u64 = ADMIN_LARGE_BODY_BYTES as u64;

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, HttpRefusal> {
    let body = if body.is_empty() { &b"{}"[..] } else { body };
    serde_json::from_slice(body).map_err(|error| {
        HttpRefusal::bad(format_args!(
            "the body is not what is expected here: {error}; docs/admin.md shows it"
        ))
    })
}

fn unread(error: &(dyn std::error::Error + 'static)) -> HttpRefusal {
    if error.is::<LengthLimitError>() {
        return too_long();
    }
    HttpRefusal::bad(format_args!("the body cannot be read: {error}"))
}

fn too_long() -> HttpRefusal {
    let error = format_args!(
        "the body is over {ADMIN_BODY_BYTES_MAX} bytes; send it in parts, or stage it as a file"
    );
    HttpRefusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
}

fn too_slow() -> HttpRefusal {
    let seconds = ADMIN_BODY_MS_MAX / 1000;
    let error = format_args!("the body did not arrive within {seconds} seconds; send it again");
    HttpRefusal::new(StatusCode::REQUEST_TIMEOUT, error)
}

fn stopping() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the server is stopping; start it again first",
    )
}
