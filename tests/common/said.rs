//! What a running program says, while it says it.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::until;

/// Reads a program's standard error to its end, so that it never waits for us.
pub struct Said {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Said {
    pub fn by(mut stderr: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let shared = text.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(size @ 1..) = stderr.read(&mut bytes) {
                // Only what it quotes may be cut within a character.
                shared.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..size]));
            }
        });
        Self { text, reader }
    }

    pub fn so_far(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// Waits until `words` were said `times` times in all.
    pub fn wait_for(&self, words: &str, times: usize) {
        until(&format!("it says `{words}`"), || self.so_far().matches(words).count() >= times);
    }

    /// All it said, after it ended.
    pub fn join(self) -> String {
        self.reader.join().unwrap();
        self.text.lock().unwrap().clone()
    }
}
