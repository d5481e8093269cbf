//! What a source of Firebase comes to.

use crate::links::formats::regex::Shape;

/// What a source comes to.
#[derive(Default)]
pub(super) struct Source {
    pub(super) shape: Shape,
    /// The names of its captures; one of a rest with its `*`.
    pub(super) names: Vec<String>,
    pub(super) any_case: bool,
    /// Whether it is a regular expression, and no glob.
    pub(super) is_expression: bool,
    pub(super) said: Vec<String>,
}
