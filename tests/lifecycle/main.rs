//! A server's life: starting, what it says of its machine, reloading, stopping.

mod arguments;
#[path = "../common/mod.rs"]
mod common;
mod machine;
mod privacy;
mod reload;
mod start;
mod stop;

use common::{Client, Reply, Server};

/// The links of most of these tests.
const LINKS: &str = "/a https://a.example/\n/gone 410\n";

fn redirect(location: &str, close: bool) -> Reply {
    Reply { status: 302, location: Some(location.to_owned()), close }
}

/// A client that has been answered once, so that its connection is known to be
/// with a shard.
fn known_client(server: &Server) -> Client {
    let mut client = Client::new(server.connect());
    assert_eq!(client.get("h", "/a"), Some(redirect("https://a.example/", false)));
    client
}
