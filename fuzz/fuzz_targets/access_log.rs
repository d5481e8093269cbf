//! A line of an access log: whatever is read of it is one whole request, that gets one
//! whole reply.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use carom::links::{Format, OnBadLine, Source, load};
use carom::replay::{DryShard, LogLine, LogReader, Pieces};
use carom::shard::Now;
use libfuzzer_sys::fuzz_target;

const LINKS: &str = "/a https://a.example/?ua={ua}&from={referer}&q={query}\n/gone 410\n\
                     own.example/a https://own.example/ 301\n/p/* https://p.example/x/:splat\n\
                     /q?id=7 https://q.example/id\n";

fn shard() -> DryShard {
    let source = Source::new("links", LINKS.as_bytes(), Format::Native);
    let table = load(&[source], OnBadLine::Refuse).table.expect("its lines are good");
    DryShard::new(&Arc::new(table), Now { unix_us: 784_111_777_000_000, ms: 0 })
}

thread_local! {
    static SHARD: RefCell<DryShard> = RefCell::new(shard());
}

fuzz_target!(|data: &[u8]| {
    let (mut requests, mut replies) = (Pieces::default(), Pieces::default());
    let mut reader = LogReader::default();
    for line in data.split(|&byte| byte == b'\n') {
        reader.takes_heading(line);
        if let LogLine::Request(request) = reader.read(line, reader.columns()) {
            let host = request.host.as_deref().unwrap_or(b"own.example");
            requests.push(|text| request.push_head(host, text));
        }
    }
    SHARD.with_borrow_mut(|shard| shard.answer(&requests, &mut replies));
    assert_eq!(requests.len(), replies.len());
    for at in 0..replies.len() {
        let reply = replies.get(at);
        assert!(reply.starts_with(b"HTTP/1.1 "));
        let end = reply.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("it is whole");
        // RFC 9110 §5.5: what a field may hold.
        let is_field = |&byte: &u8| matches!(byte, b'\r' | b'\n' | b' '..=b'~');
        assert!(reply[..end].iter().all(is_field));
        let ends = reply.windows(9).filter(|bytes| bytes == b"HTTP/1.1 ").count();
        assert_eq!(ends, 1);
    }
});
