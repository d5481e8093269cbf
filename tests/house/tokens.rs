//! Paths among the tokens of a macro call or an attribute, which have no syntax
//! tree of their own.

use proc_macro2::{TokenStream, TokenTree};

/// Each path as its names, and its line. A name alone is a path too.
pub fn paths(tokens: TokenStream) -> Vec<(Vec<String>, usize)> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => found.extend(paths(group.stream())),
            // What follows a dot is a field or a method.
            TokenTree::Ident(first) if !is_mark(tokens.get(at.wrapping_sub(2)), '.') => {
                let mut path = vec![first.to_string()];
                while let Some(TokenTree::Ident(next)) = tokens.get(at + 2)
                    && is_mark(tokens.get(at), ':')
                    && is_mark(tokens.get(at + 1), ':')
                {
                    path.push(next.to_string());
                    at += 3;
                }
                found.push((path, first.span().start().line));
            }
            _ => {}
        }
    }
    found
}

fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}
