//! A line of the list of segments, as text: who wrote it when, what happened, and the
//! MAC that chains it to the line before. `docs/click-log.md` says the same in words.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use super::frame::Salt;
use super::id::ClickKeys;
use super::listed::{Actor, Contents, DeletedWhy, Digest, Harm, Listed, ListedEvent};

/// What the MAC is taken with is derived from a click key for this alone.
const CONTEXT: &str = "carom 2026-11-27 list of segments";
/// Longest line, its end included, bytes.
pub const LINE_BYTES_MAX: usize = 1024;

/// Ends a line: 16 bytes of BLAKE3, keyed, over the MAC of the line before and the line
/// up to here.
pub type Mac = [u8; 16];

/// The keys of the list, by number: each derived from the click key of that number.
#[derive(Clone)]
pub struct ListKeys {
    keys: ClickKeys,
}

/// Keys are secret.
impl fmt::Debug for ListKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keys.fmt(f)
    }
}

impl ListKeys {
    /// Derived from these.
    #[must_use]
    pub fn new(keys: &ClickKeys) -> Self {
        Self { keys: keys.clone() }
    }

    /// The number of the newest one, which ends new lines.
    #[must_use]
    pub fn newest(&self) -> u8 {
        self.keys.newest()
    }

    /// Tells the key of this number from others that had the same; `None` without it.
    #[must_use]
    pub fn mark(&self, key: u8) -> Option<u32> {
        let hash = blake3::keyed_hash(&self.derived(key, CONTEXT)?, b"mark");
        let (mark, _) = hash.as_bytes().split_first_chunk()?;
        Some(u32::from_be_bytes(*mark))
    }

    /// What is derived from the key of this number for one purpose; `None` without it.
    #[must_use]
    pub fn derived(&self, key: u8, context: &str) -> Option<[u8; 32]> {
        Some(blake3::derive_key(context, &self.keys.secret(key)?))
    }

    /// The MAC of `text` behind what ended with `before`; `None` without that key.
    #[must_use]
    pub fn mac(&self, key: u8, before: &Mac, text: &str) -> Option<Mac> {
        let mut hasher = blake3::Hasher::new_keyed(&self.derived(key, CONTEXT)?);
        hasher.update(before).update(text.as_bytes());
        let (mac, _) = hasher.finalize().as_bytes().split_first_chunk().map(|(a, b)| (*a, b))?;
        Some(mac)
    }
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListLine {
    /// Which, from 1.
    pub index: u64,
    /// When it was written, Unix µs.
    pub time_us: u64,
    /// Number of the key that signed it.
    pub key: u8,
    /// What tells that key from others of its number.
    pub mark: u32,
    /// What it tells; `None` for what a later version writes.
    pub listed: Option<Listed>,
    /// What ends it.
    pub mac: Mac,
    /// How much of the line the MAC is over, bytes.
    pub signed: usize,
}

/// Writes the line number `index` behind the one that ended with `before`. Returns what
/// ends it.
pub fn write(
    out: &mut String,
    keys: &ListKeys,
    before: &Mac,
    index: u64,
    time_us: u64,
    listed: &Listed,
) -> Mac {
    let start = out.len();
    let key = keys.newest();
    let mark = keys.mark(key).expect("the newest key is there");
    let Listed { shard, number, event } = listed;
    let name = name(event);
    let time = time(time_us);
    let head =
        format_args!("{index} {time} key={key}/{mark:08x} {name} shard={shard} segment={number}");
    let _ = write!(out, "{head}");
    let _ = match event {
        ListedEvent::Begun { run, salt, is_staged } => {
            let staged = if *is_staged { " staged=1" } else { "" };
            write!(out, " run={run} salt={:08x}{staged}", salt.value())
        }
        ListedEvent::Sealed(contents) | ListedEvent::Found(contents) => put(out, contents),
        ListedEvent::Deleted { by, why } => write!(out, " by={} why={}", actor(*by), reason(*why)),
        ListedEvent::Gone | ListedEvent::Made => Ok(()),
        ListedEvent::Harmed(harm) => write!(out, " what={}", self::harm(*harm)),
    };
    let crc = crc32c::crc32c(&out.as_bytes()[start..]);
    let _ = write!(out, " crc={crc:08x}");
    let mac = keys.mac(key, before, &out[start..]).expect("the newest key is there");
    let _ = writeln!(out, " mac={:032x}", u128::from_be_bytes(mac));
    mac
}

fn put(out: &mut String, contents: &Contents) -> fmt::Result {
    let Contents { run, salt, first, last, clicks, lost, bytes, from_us, to_us, digest } = contents;
    write!(
        out,
        " run={run} salt={:08x} first={first} last={last} clicks={clicks} lost={lost} \
         bytes={bytes} from={} to={}",
        salt.value(),
        time(*from_us),
        time(*to_us)
    )?;
    let Some(digest) = digest else { return Ok(()) };
    out.push_str(" digest=");
    digest.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

/// Reads a line, without its end. `None` if it is none, or its checksum does not fit.
#[must_use]
pub fn read(line: &str) -> Option<ListLine> {
    let (signed, mac) = line.rsplit_once(" mac=")?;
    let (text, crc) = signed.rsplit_once(" crc=")?;
    let crc = (crc.len() == 8).then(|| u32::from_str_radix(crc, 16).ok())??;
    if crc != crc32c::crc32c(text.as_bytes()) {
        return None;
    }
    let mac = (mac.len() == 32).then(|| u128::from_str_radix(mac, 16).ok())??;
    let mut words = text.split(' ');
    let index = words.next()?.parse().ok()?;
    let time_us = time_of(words.next()?)?;
    let (key, mark) = words.next()?.strip_prefix("key=")?.split_once('/')?;
    let (key, mark) = (key.parse().ok()?, u32::from_str_radix(mark, 16).ok()?);
    let listed = listed(words.next()?, &Fields(text));
    Some(ListLine {
        index,
        time_us,
        key,
        mark,
        listed,
        mac: mac.to_be_bytes(),
        signed: signed.len(),
    })
}

fn listed(name: &str, fields: &Fields<'_>) -> Option<Listed> {
    let event = match name {
        "begun" => {
            let is_staged = fields.text("staged") == Some("1");
            ListedEvent::Begun { run: fields.number("run")?, salt: fields.salt()?, is_staged }
        }
        "sealed" => ListedEvent::Sealed(contents(fields)?),
        "found" => ListedEvent::Found(contents(fields)?),
        "deleted" => {
            let (by, why) = (fields.text("by")?, fields.text("why")?);
            // Whatever the reason that a later version has, it is deleted, and not gone.
            let by = ACTORS.into_iter().find(|it| actor(*it) == by).unwrap_or(Actor::Later);
            let why = WHYS.into_iter().find(|it| reason(*it) == why).unwrap_or(DeletedWhy::Later);
            ListedEvent::Deleted { by, why }
        }
        "gone" => ListedEvent::Gone,
        "made" => ListedEvent::Made,
        "harmed" => {
            let what = fields.text("what")?;
            ListedEvent::Harmed(HARMS.into_iter().find(|it| harm(*it) == what)?)
        }
        _ => return None,
    };
    let shard = u16::try_from(fields.number("shard")?).ok()?;
    Some(Listed { shard, number: fields.number("segment")?, event })
}

fn contents(fields: &Fields<'_>) -> Option<Contents> {
    let digest = match fields.text("digest") {
        Some(digits) => Some(digest_of(digits)?),
        None => None,
    };
    Some(Contents {
        run: fields.number("run")?,
        salt: fields.salt()?,
        first: fields.number("first")?,
        last: fields.number("last")?,
        clicks: fields.number("clicks")?,
        lost: fields.number("lost")?,
        bytes: fields.number("bytes")?,
        from_us: time_of(fields.text("from")?)?,
        to_us: time_of(fields.text("to")?)?,
        digest,
    })
}

/// The words of a line that are a name, `=` and what it is.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn salt(&self) -> Option<Salt> {
        Some(Salt::new(u32::from_str_radix(self.text("salt")?, 16).ok()?))
    }
}

fn digest_of(digits: &str) -> Option<Digest> {
    let half = |at: usize| u128::from_str_radix(digits.get(32 * at..32 * (at + 1))?, 16).ok();
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&half(0)?.to_be_bytes());
    digest[16..].copy_from_slice(&half(1)?.to_be_bytes());
    (digits.len() == 64).then_some(digest)
}

/// RFC 3339, UTC, to the µs. What is no date is a number of µs.
fn time(us: u64) -> String {
    let time = i64::try_from(us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(|| us.to_string(), |time| format!("{time:.6}"))
}

fn time_of(text: &str) -> Option<u64> {
    if let Ok(us) = text.parse() {
        return Some(us);
    }
    u64::try_from(text.parse::<Timestamp>().ok()?.as_microsecond()).ok()
}

/// The word for what happened.
#[must_use]
pub fn name(event: &ListedEvent) -> &'static str {
    match event {
        ListedEvent::Begun { .. } => "begun",
        ListedEvent::Sealed(_) => "sealed",
        ListedEvent::Found(_) => "found",
        ListedEvent::Deleted { .. } => "deleted",
        ListedEvent::Gone => "gone",
        ListedEvent::Made => "made",
        ListedEvent::Harmed(_) => "harmed",
    }
}

const ACTORS: [Actor; 3] = [Actor::Server, Actor::Ship, Actor::Prune];

/// The word for who did it.
#[must_use]
pub fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::Server => "server",
        Actor::Ship => "ship",
        Actor::Prune => "prune",
        Actor::Later => "later",
    }
}

const WHYS: [DeletedWhy; 5] = [
    DeletedWhy::Unused,
    DeletedWhy::Shipped,
    DeletedWhy::TooOld,
    DeletedWhy::Before,
    DeletedWhy::MaxDisk,
];

/// The word for why it was deleted.
#[must_use]
pub fn reason(why: DeletedWhy) -> &'static str {
    match why {
        DeletedWhy::Unused => "unused",
        DeletedWhy::Shipped => "shipped",
        DeletedWhy::TooOld => "too-old",
        DeletedWhy::Before => "before",
        DeletedWhy::MaxDisk => "max-disk",
        DeletedWhy::Later => "later",
    }
}

const HARMS: [Harm; 5] =
    [Harm::Unlisted, Harm::ImageGone, Harm::ImageChanged, Harm::ListGone, Harm::HeadGone];

fn harm(harm: Harm) -> &'static str {
    match harm {
        Harm::Unlisted => "unlisted",
        Harm::ImageGone => "image-gone",
        Harm::ImageChanged => "image-changed",
        Harm::ListGone => "list-gone",
        Harm::HeadGone => "head-gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> ListKeys {
        let keys = ClickKeys::parse("0 000102030405060708090a0b0c0d0e0f\n").unwrap();
        ListKeys::new(&keys)
    }

    fn contents() -> Contents {
        Contents {
            run: 1_763_800_000_000_000,
            salt: Salt::new(0x1a2b),
            first: 5,
            last: 1004,
            clicks: 990,
            lost: 10,
            bytes: 99_000,
            from_us: 1_763_800_000_123_456,
            to_us: u64::MAX,
            digest: Some(std::array::from_fn(|at| at as u8 * 8)),
        }
    }

    /// What is written must be read as it was, and no byte of it may change unseen.
    fn check(event: ListedEvent) {
        let listed = Listed { shard: 1023, number: 1 << 40, event };
        let (before, mut text) = ([7; 16], String::from("before it\n"));
        let mac = write(&mut text, &keys(), &before, 12, 1_763_800_000_000_001, &listed);
        let line = text.strip_prefix("before it\n").unwrap().strip_suffix('\n').unwrap();
        assert!(line.len() < LINE_BYTES_MAX);
        let read = read(line).unwrap();
        let expected = (12, 1_763_800_000_000_001, 0, Some(listed), mac);
        assert_eq!((read.index, read.time_us, read.key, read.listed, read.mac), expected, "{line}");
        assert_eq!(keys().mac(0, &before, &line[..read.signed]), Some(mac));
        assert_eq!(keys().mac(3, &before, &line[..read.signed]), None);
        for at in 0..line.len() {
            let mut bytes = line.as_bytes().to_owned();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let is_seen = super::read(&changed).is_none_or(|read| {
                keys().mac(read.key, &before, &changed[..read.signed]) != Some(read.mac)
            });
            assert!(is_seen, "{changed}");
        }
    }

    #[test]
    fn begun() {
        let salt = Salt::new(u32::MAX);
        let begun = |is_staged| ListedEvent::Begun { run: 1, salt, is_staged };
        [false, true].into_iter().for_each(|is_staged| check(begun(is_staged)));
    }
    #[test]
    fn sealed() {
        check(ListedEvent::Sealed(contents()));
    }
    #[test]
    fn found_without_a_digest() {
        check(ListedEvent::Found(Contents { digest: None, ..contents() }));
    }
    #[test]
    fn deleted() {
        for (by, why) in ACTORS.into_iter().flat_map(|by| WHYS.map(|why| (by, why))) {
            check(ListedEvent::Deleted { by, why });
        }
    }
    #[test]
    fn deleted_for_a_reason_of_a_later_version() {
        let text = "1 2026-11-27T00:00:00Z key=0/0000abcd deleted shard=0 segment=1 by=x why=y";
        let crc = crc32c::crc32c(text.as_bytes());
        let read = read(&format!("{text} crc={crc:08x} mac={:032x}", 5)).unwrap();
        let later = ListedEvent::Deleted { by: Actor::Later, why: DeletedWhy::Later };
        assert_eq!(read.listed.unwrap().event, later);
    }
    #[test]
    fn gone() {
        check(ListedEvent::Gone);
    }
    #[test]
    fn made() {
        check(ListedEvent::Made);
    }
    #[test]
    fn harmed() {
        HARMS.into_iter().for_each(|harm| check(ListedEvent::Harmed(harm)));
    }

    #[test]
    fn what_a_later_version_tells_is_passed_over() {
        let text = "1 2026-11-27T00:00:00Z key=0/0000abcd moved shard=0 segment=1";
        let crc = crc32c::crc32c(text.as_bytes());
        let line = format!("{text} crc={crc:08x} mac={:032x}", 5);
        let read = read(&line).unwrap();
        assert_eq!((read.index, read.listed, read.mac[15]), (1, None, 5));
    }

    #[test]
    fn any_text_will_do() {
        for text in ["", " ", " crc= mac=", "1 crc=00000000 mac=0", "é crc=é mac=é"] {
            assert_eq!(read(text), None);
        }
    }
}
