//! Redirects of `server`, `location` and `if` blocks: `return`, and `rewrite` with
//! what makes it a redirect.

use std::borrow::Cow;

use super::super::paths::push_literal;
use super::super::regex::{self, Filled, Shape};
use super::tree::{ConfigLine, Node};
use super::value::variables;
use crate::links::bytes::shown;

/// Which requests something is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// Hosts, as keys name them; none: any.
    pub(super) hosts: Vec<Vec<u8>>,
    pub(super) location: Location,
    /// Whether it stands in a location, be it `/`.
    pub(super) in_location: bool,
    /// `?name=value` that is asked for.
    pub(super) query: Vec<u8>,
    /// What else an `if` compares, which only a path can answer.
    pub(super) paths: Option<Paths>,
    /// Variables that an `if` wants to be set.
    pub(super) wants: Vec<Vec<u8>>,
    /// Why nothing here can be taken.
    pub(super) never: Option<String>,
    /// Whether this is the default server.
    pub(super) is_default: bool,
}

/// What a `location` matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Location {
    /// Everything: there is none, or `/`.
    #[default]
    All,
    /// `= path`
    Exact(Vec<u8>),
    /// What begins with a path; `strong`: expressions are not looked at.
    Prefix { path: Vec<u8>, strong: bool },
    /// `~ expression`
    Regex { expression: Vec<u8>, any_case: bool },
}

/// Keys, and what is known of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    pub(super) keys: Vec<Filled>,
    /// The expression whose captures the keys fill.
    pub(super) shape: Option<Shape>,
    pub(super) any_case: bool,
    pub(super) changed: Option<String>,
}

/// When nginx looks at it, among others of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// `return` and `rewrite` of the server itself, in their order.
    Server,
    /// Expressions of locations, in their order.
    Expression,
    /// Other locations, the longest first.
    Location,
}

/// A redirect.
#[derive(Clone, Debug)]
pub(super) struct NginxRedirect {
    pub(super) context: Context,
    pub(super) turn: Turn,
    /// The expression of a `rewrite`.
    pub(super) rewrite: Option<Vec<u8>>,
    pub(super) status: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// A `rewrite` passes the visitor's query on.
    pub(super) keeps_query: bool,
    pub(super) place: ConfigLine,
}

/// What a walk through servers finds.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) found: Vec<NginxRedirect>,
    pub(super) wrong: Vec<(ConfigLine, String)>,
    /// Directives that have nothing to do with redirects.
    pub(super) others: Vec<ConfigLine>,
    /// Whether there is any server.
    pub(super) has_servers: bool,
}

impl Walk {
    /// Walks through directives that stand in no server, or in one.
    pub(super) fn block(&mut self, nodes: &[Node], context: &Context) {
        // What stands behind an answer for every request is never reached.
        let mut answered: Option<u32> = None;
        let context = &mut context.clone();
        for node in nodes {
            let stopped =
                answered.map(|line| format!("line {line} answers before it; leave it out"));
            if context.never.is_none() && stopped.is_some() && is_of_rewriting(node) {
                context.never = stopped;
            }
            match (node.name(), &node.block) {
                (b"http", Some(_)) => self.block(node.nodes(), context),
                (b"server", Some(_)) => {
                    self.has_servers = true;
                    let server = self.server(node);
                    self.block(node.nodes(), &server);
                }
                (b"location", Some(_)) => self.location(node, nodes, context),
                (b"if", Some(_)) => {
                    let within = condition(&node.words, context);
                    self.block(node.nodes(), &within);
                }
                (b"return", None) => {
                    self.returns(node, context);
                    answered = answered.or(Some(node.place.line));
                }
                (b"break", None) => answered = answered.or(Some(node.place.line)),
                (b"rewrite", None) => self.rewrites(node, context),
                // They say what a server is, and maps are read on their own.
                (b"server_name" | b"map", _) => {}
                _ => self.others.push(node.place),
            }
        }
    }

    fn server(&mut self, node: &Node) -> Context {
        let mut context = Context::default();
        let directives = node.nodes().iter();
        let names = directives.clone().filter(|inner| inner.name() == b"server_name");
        let mut named = false;
        for inner in names {
            for name in &inner.words[1..] {
                named = true;
                match hosts(name) {
                    Ok(hosts) if hosts.is_empty() => {
                        context.hosts.clear();
                        return context;
                    }
                    Ok(hosts) => context.hosts.extend(hosts),
                    Err(message) => self.wrong.push((inner.place, message)),
                }
            }
        }
        if named && context.hosts.is_empty() {
            context.never = Some("no name of its server can be taken".to_owned());
        }
        let default = |word: &Vec<u8>| matches!(&word[..], b"default_server" | b"default");
        context.is_default = !context.hosts.is_empty()
            && directives
                .filter(|inner| inner.name() == b"listen")
                .any(|inner| inner.words.iter().any(default));
        context
    }

    fn location(&mut self, node: &Node, around: &[Node], context: &Context) {
        let mut within = Context { in_location: true, ..context.clone() };
        match location(&node.words[1..]) {
            Ok(location) => within.location = location,
            Err(message) => within.never = Some(message),
        }
        let is = |name: &'static [u8]| move |inner: &&Node| inner.name() == name;
        if let Some(answer) = around.iter().find(|inner| inner.name() == b"return") {
            within.never = Some(format!("line {} answers before it", answer.place.line));
        }
        if node.nodes().iter().any(|inner| is(b"internal")(&inner)) {
            within.never = Some("its location is internal: no visitor can ask for it".to_owned());
        }
        self.block(node.nodes(), &within);
    }

    fn returns(&mut self, node: &Node, context: &Context) {
        let (status, value) = match &node.words[1..] {
            [status] if status == b"410" => (status.clone(), Vec::new()),
            // A URL alone is a 302.
            [value] if redirects(value) => (b"302".to_vec(), value.clone()),
            [status, value]
                if matches!(&status[..], b"301" | b"302" | b"303" | b"307" | b"308") =>
            {
                (status.clone(), value.clone())
            }
            [status] if matches!(&status[..], b"301" | b"302" | b"303" | b"307" | b"308") => {
                let message = format!("return {} without a target; write one", shown(status));
                return self.wrong.push((node.place, message));
            }
            // A page, an error.
            _ => return self.others.push(node.place),
        };
        self.find(node, context, None, status, value, false);
    }

    fn rewrites(&mut self, node: &Node, context: &Context) {
        let [expression, value, flags @ ..] = &node.words[1..] else {
            let message = "rewrite needs an expression and what to write for it".to_owned();
            return self.wrong.push((node.place, message));
        };
        let status = match flags {
            [flag] if flag == b"permanent" => "301",
            [flag] if flag == b"redirect" => "302",
            _ if redirects(value) => "302",
            _ => {
                let message = "it rewrites a path within the server, and is no redirect; write `permanent` or `redirect` behind it if it is meant as one";
                return self.wrong.push((node.place, message.to_owned()));
            }
        };
        let (value, keeps_query) = match value.strip_suffix(b"?") {
            Some(value) => (value, false),
            None => (&value[..], true),
        };
        let status = status.as_bytes().to_vec();
        self.find(node, context, Some(expression.clone()), status, value.to_vec(), keeps_query);
    }

    fn find(
        &mut self,
        node: &Node,
        context: &Context,
        rewrite: Option<Vec<u8>>,
        status: Vec<u8>,
        value: Vec<u8>,
        keeps_query: bool,
    ) {
        if let Some(why) = &context.never {
            return self.wrong.push((node.place, format!("it cannot be taken: {why}")));
        }
        let turn = match context.location {
            Location::All if !context.in_location => Turn::Server,
            Location::Regex { .. } => Turn::Expression,
            _ => Turn::Location,
        };
        self.found.push(NginxRedirect {
            context: context.clone(),
            turn,
            rewrite,
            status,
            value,
            keeps_query,
            place: node.place,
        });
    }
}

fn is_of_rewriting(node: &Node) -> bool {
    matches!(node.name(), b"return" | b"rewrite" | b"if")
}

/// What nginx takes for a redirect by its beginning.
fn redirects(value: &[u8]) -> bool {
    [&b"http://"[..], b"https://", b"$scheme"].iter().any(|start| value.starts_with(start))
}

/// The hosts of a name as keys have them; none for one that means any.
pub(super) fn hosts(name: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    match name {
        b"_" | b"" => Ok(Vec::new()),
        [b'~', ..] => {
            Err(format!("the server name `{}` is an expression; write names", shown(name)))
        }
        [.., b'.', b'*'] => {
            Err(format!("the name `{}` ends with a `*`; write whole names", shown(name)))
        }
        [b'.', rest @ ..] => Ok(vec![rest.to_vec(), [b"*.", rest].concat()]),
        _ => Ok(vec![name.to_ascii_lowercase()]),
    }
}

fn location(words: &[Vec<u8>]) -> Result<Location, String> {
    const MODIFIERS: [&[u8]; 4] = [b"^~", b"~*", b"=", b"~"];
    let (modifier, path): (&[u8], Cow<'_, [u8]>) = match words {
        [modifier, path] => (modifier, Cow::Borrowed(path)),
        [word] => {
            let modifier = MODIFIERS.into_iter().find(|modifier| word.starts_with(modifier));
            let modifier = modifier.unwrap_or_default();
            (modifier, Cow::Borrowed(&word[modifier.len()..]))
        }
        _ => return Err("a location has a path".to_owned()),
    };
    let path = path.into_owned();
    match modifier {
        b"~" | b"~*" => Ok(Location::Regex { expression: path, any_case: modifier == b"~*" }),
        _ if path.first() != Some(&b'/') => {
            Err(format!("no visitor asks for the location `{}`", shown(&path)))
        }
        b"=" => Ok(Location::Exact(path)),
        b"" if path == b"/" => Ok(Location::All),
        b"" | b"^~" => Ok(Location::Prefix { path, strong: modifier == b"^~" }),
        _ => Err(format!("a location has no `{}`", shown(modifier))),
    }
}

/// The context within an `if`.
fn condition(words: &[Vec<u8>], context: &Context) -> Context {
    let mut within = context.clone();
    let joined = words[1..].join(&b' ');
    let inside = joined.strip_prefix(b"(").and_then(|inside| inside.strip_suffix(b")"));
    let inside = inside.unwrap_or(&joined).trim_ascii();
    let parts: Vec<&[u8]> = inside.splitn(3, |&byte| byte == b' ').collect();
    let taken = match parts[..] {
        [variable] => name_of(variable).map(|name| within.wants.push(name.to_vec())),
        [variable, b"!="] => name_of(variable).map(|name| within.wants.push(name.to_vec())),
        [b"$host" | b"$http_host" | b"$server_name", b"=", host] => {
            within.hosts = vec![host.to_ascii_lowercase()];
            within.is_default = false;
            Some(())
        }
        [b"$uri" | b"$document_uri", b"=", path] => {
            let mut key = Vec::new();
            let pushed = push_literal(path, &mut key).is_ok();
            within.paths = Some(Paths::of(key));
            pushed.then_some(())
        }
        [b"$request_uri", b"=", path] => {
            within.paths = Some(Paths::of(path.to_vec()));
            Some(())
        }
        [b"$uri" | b"$document_uri", operator @ (b"~" | b"~*"), expression] => {
            let paths = Paths::matched(expression, operator == b"~*");
            paths.ok().map(|paths| within.paths = Some(paths))
        }
        [variable, b"=", value] => {
            match name_of(variable).and_then(|name| name.strip_prefix(b"arg_")) {
                Some(name) => {
                    let mark = if within.query.is_empty() { b'?' } else { b'&' };
                    within.query.push(mark);
                    within.query.extend_from_slice(&[name, b"=", value].concat());
                    Some(())
                }
                None => None,
            }
        }
        _ => None,
    };
    if taken.is_none() && within.never.is_none() {
        within.never =
            Some(format!("no key can ask `if ({})`; write its links one by one", shown(inside)));
    }
    within
}

/// The name of a variable that is all of `text`.
fn name_of(text: &[u8]) -> Option<&[u8]> {
    let mut names = variables(text);
    let name = names.next()?;
    (text.first() == Some(&b'$') && text.len() <= name.len() + 3 && names.next().is_none())
        .then_some(name)
}

impl Paths {
    /// One key.
    pub(super) fn of(key: Vec<u8>) -> Paths {
        Paths { keys: vec![Filled { key, fills: Vec::new() }], ..Paths::default() }
    }

    /// Those that an expression matches.
    pub(super) fn matched(expression: &[u8], any_case: bool) -> Result<Paths, String> {
        let mut shape = regex::read(expression)?;
        let keys = core::mem::take(&mut shape.keys);
        let changed = shape.changed.take();
        Ok(Paths { keys, shape: Some(shape), any_case, changed })
    }

    /// Those that begin with a path.
    fn under(path: &[u8]) -> Result<Paths, String> {
        let mut key = Vec::new();
        push_literal(path, &mut key)?;
        if key.ends_with(b"/") {
            key.push(b'*');
            return Ok(Paths::of(key));
        }
        let below = [&key, &b"/*"[..]].concat();
        let changed = format!(
            "nginx answers all that begins with {0}, also {0}x; here it is {0} and what is below it",
            shown(path)
        );
        let keys = [key, below].map(|key| Filled { key, fills: Vec::new() }).into();
        Ok(Paths { keys, changed: Some(changed), ..Paths::default() })
    }
}

impl NginxRedirect {
    /// Whether nginx looks at expressions of locations before it.
    pub(super) fn asks_expressions(&self) -> bool {
        matches!(self.context.location, Location::Prefix { strong: false, .. })
    }

    /// The keys it answers.
    pub(super) fn paths(&self) -> Result<Paths, String> {
        let location = match &self.context.location {
            Location::All => None,
            Location::Exact(path) => {
                let mut key = Vec::new();
                push_literal(path, &mut key)?;
                Some(Paths::of(key))
            }
            Location::Prefix { path, .. } => Some(Paths::under(path)?),
            Location::Regex { expression, any_case } => {
                Some(Paths::matched(expression, *any_case)?)
            }
        };
        let Some(around) = self.context.paths.clone().or(location) else {
            return match &self.rewrite {
                Some(expression) => Paths::matched(expression, false),
                None => Ok(Paths::of(b"/*".to_vec())),
            };
        };
        let Some(expression) = &self.rewrite else { return Ok(around) };
        if matches!(&expression[..], b"^" | b"^.*$" | b".*" | b"^/" | b"") {
            return Ok(around);
        }
        // What it matches must lie within what is around it.
        let inner = Paths::matched(expression, false)?;
        let lies_within = |key: &[u8]| {
            around.keys.iter().any(|outer| match outer.key.strip_suffix(b"*") {
                Some(start) => key.starts_with(start),
                None => key == outer.key,
            })
        };
        if !inner.keys.iter().all(|filled| lies_within(&filled.key)) {
            return Err(format!(
                "`{}` matches more than what is around it; move it out, or write its links one by one",
                shown(expression)
            ));
        }
        Ok(inner)
    }
}
