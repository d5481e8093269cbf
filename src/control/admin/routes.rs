//! What can be asked over the admin socket.

use std::io;
use std::path::PathBuf;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::IncomingStream;
use crossbeam_channel::Sender;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::UnixListener;
use tokio::sync::oneshot;

use crate::control::live::{Asker, Done, Edit, NotDone, Who, Wish};
use crate::limits::ADMIN_BODY_BYTES_MAX;
use crate::links::{self, Columns, Format, OnBadLine};
use crate::sources::{Reading, Sources};

/// Who is at the other end, as the kernel says (SO_PEERCRED, unix(7)).
#[derive(Debug, Clone)]
struct Peer(Who);

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        let Ok(credentials) = stream.io().peer_cred() else {
            return Self(Who::itself("unknown"));
        };
        let uid = credentials.uid();
        let name = uzers::get_user_by_uid(uid)
            .map_or_else(|| "user".to_owned(), |user| user.name().to_string_lossy().into_owned());
        Self(Who { name, uid: Some(uid) })
    }
}

#[derive(Clone)]
struct Desk(Sender<Wish>);

type Answered = Result<Json<Done>, NotDone>;
type Body = Result<Bytes, BytesRejection>;
type From = ConnectInfo<Peer>;

/// Answers until it cannot.
pub async fn serve(listener: UnixListener, desk: Sender<Wish>) -> io::Result<()> {
    let router = Router::new()
        .route("/links/generations", get(generations))
        .route("/links/diff", get(differences))
        .route("/links/show", get(show))
        .route("/links/export", get(export))
        .route("/links/reload", post(reload))
        .route("/links/stage", post(stage))
        .route("/links/promote", post(promote))
        .route("/links/discard", post(discard))
        .route("/links/rollback", post(rollback))
        .route("/links/set", post(set))
        .route("/links/unset", post(unset))
        .route("/links/reset", post(reset))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(ADMIN_BODY_BYTES_MAX))
        .with_state(Desk(desk));
    axum::serve(listener, router.into_make_service_with_connect_info::<Peer>()).await
}

impl Desk {
    async fn ask(&self, ask: impl FnOnce(Asker) -> Wish) -> Answered {
        let stopping = || NotDone::new(503, "the server is stopping; start it again first");
        let (reply, answer) = oneshot::channel();
        self.0.send(ask(reply)).map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?.map(Json)
    }
}

impl IntoResponse for NotDone {
    fn into_response(self) -> Response {
        let problems = self.problems.iter().map(|problem| {
            json!({ "file": problem.file_name, "line": problem.line, "message": problem.message })
        });
        let body = json!({ "error": self.error, "problems": problems.collect::<Vec<_>>() });
        let status = StatusCode::from_u16(self.status);
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
    }
}

/// The body, which may be left out where nothing has to be said.
fn parse<T: DeserializeOwned>(body: Body) -> Result<T, NotDone> {
    let body = body.map_err(|error| NotDone::new(error.status().as_u16(), error.body_text()))?;
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    serde_json::from_slice(body).map_err(|error| {
        NotDone::new(
            400,
            format_args!("the body is not what is expected here: {error}; docs/admin.md shows it"),
        )
    })
}

async fn unknown(uri: Uri) -> NotDone {
    NotDone::new(404, format_args!("there is no {}; docs/admin.md lists what there is", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> NotDone {
    let other = if method == Method::GET { "POST" } else { "GET" };
    NotDone::new(405, format_args!("{} is not asked with {method}; use {other}", uri.path()))
}

async fn generations(State(desk): State<Desk>) -> Answered {
    desk.ask(|reply| Wish::Generations { reply }).await
}

async fn differences(State(desk): State<Desk>) -> Answered {
    desk.ask(|reply| Wish::Differences { reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    url: String,
}

async fn show(State(desk): State<Desk>, wish: Result<Query<Show>, QueryRejection>) -> Answered {
    let Query(Show { url }) = wish.map_err(|error| NotDone::new(400, error.body_text()))?;
    desk.ask(|reply| Wish::Show { url, reply }).await
}

async fn export(State(desk): State<Desk>) -> Result<Response, NotDone> {
    let Json(answer) = desk.ask(|reply| Wish::Export { reply }).await?;
    Ok(match answer {
        Done::Exported(text) => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        other => Json(other).into_response(),
    })
}

async fn reload(State(desk): State<Desk>, ConnectInfo(peer): From) -> Answered {
    desk.ask(|reply| Wish::Reload { who: peer.0, reply: Some(reply) }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    files: Vec<PathBuf>,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    columns: Option<String>,
    #[serde(default)]
    on_bad_line: Option<String>,
}

async fn stage(State(desk): State<Desk>, ConnectInfo(peer): From, body: Body) -> Answered {
    let wish: Stage = parse(body)?;
    let bad = |message: String| NotDone::new(400, message);
    if wish.files.is_empty() {
        return Err(bad("no file is named; name at least one in `files`".to_owned()));
    }
    if let Some(path) = wish.files.iter().find(|path| path.is_relative()) {
        return Err(bad(format!(
            "`{}` is relative, and the server may be in another folder; write the whole path",
            path.display()
        )));
    }
    let format = wish.format.map(|name| name.parse::<Format>()).transpose().map_err(bad)?;
    let base = wish.base.map(|text| links::base(&text)).transpose().map_err(bad)?;
    let columns = wish.columns.map(|text| text.parse::<Columns>()).transpose().map_err(bad)?;
    let on_bad_line = wish.on_bad_line.map(|name| name.parse::<OnBadLine>()).transpose();
    let sources = Sources {
        paths: wish.files,
        reading: Reading { format, base, columns },
        on_bad_line: on_bad_line.map_err(bad)?.unwrap_or_default(),
    };
    desk.ask(|reply| Wish::Stage { sources, who: peer.0, reply }).await
}

async fn promote(State(desk): State<Desk>, ConnectInfo(peer): From) -> Answered {
    desk.ask(|reply| Wish::Promote { who: peer.0, reply }).await
}

async fn discard(State(desk): State<Desk>) -> Answered {
    desk.ask(|reply| Wish::Discard { reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    #[serde(default)]
    to: Option<u32>,
}

async fn rollback(State(desk): State<Desk>, ConnectInfo(peer): From, body: Body) -> Answered {
    let wish: Rollback = parse(body)?;
    desk.ask(|reply| Wish::Rollback { to: wish.to, who: peer.0, reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    /// What the lines are called in messages.
    #[serde(default = "body_name")]
    name: String,
    lines: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default = "body_name")]
    name: String,
    #[serde(default)]
    keys: String,
    /// Of a reset: all keys.
    #[serde(default)]
    all: bool,
}

fn body_name() -> String {
    "body".to_owned()
}

async fn set(State(desk): State<Desk>, ConnectInfo(peer): From, body: Body) -> Answered {
    let Set { name, lines } = parse(body)?;
    desk.edit(Edit::Set { name, lines }, peer).await
}

async fn unset(State(desk): State<Desk>, ConnectInfo(peer): From, body: Body) -> Answered {
    let Keys { name, keys, all } = parse(body)?;
    if all {
        return Err(NotDone::new(400, "`all` is for a reset; name the keys to unset"));
    }
    desk.edit(Edit::Unset { name, keys }, peer).await
}

async fn reset(State(desk): State<Desk>, ConnectInfo(peer): From, body: Body) -> Answered {
    let Keys { name, keys, all } = parse(body)?;
    let edit = if all { Edit::ResetAll } else { Edit::Reset { name, keys } };
    desk.edit(edit, peer).await
}

impl Desk {
    async fn edit(&self, edit: Edit, peer: Peer) -> Answered {
        self.ask(|reply| Wish::Edit { edit, who: peer.0, reply }).await
    }
}
