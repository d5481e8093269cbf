//! Targets that name what was captured: `https://x/:slug`, as Vercel and Firebase write them.

use super::regex::{Filled, Shape};
use super::value::{Known, SPELLED, target};
use crate::links::bytes::shown;

/// What a target is in one key.
#[derive(Debug, Default)]
pub(super) struct NamedTarget {
    pub(super) target: Vec<u8>,
    pub(super) said: Vec<String>,
}

/// How a text names captures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming<'n> {
    /// The names of captures, in their order; empty for one without.
    pub(super) names: &'n [String],
    /// Whether `$1` is the first one.
    pub(super) dollars: bool,
    /// Whether `:1` is the first one.
    pub(super) numbers: bool,
    /// Whether keys answer in any case.
    pub(super) any_case: bool,
}

impl Naming<'_> {
    /// The text as [`target`] reads it.
    ///
    /// # Errors
    /// If it names what was not captured.
    fn spelled(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let length = behind.iter().take_while(|byte| is_word(byte)).count();
            let (name, after) = behind.split_at(length);
            let digits = name.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match byte {
                b'$' if self.dollars && digits > 0 => {
                    let (number, _) = name.split_at(digits);
                    self.push(number, &mut out)?;
                    rest = &behind[digits..];
                }
                b'$' => out.extend_from_slice(b"%24"),
                b':' if digits == length && digits > 0 && self.numbers => {
                    self.push(name, &mut out)?;
                    rest = after;
                }
                b':' if digits == 0 && length > 0 => {
                    let known = self.names.iter().position(|it| it.as_bytes() == name);
                    match known {
                        Some(at) => out.extend_from_slice(format!("${{{}}}", at + 1).as_bytes()),
                        None => {
                            return Err(format!(
                                "the target names :{0}, which the source does not have; name it there, or write %3A{0}",
                                shown(name)
                            ));
                        }
                    }
                    rest = match after {
                        // A `?` begins the query.
                        [b'*' | b'+', after @ ..] => after,
                        _ => after,
                    };
                }
                _ => out.push(byte),
            }
        }
        Ok(out)
    }

    fn push(&self, number: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let number = core::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
        match number.filter(|number| (1..=self.names.len().min(9)).contains(number)) {
            Some(number) => out.extend_from_slice(format!("${{{number}}}").as_bytes()),
            None => {
                return Err("the target has a number that no group has; leave it out".to_owned());
            }
        }
        Ok(())
    }

    /// What a text is in one key.
    ///
    /// # Errors
    /// What no target can say, as a sentence.
    pub(super) fn target(
        &self,
        text: &[u8],
        shape: &Shape,
        filled: &Filled,
        base: Option<&str>,
    ) -> Result<NamedTarget, String> {
        let value = self.spelled(text)?;
        let known = Known { host: b"", uri: b"", captures: Some((shape, &filled.fills)), base };
        let made = target(&value, &known)?;
        let spelled = (self.any_case && made.spelled).then_some(SPELLED);
        let said = made.changed.into_iter().chain(spelled).map(str::to_owned).collect();
        Ok(NamedTarget { target: made.target, said })
    }
}
