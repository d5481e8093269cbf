//! A walk through servers, locations and conditions for what redirects:
//! `return`, and `rewrite` with what makes it a redirect.

use super::super::region::Region;
use super::claims::{Claim, Claims};
use super::condition::condition;
use super::location::{Location, Step};
use super::paths::of_location;
use super::redirect::{Context, NginxRedirect};
use super::servers::{Others, Server};
use super::tree::{ConfigLine, Node};
use crate::links::bytes::shown;

/// What a walk through servers finds.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) servers: Vec<Server>,
    pub(super) found: Vec<NginxRedirect>,
    pub(super) wrong: Vec<(ConfigLine, String)>,
    /// Directives that have nothing to do with redirects.
    pub(super) others: Vec<(ConfigLine, String)>,
    /// What nginx answers that is no redirect.
    pub(super) claims: Claims,
    turns: usize,
    steps: usize,
    servers_seen: usize,
}

/// How far a block answers all that comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    No,
    /// By a redirect, at this line.
    Redirect(u32),
    /// By something else.
    Otherwise(u32),
}

impl Walk {
    /// Walks through all of a configuration.
    pub(super) fn tree(&mut self, tree: &[Node]) {
        self.block(tree, &Context::default());
    }

    fn turn(&mut self) -> usize {
        self.turns += 1;
        self.turns
    }

    fn block(&mut self, nodes: &[Node], context: &Context) -> Answered {
        let mut answered = Answered::No;
        let context = &mut context.clone();
        for node in nodes {
            if let (Answered::Redirect(line) | Answered::Otherwise(line), None) =
                (answered, &context.never)
                && is_of_rewriting(node)
            {
                context.never = Some(format!("line {line} answers before it; leave it out"));
            }
            let now = self.directive(node, nodes, context);
            if answered == Answered::No {
                answered = now;
            }
        }
        answered
    }

    fn directive(&mut self, node: &Node, around: &[Node], context: &Context) -> Answered {
        match (node.name(), &node.block) {
            (b"http", Some(_)) => {
                self.block(node.nodes(), context);
            }
            (b"server", Some(_)) => self.server(node),
            (b"location", Some(_)) => self.location(node, around, context),
            (b"if", Some(_)) => self.condition(node, context),
            (b"return", None) => return self.returns(node, context),
            (b"break", None) => return Answered::Otherwise(node.place.line),
            (b"rewrite", None) => return self.rewrites(node, context),
            (b"error_page", None) => self.error_page(node),
            // They say what a server is, and maps are read on their own.
            (b"server_name" | b"map", _) => {}
            _ => self.others.push((node.place, passed(node))),
        }
        Answered::No
    }

    fn server(&mut self, node: &Node) {
        let at = self.servers_seen;
        self.servers_seen += 1;
        let Some(server) = self.servers.get(at) else { return };
        let context = Context {
            server: Some(at),
            hosts: server.hosts.clone(),
            never: server.never.clone(),
            answers_others: server.others != Others::No,
            ..Context::default()
        };
        self.block(node.nodes(), &context);
    }

    fn location(&mut self, node: &Node, around: &[Node], context: &Context) {
        let mut within = Context {
            // What stands around it in another location is not handed down.
            query: Vec::new(),
            paths: None,
            wants: Vec::new(),
            changed: None,
            ..context.clone()
        };
        let location = match Location::read(&node.words[1..]) {
            Ok(location) => location,
            Err(message) => {
                within.never = Some(message);
                self.block(node.nodes(), &within);
                return;
            }
        };
        let regions = of_location(&location);
        self.steps += 1;
        within.chain.push(Step { id: self.steps, location });
        let is = |name: &'static [u8]| move |inner: &&Node| inner.name() == name;
        if within.chain.len() == 1
            && let Some(answer) = around.iter().find(is(b"return"))
        {
            within.never = Some(format!("line {} answers before it", answer.place.line));
        }
        let is_internal = node.nodes().iter().any(|inner| is(b"internal")(&inner));
        if is_internal {
            within.never = Some("its location is internal: no visitor can ask for it".to_owned());
        }
        let answered = self.block(node.nodes(), &within);
        if is_internal || !matches!(answered, Answered::Redirect(_)) {
            let what = format!("location {}", shown(&node.words[1..].join(&b' ')));
            self.claim(&within, regions, node.place, what);
        }
    }

    /// Notes what is answered by no redirect.
    fn claim(&mut self, context: &Context, regions: Vec<Region>, place: ConfigLine, what: String) {
        let turn = self.turn();
        let chain = context.chain.clone();
        let claim = Claim { chain, turn, regions, is_taken: false, place, what };
        self.claims.add(context.server, claim);
    }

    fn condition(&mut self, node: &Node, context: &Context) {
        let within = condition(&node.words, context);
        let before = self.found.len();
        let answered = self.block(node.nodes(), &within);
        if !matches!(answered, Answered::Otherwise(_)) || before < self.found.len() {
            return;
        }
        // Something that is no redirect is answered in place of links.
        let wants = within
            .wants
            .first()
            .map(|want| format!("no key can ask what ${} is; leave it out", shown(&want.name)));
        let http = within.http_only.then(|| "no key can ask whether it came over http".to_owned());
        let why = within.never.clone().or(wants).or(http);
        match (why, within.around()) {
            (Some(why), _) | (None, Err(why)) => {
                let message = format!("what it answers cannot be taken: {why}");
                self.wrong.push((node.place, message));
            }
            (None, Ok(paths)) => {
                let what = shown(&node.words.join(&b' '));
                let query = within.query.strip_prefix(b"?").unwrap_or_default();
                let asked = |region| Region { query: query.to_vec(), ..region };
                let regions = paths.regions().into_iter().map(asked).collect();
                self.claim(context, within.at_hosts(regions, &self.servers), node.place, what);
            }
        }
    }

    fn returns(&mut self, node: &Node, context: &Context) -> Answered {
        let is_redirect =
            |status: &[u8]| matches!(status, b"301" | b"302" | b"303" | b"307" | b"308");
        let (status, value) = match &node.words[1..] {
            [status] if status == b"410" => (status.clone(), Vec::new()),
            // A URL alone is a 302.
            [value] if redirects(value) => (b"302".to_vec(), value.clone()),
            [status, value] if is_redirect(status) => (status.clone(), value.clone()),
            [status] if is_redirect(status) => {
                let message = format!("return {} without a target; write one", shown(status));
                self.wrong.push((node.place, message));
                return Answered::Redirect(node.place.line);
            }
            // A page, an error.
            _ => {
                self.others.push((node.place, passed(node)));
                return Answered::Otherwise(node.place.line);
            }
        };
        self.find(node, context, None, status, value, false);
        Answered::Redirect(node.place.line)
    }

    fn rewrites(&mut self, node: &Node, context: &Context) -> Answered {
        let [expression, value, flags @ ..] = &node.words[1..] else {
            let message = "rewrite needs an expression and what to write for it".to_owned();
            self.wrong.push((node.place, message));
            return Answered::No;
        };
        let status = match flags {
            [flag] if flag == b"permanent" => "301",
            [flag] if flag == b"redirect" => "302",
            _ if redirects(value) => "302",
            _ => {
                let message = "it rewrites a path within the server, and is no redirect; write `permanent` or `redirect` behind it if it is meant as one";
                self.wrong.push((node.place, message.to_owned()));
                return Answered::No;
            }
        };
        let (value, keeps_query) = match value.strip_suffix(b"?") {
            Some(value) => (value, false),
            None => (&value[..], true),
        };
        let status = status.as_bytes().to_vec();
        self.find(node, context, Some(expression.clone()), status, value.to_vec(), keeps_query);
        match &expression[..] {
            b"^" | b"^/" | b".*" | b"(.*)" | b"^.*$" | b"^(.*)$" | b"^(.*)" | b"^/(.*)$"
            | b"^/(.*)" => Answered::Redirect(node.place.line),
            _ => Answered::No,
        }
    }

    fn error_page(&mut self, node: &Node) {
        let target = node.words.last().filter(|target| redirects(target));
        let Some(target) = target else {
            return self.others.push((node.place, passed(node)));
        };
        let message = format!(
            "it redirects what is not found, which no key says; the nearest line is `/* {} 302`, or --fallback",
            shown(target)
        );
        self.wrong.push((node.place, message));
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
        let (context, turn, place) = (context.clone(), self.turn(), node.place);
        self.found.push(NginxRedirect {
            context,
            turn,
            rewrite,
            status,
            value,
            parts: Vec::new(),
            keeps_query,
            place,
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

/// A directive that is passed over, as it is listed.
pub(super) fn passed(node: &Node) -> String {
    const WORDS_SHOWN: usize = 8;
    let words = node.words.iter().take(WORDS_SHOWN).map(|word| shown(word));
    let more = if node.words.len() > WORDS_SHOWN { " …" } else { "" };
    format!("{}{more}: no redirect", words.collect::<Vec<_>>().join(" "))
}
