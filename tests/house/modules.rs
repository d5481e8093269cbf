//! The module tree of `src` as the compiler sees it: the files, what each module
//! defines, imports and mentions. Code that is there for tests is told apart by
//! its `#[cfg(test)]`, not by the names of its files.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Meta, UseTree, Visibility};

use crate::tokens;

pub struct House {
    /// The first is the root, `lib.rs`.
    pub modules: Vec<Module>,
    pub files: BTreeMap<String, File>,
}

#[derive(Default)]
pub struct File {
    pub text: String,
    /// The file as a whole is there for tests.
    pub is_test: bool,
    /// Lines that are there for tests.
    pub test_lines: Vec<RangeInclusive<usize>>,
    /// Names that its code says, imports apart.
    pub said: BTreeSet<String>,
}

pub struct Module {
    pub parent: Option<usize>,
    pub name: String,
    pub file: String,
    pub names: BTreeMap<String, Vec<Name>>,
    pub globs: Vec<Vec<String>>,
    pub mentions: Vec<Mention>,
}

/// What a name stands for in the module that has it.
pub enum Name {
    Item,
    Module(usize),
    Import(Vec<String>),
}

/// A path that code outside of tests writes down.
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
    /// `pub use` hands this name on.
    pub handed_on: Option<String>,
}

impl House {
    /// Reads the crate whose root is `lib.rs`, from files by their paths in `src`.
    pub fn new(texts: &BTreeMap<String, String>) -> Self {
        let mut house = Self { modules: Vec::new(), files: BTreeMap::new() };
        house.read(texts, "lib.rs", String::new(), None, false);
        house
    }

    fn read(
        &mut self,
        texts: &BTreeMap<String, String>,
        file: &str,
        name: String,
        parent: Option<usize>,
        is_test: bool,
    ) -> usize {
        let text = texts.get(file).unwrap_or_else(|| panic!("src/{file} is declared, not there"));
        let parsed = syn::parse_file(text).unwrap_or_else(|wrong| panic!("src/{file}: {wrong}"));
        let text = text.clone();
        self.files.insert(file.to_owned(), File { text, is_test, ..File::default() });
        let at = self.add(name, file, parent);
        // The modules of `a.rs` and of `a/mod.rs` live in `a/`.
        let stem = file.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "mod")) => format!("{folder}/"),
            None if stem == "lib" => String::new(),
            _ => format!("{stem}/"),
        };
        Reader { house: self, texts, at, folder, is_test }.visit_file(&parsed);
        at
    }

    fn add(&mut self, name: String, file: &str, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            parent,
            name,
            file: file.to_owned(),
            names: BTreeMap::new(),
            globs: Vec::new(),
            mentions: Vec::new(),
        });
        self.modules.len() - 1
    }
}

/// Walks through one file.
struct Reader<'a> {
    house: &'a mut House,
    texts: &'a BTreeMap<String, String>,
    at: usize,
    folder: String,
    is_test: bool,
}

impl Reader<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.house.modules[self.at]
    }

    fn file(&mut self) -> &mut File {
        let name = &self.house.modules[self.at].file;
        self.house.files.get_mut(name).unwrap()
    }

    fn name(&mut self, name: String, stands_for: Name) {
        self.module().names.entry(name).or_default().push(stands_for);
    }

    fn mention(&mut self, path: Vec<String>, line: usize, handed_on: Option<String>) {
        if !self.is_test {
            self.module().mentions.push(Mention { path, line, handed_on });
        }
    }

    fn says(&mut self, path: Vec<String>, line: usize) {
        if !self.is_test {
            self.file().said.insert(path[0].clone());
            self.mention(path, line, None);
        }
    }

    fn says_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        for (path, line) in tokens::paths(tokens) {
            self.says(path, line);
        }
    }

    fn child(&mut self, item: &ItemMod) {
        let name = item.ident.to_string();
        let (at, parent) = (self.at, Some(self.at));
        let child = if let Some((_, items)) = &item.content {
            let file = self.module().file.clone();
            self.at = self.house.add(name.clone(), &file, parent);
            let inner = format!("{}{name}/", self.folder);
            let outer = std::mem::replace(&mut self.folder, inner);
            for item in items {
                self.visit_item(item);
            }
            self.folder = outer;
            std::mem::replace(&mut self.at, at)
        } else {
            let file = self.file_of(&name, &item.attrs);
            self.house.read(self.texts, &file, name.clone(), parent, self.is_test)
        };
        self.name(name, Name::Module(child));
    }

    fn file_of(&mut self, name: &str, attributes: &[Attribute]) -> String {
        if let Some(path) = attributes.iter().find_map(path_of) {
            let file = &self.module().file;
            return file
                .rsplit_once('/')
                .map_or(path.clone(), |(folder, _)| format!("{folder}/{path}"));
        }
        let beside = format!("{}{name}.rs", self.folder);
        if self.texts.contains_key(&beside) {
            beside
        } else {
            format!("{}{name}/mod.rs", self.folder)
        }
    }

    fn import(&mut self, tree: &UseTree, mut path: Vec<String>, hands_on: bool) {
        let line = tree.span().start().line;
        let (path, name) = match tree {
            UseTree::Path(within) => {
                path.push(within.ident.to_string());
                return self.import(&within.tree, path, hands_on);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path.clone(), hands_on));
                return;
            }
            UseTree::Glob(_) => {
                self.module().globs.push(path.clone());
                path.push("*".to_owned());
                return self.mention(path, line, None);
            }
            UseTree::Name(named) => {
                if named.ident != "self" {
                    path.push(named.ident.to_string());
                }
                let name = path.last().unwrap().clone();
                (path, name)
            }
            UseTree::Rename(renamed) => {
                if renamed.ident != "self" {
                    path.push(renamed.ident.to_string());
                }
                (path, renamed.rename.to_string())
            }
        };
        self.mention(path.clone(), line, hands_on.then(|| name.clone()));
        self.name(name, Name::Import(path));
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let outer = self.is_test;
        if !outer && attributes(item).iter().any(is_for_tests) {
            self.is_test = true;
            let span = item.span();
            self.file().test_lines.push(span.start().line..=span.end().line);
        }
        match item {
            Item::Mod(module) => self.child(module),
            Item::Use(import) => {
                let hands_on = !matches!(import.vis, Visibility::Inherited);
                self.import(&import.tree, Vec::new(), hands_on);
            }
            _ => {
                if let Some(name) = defined(item) {
                    self.name(name, Name::Item);
                }
                visit::visit_item(self, item);
            }
        }
        self.is_test = outer;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.says(segments, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.says_tokens(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.says_tokens(list.tokens.clone());
        }
    }

    // `pub(super)` and `pub(in …)` say who may look in.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    attribute.path().is_ident("cfg") && list.tokens.to_string() == "test"
}

fn path_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(value) = &attribute.meta else { return None };
    let syn::Expr::Lit(literal) = &value.value else { return None };
    let syn::Lit::Str(path) = &literal.lit else { return None };
    attribute.path().is_ident("path").then(|| path.value())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}
