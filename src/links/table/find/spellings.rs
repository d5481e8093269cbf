//! The spellings of a path in which keys are found that take no notice of something.

use crate::links::key::Loose;
use crate::links::key::loose::{without_punctuation, without_slash};
use crate::links::key::path::fold;

/// A path in all spellings in which some key may be found: as it is and in lower case,
/// each in these forms.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    text: Vec<u8>,
    /// Where they are in `text`; empty for none. First those as it is.
    forms: [[(usize, usize); FORMS]; 2],
}

const FORMS: usize = 4;
/// The path itself.
const WHOLE: usize = 0;
/// With a slash at its end, if it has none, else without.
const OTHER_SLASH: usize = 1;
/// Without a slash and the punctuation before it, if there is some.
const BARE: usize = 2;
/// That with a slash.
const BARE_SLASH: usize = 3;

impl Spellings {
    /// Reads those that keys may have that take notice of all but `loose`.
    pub(super) fn read(&mut self, path: &[u8], loose: Loose, room: &mut Vec<u8>) {
        self.text.clear();
        self.forms = Default::default();
        self.read_case(0, path, loose);
        if loose.nocase {
            fold(path, room);
            self.read_case(1, room, loose);
        }
    }

    fn read_case(&mut self, case: usize, path: &[u8], loose: Loose) {
        let short = without_slash(path);
        self.push(case, WHOLE, path, b"");
        if loose.slash && path.len() > 1 {
            let slash: &[u8] = if short.len() == path.len() { b"/" } else { b"" };
            self.push(case, OTHER_SLASH, short, slash);
        }
        if loose.punctuation {
            let bare = without_punctuation(short);
            if bare.len() < short.len() {
                self.push(case, BARE, bare, b"");
                self.push(case, BARE_SLASH, bare, b"/");
            }
        }
    }

    fn push(&mut self, case: usize, form: usize, path: &[u8], behind: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(path);
        self.text.extend_from_slice(behind);
        self.forms[case][form] = (start, self.text.len());
    }

    fn form(&self, loose: Loose, form: usize) -> Option<&[u8]> {
        let (start, end) = self.forms[usize::from(loose.nocase)][form];
        self.text.get(start..end).filter(|text| !text.is_empty())
    }

    /// Those in which a key is found that takes no notice of `loose`, the nearest to the
    /// path first.
    pub(super) fn forms(&self, loose: Loose) -> impl Iterator<Item = &[u8]> {
        let whole = self.form(loose, WHOLE);
        let ends_with_slash = whole.is_some_and(|path| path.ends_with(b"/"));
        let holds = move |form: &usize| match *form {
            WHOLE => true,
            OTHER_SLASH => loose.slash,
            BARE => loose.punctuation && (loose.slash || !ends_with_slash),
            _ => loose.punctuation && loose.slash,
        };
        (0..FORMS).filter(holds).filter_map(move |form| self.form(loose, form))
    }

    /// The path itself, and with or without its slash if that makes no difference.
    pub(super) fn open_forms(&self, loose: Loose) -> [&[u8]; 2] {
        let whole = self.form(loose, WHOLE).unwrap_or_default();
        let other = self.form(loose, OTHER_SLASH).filter(|_| loose.slash);
        [whole, other.unwrap_or(whole)]
    }
}
