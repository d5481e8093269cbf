//! Who asked for a change, and how a generation came to be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who asked for a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// A user's name, or `signal`, `watch`, `start`.
    pub name: String,
    /// The user's number, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
}

impl Who {
    /// No user, but something of the server itself.
    pub fn itself(name: &str) -> Self {
        Self { name: name.to_owned(), uid: None }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uid {
            Some(uid) => write!(f, "{} (uid {uid})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// How a generation came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The server started.
    Start,
    /// The link files were read again.
    Reload,
    /// A staged table was promoted.
    Staged,
    /// An earlier table was taken back.
    Rollback,
    /// Links were set, unset or reset.
    Set,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Staged => "staged",
            Self::Rollback => "rollback",
            Self::Set => "set",
        })
    }
}
