//! The key of splits, in the state folder: machines that have the same answer each visitor
//! alike.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};

use crate::disk::aside::Aside;
use crate::disk::regular;
use crate::rules::SplitKey;

/// Its name in the state folder.
const NAME: &str = "split-key";
/// As long as a line that is none.
const BYTES_READ_MAX: u64 = 256;

/// Reads the key; draws one where there is none.
///
/// # Errors
///
/// A sentence for the operator: the file cannot be read or made, or holds no key.
pub fn load_or_make(state: &Path) -> anyhow::Result<SplitKey> {
    let path = state.join(NAME);
    let named = || format!("the key of splits, {}", path.display());
    let mut text = String::new();
    match regular::open(&path) {
        Ok(file) => file.take(BYTES_READ_MAX).read_to_string(&mut text).with_context(named)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 16];
            getrandom::fill(&mut key).map_err(io::Error::from).with_context(named)?;
            let text = format!("{:032x}\n", u128::from_be_bytes(key));
            let file = Aside::create(&path, 0o600).with_context(named)?;
            file.put(text.as_bytes()).with_context(named)?;
            return Ok(SplitKey(key));
        }
        Err(error) => return Err(error).with_context(named),
    };
    let text = text.trim();
    let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(key) if is_hex => Ok(SplitKey(key.to_be_bytes())),
        _ => bail!(
            "{} is not one line of 32 hexadecimal digits; put back the key, or delete the file \
             for another, with which visitors of splits move",
            named()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let key = load_or_make(folder.path()).unwrap();
        assert_eq!(load_or_make(folder.path()).unwrap(), key);
        let path = folder.path().join(NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "000102030405060708090a0b0c0d0e0f").unwrap();
        let known = SplitKey([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(load_or_make(folder.path()).unwrap(), known);
        fs::write(&path, "none").unwrap();
        let problem = format!("{:#}", load_or_make(folder.path()).unwrap_err());
        assert!(problem.contains("32 hexadecimal digits"), "{problem}");
    }
}
