//! Flags of what the server answers by itself.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::wishes::Layers;
use crate::disk::regular;
use crate::limits::ROBOTS_BYTES_MAX;
use crate::links::{CheckedTarget, Fallback, normalise};
use crate::shard::{Builtins, Robots};

/// What is answered where no link says it.
#[derive(Args, Clone, Debug, Default)]
pub struct BuiltinArguments {
    /// Where an unknown key is sent, with a 302 [default: none, it is answered 404]
    #[arg(long, env = "CAROM_FALLBACK", value_name = "URL", value_parser = fallback)]
    fallback: Option<Fallback>,

    /// What /robots.txt answers where no link covers it: a file's text, or as any unknown key
    /// (none) [default: that robots have nothing to look for]
    #[arg(long, env = "CAROM_ROBOTS", value_name = "FILE|none", value_parser = robots)]
    robots: Option<Robots>,

    /// Answer /favicon.ico as any unknown key (none) [default: 204, where no link covers it]
    #[arg(long, env = "CAROM_FAVICON", value_name = "none", value_parser = favicon)]
    favicon: Option<bool>,

    /// A path that answers 200, without a click, where no link has it for its own: for who
    /// looks whether the server is well [default: none]
    #[arg(long, env = "CAROM_HEALTH_PATH", value_name = "/PATH", value_parser = health_path)]
    health_path: Option<Arc<[u8]>>,
}

impl BuiltinArguments {
    /// What they say, each by the first of `said` that says it.
    pub fn plan<T>(said: &Layers<'_, T>, of: fn(&T) -> &Self) -> Builtins {
        Builtins {
            fallback: said.first(|it| of(it).fallback.clone()),
            robots: said.first(|it| of(it).robots.clone()).unwrap_or_default(),
            no_favicon: said.first(|it| of(it).favicon).unwrap_or_default(),
            health_path: said.first(|it| of(it).health_path.clone()),
        }
    }
}

fn fallback(text: &str) -> Result<Fallback, String> {
    let checked = CheckedTarget::parse(text.as_bytes()).map_err(|problem| problem.to_string())?;
    Fallback::new(checked)
        .ok_or_else(|| "a fallback cannot hold :splat; only a /* link can".to_owned())
}

fn robots(text: &str) -> Result<Robots, String> {
    if text == "none" {
        return Ok(Robots::NoReply);
    }
    let mut content = String::new();
    let file = regular::open(Path::new(text)).map_err(|error| error.to_string())?;
    let most = ROBOTS_BYTES_MAX as u64 + 1;
    file.take(most).read_to_string(&mut content).map_err(|error| error.to_string())?;
    if content.len() > ROBOTS_BYTES_MAX {
        return Err(format!("it has more than {ROBOTS_BYTES_MAX} bytes; write a shorter one"));
    }
    Ok(Robots::Text(content.into()))
}

fn favicon(text: &str) -> Result<bool, String> {
    if text == "none" { Ok(true) } else { Err("write none, or leave it out".to_owned()) }
}

fn health_path(text: &str) -> Result<Arc<[u8]>, String> {
    let mut room = Vec::new();
    if text.contains(['*', ':']) {
        return Err("it is one path and no pattern; write it whole, such as /healthz".to_owned());
    }
    if !text.starts_with('/') || text.contains(['?', '#']) {
        return Err("write a path without a query, such as /healthz".to_owned());
    }
    Ok(normalise(text.as_bytes(), &mut room).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_said() {
        let path = |text| health_path(text).map(|path| String::from_utf8_lossy(&path).into_owned());
        assert_eq!(path("/up//now"), Ok("/up/now".to_owned()));
        assert!(path("healthz").unwrap_err().contains("such as /healthz"));
        assert!(path("/a?b").unwrap_err().contains("a path without a query"));
        for pattern in ["/h*", "/a/*", "/:x"] {
            assert!(path(pattern).unwrap_err().contains("one path and no pattern"), "{pattern}");
        }
        assert_eq!(robots("none"), Ok(Robots::NoReply));
        assert!(robots("/no/such/file").is_err());
        assert_eq!((favicon("none"), favicon("204").is_err()), (Ok(true), true));
        assert!(fallback("https://a/:splat").unwrap_err().contains("only a /* link can"));
    }
}
