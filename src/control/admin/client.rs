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
        let mut bytes = Vec::new();
        let mut keep = |_, piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        let status = self.run(self.exchange(method, path, body, &mut keep))?;
        Ok((status, self.json(&bytes)?))
    }

    /// The same for a long answer that is no JSON: it goes to `out` piece by piece, as it
    /// comes. What is refused is told as JSON all the same.
    ///
    /// # Errors
    ///
    /// Those of [`ask`](Self::ask), those of `out`, and an answer that breaks off.
    pub fn fetch(
        &self,
        path: &str,
        out: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Result<(), Value>> {
        let mut refused = Vec::new();
        let mut pass_on = |status, piece: &[u8]| {
            if status == 200 {
                return out(piece);
            }
            refused.extend_from_slice(piece);
            Ok(())
        };
        let status = self.run(self.exchange(Method::GET, path, None, &mut pass_on))?;
        if status == 200 { Ok(Ok(())) } else { Ok(Err(self.json(&refused)?)) }
    }

    fn json(&self, bytes: &[u8]) -> anyhow::Result<Value> {
        serde_json::from_slice(bytes).with_context(|| {
            format!("the answer of {} is no JSON; is it carom's?", self.path.display())
        })
    }

    fn run<T>(&self, exchange: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("cannot start a runtime")?
            .block_on(exchange)
    }

    /// Asks. Each piece of the answer goes to `take`, with its status, which is returned.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        take: &mut dyn FnMut(u16, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<u16> {
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
            let response = sender.send_request(request).await.with_context(gone)?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                if let Ok(piece) = frame.with_context(gone)?.into_data() {
                    take(status, &piece)?;
                }
            }
            anyhow::Ok(status)
        };
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            done = &mut exchange => done,
            // The connection has ended; what it brought is there.
            _ = connection => exchange.await,
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
