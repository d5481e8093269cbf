//! What was not done, as HTTP says it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::control::live::{NotDone, Reason};

/// A status, and why.
pub struct HttpRefusal {
    status: StatusCode,
    why: NotDone,
}

impl HttpRefusal {
    /// What HTTP itself has a status for.
    pub fn new(status: StatusCode, error: impl std::fmt::Display) -> Self {
        // The reason is not told where there is a status.
        Self { status, why: NotDone::new(Reason::NotUnderstood, error) }
    }

    /// The request is not what is expected.
    pub fn bad(error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }
}

impl From<NotDone> for HttpRefusal {
    fn from(why: NotDone) -> Self {
        let status = match why.reason {
            Reason::NotUnderstood => StatusCode::BAD_REQUEST,
            Reason::Unknown => StatusCode::NOT_FOUND,
            Reason::NotNow => StatusCode::CONFLICT,
            Reason::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
            Reason::Disk => StatusCode::INTERNAL_SERVER_ERROR,
            Reason::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, why }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let problems = self.why.problems.iter().map(|problem| {
            json!({ "file": problem.file_name, "line": problem.line, "message": problem.message })
        });
        let body = json!({ "error": self.why.error, "problems": problems.collect::<Vec<_>>() });
        (self.status, Json(body)).into_response()
    }
}
