//! A generation as people and programs are told of it.

use serde::Serialize;

use super::who::How;

/// A table that was served, for people and programs.
#[derive(Debug, Clone, Serialize)]
pub struct Generation {
    /// Its number, which its clicks carry.
    pub generation: u32,
    /// When it was first served, RFC 3339.
    pub time: String,
    /// Who asked for it.
    pub who: String,
    /// How it came.
    pub how: How,
    /// The generation that was taken back, if one was.
    pub from: Option<u32>,
    /// How many links it has.
    pub links: usize,
    /// How many changes of single links lie over the files.
    pub changes: usize,
    /// What it was read from.
    pub files: Vec<String>,
}
