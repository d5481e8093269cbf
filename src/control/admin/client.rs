//! Asking a running server over its admin socket.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use http_body_util::{BodyExt, Full};
pub use hyper::Method;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use super::socket;

/// A server that can be asked.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
}

impl Client {
    /// The server that uses this state folder.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self { path: socket::path(state) }
    }

    /// Asks, and waits for the answer: its status and its JSON.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: no server runs there, it may not be asked, or it
    /// did not answer.
    pub fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let (status, bytes) = self.fetch(method, path, body)?;
        let answer = serde_json::from_slice(&bytes).with_context(|| {
            format!("the answer of {} is no JSON; is it carom's?", self.path.display())
        })?;
        Ok((status, answer))
    }

    /// The same for an answer that may be no JSON: its status and its body.
    ///
    /// # Errors
    ///
    /// Those of [`ask`](Self::ask).
    pub fn fetch(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Bytes)> {
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("cannot start a runtime")?
            .block_on(self.exchange(method, path, body))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Bytes)> {
        let stream = UnixStream::connect(&self.path).await.map_err(|error| self.why(&error))?;
        let gone = || format!("the server at {} went away", self.path.display());
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.with_context(gone)?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "carom")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be written")?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, bytes))
        };
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            done = &mut exchange => done.with_context(gone),
            // The connection has ended; what it brought is there.
            _ = connection => exchange.await.with_context(gone),
        }
    }

    fn why(&self, error: &std::io::Error) -> anyhow::Error {
        let path = self.path.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => anyhow!(
                "no server is running here: nobody answers at {path}. Start `carom serve`, or name \
                 the folder of the one that runs with --clicks DIR or --state DIR"
            ),
            ErrorKind::PermissionDenied => anyhow!(
                "the server at {path} may be asked only by the user it runs as; become that user, \
                 or root"
            ),
            _ => anyhow!("cannot ask the server at {path}: {error}"),
        }
    }
}
