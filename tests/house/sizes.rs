//! Files and functions that a reader can hold in the head.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Signature};

use crate::texts;

const FOLDERS: [&str; 4] = ["src", "tests", "bench", "fuzz/fuzz_targets"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for folder in FOLDERS {
        let long_here = |(name, text): (String, String)| {
            (text.lines().count() > FILE_LINES_MAX).then(|| format!("{folder}/{name}"))
        };
        long.extend(texts(folder).into_iter().filter_map(long_here));
    }
    assert!(long.is_empty(), "of more than {FILE_LINES_MAX} lines: {long:?}");
}

/// Lines from `fn` to the last brace. (clippy takes `/*` in a string for a comment,
/// and passes over what follows.)
#[test]
fn functions_stay_short() {
    let mut long = Vec::new();
    for folder in FOLDERS {
        for (name, text) in texts(folder) {
            let file = format!("{folder}/{name}");
            Functions { file: &file, long: &mut long }.visit_file(&syn::parse_file(&text).unwrap());
        }
    }
    assert!(long.is_empty(), "of more than {FUNCTION_LINES_MAX} lines: {long:?}");
}

struct Functions<'a> {
    file: &'a str,
    long: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn judge(&mut self, signature: &Signature, body: &Block) {
        let lines = body.span().end().line + 1 - signature.span().start().line;
        if lines > FUNCTION_LINES_MAX {
            self.long.push(format!("{} {}", self.file, signature.ident));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}
