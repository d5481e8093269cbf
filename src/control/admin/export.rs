//! An export on its way to a client, piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::mpsc::Receiver;

use crate::control::live::ExportPiece;

/// A body of pieces. One that breaks off ends the connection, so that no client takes
/// it for a whole one.
pub struct ExportBody {
    /// The one that comes first.
    pub first: Option<ExportPiece>,
    pub pieces: Receiver<ExportPiece>,
    /// The links that are looked at, as long as they are.
    pub _look: tokio::sync::OwnedSemaphorePermit,
}

impl Body for ExportBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.pieces.poll_recv(context),
        };
        next.map(|piece| match piece {
            Some(ExportPiece::Text(text)) => Some(Ok(Frame::data(text.into()))),
            Some(ExportPiece::End) => None,
            None => Some(Err(io::Error::other("the export broke off"))),
        })
    }
}
