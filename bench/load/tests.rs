//! The generator against servers that behave, and servers that do not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::{Limit, LoadPlan, Moment, Outcome, run};
use crate::floor::{self, FloorEngine};
use crate::requests::{Headers, Requests, Style};

const REPLY: &[u8] = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";

fn requests(close: bool) -> Requests {
    let style =
        Style { host: "a.example".to_owned(), headers: Headers::Minimal, close, cookie_bytes: 0 };
    Requests::fixed("/a", &style)
}

/// Has every connection served by `serve`, as long as the test program lives.
fn server(serve: impl Fn(TcpStream) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

/// Answers each read with `reply`.
fn answer(mut stream: TcpStream, reply: &[u8]) {
    while stream.read(&mut [0; 4096]).is_ok_and(|size| size > 0) && stream.write_all(reply).is_ok()
    {
    }
}

fn plan<'a>(target: SocketAddr, requests: &'a Requests, stop: &'a AtomicBool) -> LoadPlan<'a> {
    LoadPlan {
        target,
        requests,
        connections: 2,
        pipeline: 1,
        new_connections: false,
        rate: None,
        limit: Limit::Requests(20),
        warm_up: Duration::ZERO,
        timeout: Duration::from_millis(300),
        expect: &[],
        stop,
    }
}

fn load(target: SocketAddr, change: impl FnOnce(&mut LoadPlan<'_>)) -> Outcome {
    let stop = AtomicBool::new(false);
    let (requests, closing) = (requests(false), requests(true));
    let mut plan = plan(target, &requests, &stop);
    change(&mut plan);
    if plan.new_connections {
        plan.requests = &closing;
    }
    run(&plan, &mut |_: Moment<'_>| {}).unwrap()
}

fn failures(outcome: &Outcome) -> Vec<(&'static str, u64)> {
    outcome.failures().collect()
}

#[test]
fn the_floor_answers_every_request() {
    for engine in [FloorEngine::Epoll, FloorEngine::IoUring] {
        for (pipeline, new_connections) in [(1, false), (16, false), (1, true)] {
            let request_bytes = requests(new_connections).common_size().unwrap();
            let Some(target) = floor::in_a_thread(engine, request_bytes, new_connections) else {
                continue; // io_uring is refused here
            };
            let outcome = load(target, |plan| {
                plan.limit = Limit::Requests(2_000);
                plan.connections = 10;
                plan.pipeline = pipeline;
                plan.new_connections = new_connections;
            });
            assert_eq!(failures(&outcome), [], "{engine:?} {pipeline} {new_connections}");
            assert_eq!(outcome.replies, 2_000, "{engine:?} {pipeline} {new_connections}");
        }
    }
}

#[test]
fn replies_may_come_in_pieces() {
    for cut in [1, 12, 20, REPLY.len() - 1] {
        let target = server(move |mut stream| {
            stream.set_nodelay(true).unwrap();
            while stream.read(&mut [0; 4096]).is_ok_and(|size| size > 0) {
                stream.write_all(&REPLY[..cut]).unwrap();
                thread::yield_now();
                stream.write_all(&REPLY[cut..]).unwrap();
            }
        });
        let outcome = load(target, |_| {});
        assert_eq!((outcome.replies, failures(&outcome)), (20, vec![]), "cut at {cut}");
    }
}

#[test]
fn a_reply_without_a_length_ends_with_the_connection() {
    let target = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nbody");
    });
    let outcome = load(target, |plan| plan.new_connections = true);
    assert_eq!((outcome.replies, failures(&outcome)), (20, vec![]));
}

#[test]
fn a_server_may_close_after_a_reply_that_says_so() {
    let target = server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let reply =
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let _ = stream.write_all(reply);
    });
    let outcome = load(target, |_| {});
    assert_eq!((outcome.replies, failures(&outcome)), (20, vec![]));
    assert!(outcome.reconnects >= 18, "{}", outcome.reconnects);
}

#[test]
fn errors_are_told_apart() {
    let check = |target, expected: &str| {
        let outcome = load(target, |_| {});
        let seen = failures(&outcome);
        assert!(seen.len() == 1 && seen[0].0 == expected, "{expected}: {seen:?}");
        assert_eq!(outcome.errors(), 20, "{expected}");
    };
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(closed, "connect");
    check(server(|stream| answer(stream, b"nonsense\r\n\r\n")), "bad_reply");
    let redirect_to_nowhere = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n";
    check(server(|stream| answer(stream, redirect_to_nowhere)), "bad_reply");
    let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    check(server(|stream| answer(stream, missing)), "unexpected_status");
    check(
        server(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&REPLY[..30]);
        }),
        "early_end",
    );
    // Closing with unread input resets.
    check(
        server(|mut stream| {
            let _ = stream.read(&mut [0; 1]);
        }),
        "reset",
    );
}

#[test]
fn silence_is_a_timeout() {
    let target =
        server(|mut stream| while stream.read(&mut [0; 4096]).is_ok_and(|size| size > 0) {});
    let outcome = load(target, |plan| plan.limit = Limit::Requests(2));
    assert_eq!(failures(&outcome), [("timeout", 2)]);
}

/// A server that stalls answers late what was due meanwhile, and the latency says
/// so: a closed loop would have asked it less.
#[test]
fn an_open_loop_counts_from_when_a_request_was_due() {
    let target = server(|mut stream| {
        let mut first = true;
        while stream.read(&mut [0; 4096]).is_ok_and(|size| size > 0) {
            if std::mem::take(&mut first) {
                thread::park_timeout(Duration::from_millis(200));
            }
            if stream.write_all(REPLY).is_err() {
                return;
            }
        }
    });
    let outcome = load(target, |plan| {
        plan.connections = 1;
        plan.rate = Some(1_000.0);
        plan.limit = Limit::Requests(300);
        plan.timeout = Duration::from_secs(5);
    });
    assert_eq!((outcome.replies, failures(&outcome)), (300, vec![]));
    // 200 were due while it stalled, on average half of that time ago.
    assert!(outcome.latency_us(50.0) > 20_000.0, "{}", outcome.text());
}
