//! The files that a link file includes.

use std::path::{Path, PathBuf};

use crate::links::Included;

/// The files that `include pattern` names in a file of this folder, in the order
/// of their names; a pattern that fits none names none, as in nginx.
pub fn included(folder: &Path, pattern: &str) -> Included {
    let paths = if pattern.contains(['*', '?', '[']) {
        let folder = folder.to_str().ok_or("its folder's name is not UTF-8; rename the folder")?;
        let path = Path::new(&glob::Pattern::escape(folder)).join(pattern);
        glob::glob(&path.to_string_lossy())
            .map_err(|error| format!("its pattern cannot be read: {error}"))?
            .collect::<Result<_, _>>()
            .map_err(|error| format!("cannot read {}: {}", error.path().display(), error.error()))?
    } else {
        vec![folder.join(pattern)]
    };
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok((name, text))
    };
    paths.into_iter().map(read).collect()
}
