//! What can be asked over the admin socket.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use crossbeam_channel::{Sender, TrySendError};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::bodies::{Bodies, Said};
use super::export::ExportBody;
use super::refusal::HttpRefusal;
use crate::control::live::testing::TestQuestion;
use crate::control::live::{Asker, Done, Edit, NotDone, Reason, Who, Wish, check};
use crate::limits::{CHANGES_SHOWN, LOOKS_AT_ONCE_MAX};
use crate::links::{self, Columns, Defaults, Format, OnBadLine, PlaceNames, Schemes, ZoneName};
use crate::sources::{Reading, Sources};

/// What answering takes.
#[derive(Clone)]
struct Answering {
    desk: Sender<Wish>,
    bodies: Bodies,
    /// Room for long looks at all links.
    looks: Arc<Semaphore>,
    /// Which schemes targets may have.
    schemes: Schemes,
    /// What links say that do not say it themselves.
    defaults: Defaults,
    /// What is known of addresses.
    places: Option<PlaceNames>,
}

type Answered = Result<Json<Done>, HttpRefusal>;
type At = State<Answering>;
type By = Extension<Who>;

/// All of it; `usual`: how the server reads its own files.
pub fn router(desk: Sender<Wish>, usual: &Reading) -> Router {
    let schemes = usual.schemes.clone().unwrap_or_default();
    let defaults = usual.defaults.clone().unwrap_or_default();
    let looks = Arc::new(Semaphore::new(LOOKS_AT_ONCE_MAX));
    Router::new()
        .route("/links/generations", get(generations))
        .route("/links/changes", get(changes))
        .route("/links/diff", get(differences))
        .route("/links/show", get(show))
        .route("/links/caps", get(caps))
        .route("/links/export", get(export))
        .route("/links/test", post(test))
        .route("/links/reload", post(reload))
        .route("/links/stage", post(stage))
        .route("/links/promote", post(promote))
        .route("/links/discard", post(discard))
        .route("/links/rollback", post(rollback))
        .route("/links/undo", post(undo))
        .route("/links/set", post(set))
        .route("/links/unset", post(unset))
        .route("/links/reset", post(reset))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Answering {
            desk,
            bodies: Bodies::new(),
            looks,
            schemes,
            defaults,
            places: usual.places.clone(),
        })
}

fn stopping() -> NotDone {
    NotDone::new(Reason::Unavailable, "the server is stopping; start it again first")
}

impl Answering {
    fn tell(&self, wish: Wish) -> Result<(), NotDone> {
        self.desk.try_send(wish).map_err(|error| match error {
            TrySendError::Full(_) => NotDone::busy(),
            TrySendError::Disconnected(_) => stopping(),
        })
    }

    async fn ask(&self, ask: impl FnOnce(Asker) -> Wish) -> Answered {
        self.ask_with(None, ask).await
    }

    /// The same where the wish takes room until it is answered, whether or not anybody
    /// still waits for it.
    async fn ask_with(
        &self,
        room: Option<OwnedSemaphorePermit>,
        ask: impl FnOnce(Asker) -> Wish,
    ) -> Answered {
        let (reply, answer) = Asker::new(room);
        self.tell(ask(reply))?;
        Ok(answer.await.map_err(|_| stopping())?.map(Json)?)
    }

    async fn look(&self) -> Result<OwnedSemaphorePermit, NotDone> {
        Arc::clone(&self.looks).acquire_owned().await.map_err(|_| stopping())
    }
}

async fn unknown(uri: Uri) -> HttpRefusal {
    let error = format_args!("there is no {}; docs/admin.md lists what there is", uri.path());
    HttpRefusal::new(StatusCode::NOT_FOUND, error)
}

async fn wrong_method(method: Method, uri: Uri) -> HttpRefusal {
    let other = if method == Method::GET { "POST" } else { "GET" };
    let error = format_args!("{} is not asked with {method}; use {other}", uri.path());
    HttpRefusal::new(StatusCode::METHOD_NOT_ALLOWED, error)
}

async fn generations(State(at): At) -> Answered {
    at.ask(|reply| Wish::Generations { reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangesQuery {
    #[serde(default = "changes_shown")]
    limit: usize,
}

fn changes_shown() -> usize {
    CHANGES_SHOWN
}

async fn changes(State(at): At, query: Result<Query<ChangesQuery>, QueryRejection>) -> Answered {
    let query = query.map_err(|error| HttpRefusal::bad(error.body_text()))?;
    let Query(ChangesQuery { limit: most }) = query;
    let look = at.look().await?;
    at.ask_with(Some(look), |reply| Wish::Changes { most, reply }).await
}

async fn differences(State(at): At) -> Answered {
    let look = at.look().await?;
    at.ask_with(Some(look), |reply| Wish::Differences { reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowQuery {
    url: String,
}

async fn show(State(at): At, query: Result<Query<ShowQuery>, QueryRejection>) -> Answered {
    let Query(ShowQuery { url }) = query.map_err(|error| HttpRefusal::bad(error.body_text()))?;
    at.ask(|reply| Wish::Show { url, reply }).await
}

async fn caps(State(at): At) -> Answered {
    let look = at.look().await?;
    at.ask_with(Some(look), |reply| Wish::Caps { reply }).await
}

async fn export(State(at): At) -> Result<Response, HttpRefusal> {
    // A piece is made while the one before is sent.
    let (to, mut pieces) = mpsc::channel(2);
    let _look = at.look().await?;
    at.tell(Wish::Export { to })?;
    let Some(first) = pieces.recv().await else { return Err(stopping().into()) };
    let body = Body::new(ExportBody { first: Some(first), pieces, _look });
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReloadQuery {
    #[serde(default)]
    force: bool,
}

async fn reload(
    State(at): At,
    Extension(who): By,
    query: Result<Query<ReloadQuery>, QueryRejection>,
) -> Answered {
    let query = query.map_err(|error| HttpRefusal::bad(error.body_text()))?;
    let Query(ReloadQuery { force: is_forced }) = query;
    at.ask(|reply| Wish::Reload { who, is_forced, reply: Some(reply) }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageBody {
    files: Vec<PathBuf>,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    columns: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    tz: Option<String>,
    #[serde(default)]
    sheet: Option<String>,
    #[serde(default)]
    defaults: Option<String>,
    #[serde(default)]
    schemes: Option<String>,
    #[serde(default)]
    on_bad_line: Option<String>,
}

impl StageBody {
    fn sources(self) -> Result<Sources, HttpRefusal> {
        if self.files.is_empty() {
            return Err(HttpRefusal::bad("no file is named; name at least one in `files`"));
        }
        if let Some(path) = self.files.iter().find(|path| path.is_relative()) {
            return Err(HttpRefusal::bad(format_args!(
                "`{}` is relative, and the server may be in another folder; write the whole path",
                path.display()
            )));
        }
        let bad = |message: String| HttpRefusal::bad(message);
        let format = self.format.map(|name| name.parse::<Format>()).transpose().map_err(bad)?;
        let base = self.base.map(|text| links::base(&text)).transpose().map_err(bad)?;
        let columns = self.columns.map(|text| text.parse::<Columns>()).transpose().map_err(bad)?;
        let defaults =
            self.defaults.map(|text| text.parse::<Defaults>()).transpose().map_err(bad)?;
        let schemes = self.schemes.map(|text| text.parse::<Schemes>()).transpose().map_err(bad)?;
        let prefix = self.prefix.map(|text| links::prefix(&text)).transpose().map_err(bad)?;
        let host = self.host.map(|text| links::host(&text)).transpose().map_err(bad)?;
        let zone = self.tz.map(|text| text.parse::<ZoneName>()).transpose().map_err(bad)?;
        let on_bad_line = self.on_bad_line.map(|name| name.parse::<OnBadLine>()).transpose();
        Ok(Sources {
            paths: self.files,
            reading: Reading {
                format,
                base,
                columns,
                prefix,
                host,
                zone,
                sheet: self.sheet,
                defaults,
                schemes,
                places: None,
            },
            on_bad_line: on_bad_line.map_err(bad)?.unwrap_or_default(),
        })
    }
}

async fn stage(State(at): At, Extension(who): By, body: Body) -> Answered {
    let sources = at.bodies.read(body, StageBody::sources).await?.what;
    at.ask(|reply| Wish::Stage { sources: Box::new(sources), who, reply }).await
}

async fn test(State(at): At, body: Body) -> Answered {
    let question = Box::new(at.bodies.read(body, Ok::<TestQuestion, _>).await?.what);
    // Many visitors take long.
    let look = match question.repeat {
        Some(_) => Some(at.look().await?),
        None => None,
    };
    at.ask_with(look, |reply| Wish::Test { question, reply }).await
}

async fn promote(State(at): At, Extension(who): By) -> Answered {
    at.ask(|reply| Wish::Promote { who, reply }).await
}

async fn discard(State(at): At, Extension(who): By) -> Answered {
    at.ask(|reply| Wish::Discard { who, reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackBody {
    #[serde(default)]
    to: Option<u32>,
}

async fn rollback(State(at): At, Extension(who): By, body: Body) -> Answered {
    let to = at.bodies.read(body, |RollbackBody { to }| Ok(to)).await?.what;
    at.ask(|reply| Wish::Rollback { to, who, reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoBody {
    of: u32,
    #[serde(default)]
    force: bool,
}

async fn undo(State(at): At, Extension(who): By, body: Body) -> Answered {
    let UndoBody { of, force: is_forced } = at.bodies.read(body, Ok).await?.what;
    let look = at.look().await?;
    at.ask_with(Some(look), |reply| Wish::Undo { of, is_forced, who, reply }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinesBody {
    /// What the lines are called in messages.
    #[serde(default = "body_name")]
    name: String,
    lines: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysBody {
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

async fn set(at: At, by: By, body: Body) -> Answered {
    let (schemes, defaults) = (at.schemes.clone(), at.defaults.clone());
    let places = at.places.clone();
    let set = |LinesBody { name, lines }| Ok(Edit::Set { name, lines, schemes, defaults, places });
    edit(at, by, body, set).await
}

async fn unset(at: At, by: By, body: Body) -> Answered {
    let defaults = at.defaults.clone();
    let unset = |KeysBody { name, keys, all }| match all {
        true => Err(HttpRefusal::bad("`all` is for a reset; name the keys to unset")),
        false => Ok(Edit::Unset { name, keys, defaults }),
    };
    edit(at, by, body, unset).await
}

async fn reset(at: At, by: By, body: Body) -> Answered {
    let defaults = at.defaults.clone();
    let reset = |KeysBody { name, keys, all }| match all {
        true => Ok(Edit::ResetAll),
        false => Ok(Edit::Reset { name, keys, defaults }),
    };
    edit(at, by, body, reset).await
}

/// Changes single links, once every line is checked.
async fn edit<T: serde::de::DeserializeOwned + 'static>(
    State(at): At,
    Extension(who): By,
    body: Body,
    edit_of: impl FnOnce(T) -> Result<Edit, HttpRefusal> + Send + 'static,
) -> Answered {
    let checked = |said| Ok(check(&edit_of(said)?)?);
    let Said { what: edit, room } = at.bodies.read(body, checked).await?;
    at.ask_with(room, |reply| Wish::Edit { edit, who, reply }).await
}
