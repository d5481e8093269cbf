//! The fields of a click in output, each once: what it is called, how it is read
//! and what it is. Rows, Parquet files, counts and the table in `docs/click-log.md`
//! follow this list.

use std::fmt;

use crate::clicks::format::click::Flags;
use crate::clicks::format::id::ClickId;
use crate::clicks::read::entry::LedgerEntry;

/// One field of a click.
pub struct Column {
    /// What it is called.
    pub name: &'static str,
    /// What its values are, and how they are read.
    pub values: Values,
    /// What it is, as the documentation says it.
    pub about: &'static str,
    /// How clicks are counted by it, if they are.
    pub counted: Option<Counting>,
    /// Where it is written.
    pub presence: Presence,
    /// Whether most values are different, so that a dictionary of them saves nothing.
    pub few_alike: bool,
}

/// Where a column is written. Rows of JSON can leave out what has no value; a table has
/// the same columns in each of its rows, and readers that count on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every row.
    Always,
    /// In every row, but not in rows of JSON where it is empty.
    Sparse,
    /// In rows of JSON where it is not empty, and in tables that ask for it.
    Asked,
}

/// How many of the [`COLUMNS`] tables had where nothing else was asked for, before segments
/// told of links: those up to `cut`. Sinks that were registered then have no others.
pub const COLUMNS_BEFORE_LINKS: usize = 18;

/// A column is told by its name.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Column {}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How a value is read from a click.
pub type Of<T> = fn(&LedgerEntry<'_>) -> T;
/// How bytes are read that need not be there.
pub type MaybeBytesOf = for<'b> fn(&'b LedgerEntry<'_>) -> Option<&'b [u8]>;

/// What the values of a column are, and how one is read from a click. Whatever
/// writes columns has a way for each kind, so that a column of a kind that is there
/// needs no more than its line in [`COLUMNS`].
pub enum Values {
    /// A moment, Unix µs.
    Time(Of<u64>),
    /// A number of 8 bits.
    U8(Of<u8>),
    /// A number of 16 bits.
    U16(Of<u16>),
    /// A number of 32 bits.
    U32(Of<u32>),
    /// A number of 64 bits.
    U64(Of<u64>),
    /// Yes or no.
    Flag(Of<bool>),
    /// Something that is kept as text.
    Text(Spelled),
}

/// What the values of a column of text are, and how one is read from a click.
pub enum Spelled {
    /// One of a few words.
    Word(Of<Word>),
    /// One of a few words, or none for the number 0.
    MaybeWord(Of<Word>),
    /// An IPv6 address, or an IPv4 address in it.
    Address(Of<[u8; 16]>),
    /// A number that is shown as 16 hexadecimal digits; 0 is none.
    Digits(Of<u64>),
    /// Bytes that somebody else chose.
    Bytes(for<'b> fn(&'b LedgerEntry<'_>) -> &'b [u8]),
    /// Such bytes, if there are any.
    MaybeBytes(MaybeBytesOf),
    /// An id, if the click has one.
    Id(Of<Option<ClickId>>),
    /// Any number of words.
    Names(Of<Names>),
}

/// A number and the word for it. What this version knows no word for is shown as its
/// number.
pub type Word = (u8, Option<&'static str>);

/// How clicks are counted by a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// What the counts are called.
    pub plural: &'static str,
    /// Whether those that have no value are counted too.
    pub none: bool,
}

/// Words that bits stand for.
#[derive(Clone, Copy)]
pub struct Names {
    bits: u16,
    /// Which bit stands for which word.
    words: &'static [(u16, &'static str)],
}

/// The words for bits that have none: their numbers.
const BITS: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

impl Names {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The words, from the lowest bit on.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        let numbers = (0..16_u8).filter(move |number| self.bits >> number & 1 != 0);
        numbers.map(move |number| {
            let word = self.words.iter().find(|(bit, _)| bit >> number & 1 != 0);
            word.map_or(BITS[usize::from(number)], |(_, word)| *word)
        })
    }

    /// Appends the words with a space between them.
    pub fn join_to(self, text: &mut String) {
        for (index, word) in self.iter().enumerate() {
            text.push_str(if index > 0 { " " } else { "" });
            text.push_str(word);
        }
    }
}

/// The strings that can be cut.
const CUTS: &[(u16, &str)] = &[
    (Flags::PATH_CUT.bits(), "path"),
    (Flags::HOST_CUT.bits(), "host"),
    (Flags::REFERER_CUT.bits(), "referer"),
    (Flags::USER_AGENT_CUT.bits(), "user_agent"),
    (Flags::TAG_CUT.bits(), "tag"),
];

const ALL_CUTS: u16 = {
    let (mut bits, mut at) = (0, 0);
    while at < CUTS.len() {
        bits |= CUTS[at].0;
        at += 1;
    }
    bits
};

/// All fields, in the order they are written.
pub static COLUMNS: &[Column] = &[
    Column::new(
        "time",
        Values::Time(|it| it.click.time_us),
        "when; as text RFC 3339, UTC, with six decimals",
    )
    .few_alike(),
    Column::new("shard", Values::U16(|it| it.shard), "which shard wrote it"),
    Column::new("seq", Values::U64(|it| it.sequence), "the sequence number").few_alike(),
    Column::text(
        "link",
        Spelled::Digits(|it| it.click.link),
        "16 hexadecimal digits: of its key, or the number that its `id=` says; null for no link",
    )
    .counted("links", true),
    Column::new("generation", Values::U32(|it| it.click.generation), "of the table"),
    Column::text(
        "ip",
        Spelled::Address(|it| it.click.ip),
        "IPv4 addresses in their own form; a hash is an IPv6 address that begins with `fc`",
    )
    .few_alike(),
    Column::new("status", Values::U16(|it| it.click.status), "of the reply"),
    Column::text(
        "verdict",
        Spelled::Word(|it| it.click.verdict.number_and_word()),
        "`redirect`, `unknown`, `gone`",
    ),
    Column::new(
        "head",
        Values::Flag(|it| it.click.flags.contains(Flags::HEAD)),
        "whether the method was HEAD",
    ),
    Column::new(
        "prefetch",
        Values::Flag(|it| it.click.flags.contains(Flags::PREFETCH)),
        "whether the browser or app only looked ahead",
    ),
    Column::text("host", Spelled::Bytes(|it| it.click.host), "as sent, with its port"),
    Column::text(
        "path",
        Spelled::Bytes(|it| path_and_query(it.click.path).0),
        "as sent, up to the first `?`",
    ),
    Column::text(
        "query",
        Spelled::MaybeBytes(|it| path_and_query(it.click.path).1),
        "what follows the first `?` of the target; null without `?`",
    ),
    Column::text(
        "referer",
        Spelled::MaybeBytes(|it| given(it.click.referer)),
        "null if not sent or empty",
    )
    .counted("referers", true),
    Column::text(
        "user_agent",
        Spelled::MaybeBytes(|it| given(it.click.user_agent)),
        "null if not sent or empty",
    )
    .counted("user_agents", true),
    Column::text(
        "tag",
        Spelled::MaybeBytes(|it| given(it.click.tag)),
        "of the link; null if it has none",
    )
    .counted("tags", false),
    Column::text(
        "id",
        Spelled::Id(|it| it.id),
        "the [id](#click-ids) that the click has, and that its reply had if the target says \
         `{clickid}`; null if the key that signed it cannot be read",
    )
    .few_alike(),
    Column::text(
        "cut",
        Spelled::Names(|it| Names { bits: it.click.flags.bits() & ALL_CUTS, words: CUTS }),
        "which of `path`, `host`, `referer`, `user_agent`, `tag` are longer than kept; one that is \
         empty as well was lost through damage",
    )
    .sparse(),
    Column::text(
        "key",
        Spelled::MaybeBytes(|it| it.key_and_target().and_then(|(key, _)| given(key))),
        "of the link, as a link file has it; null for no link, and where the segment does not say it",
    )
    .sparse(),
    Column::text(
        "target",
        Spelled::MaybeBytes(|it| it.key_and_target().and_then(|(_, target)| given(target))),
        "where the visitor was sent, as the link or the fallback had it at that time, before anything \
         was filled in; null for nowhere, and where the segment does not say it",
    )
    .sparse(),
    Column::text(
        "via",
        Spelled::MaybeWord(|it| it.click.flags.via().number_and_word()),
        "what sent the visitor there: `link`; `prefix`, a link whose key has `*` or placeholders; `else`, \
         the `else=` of a link; `fallback`; null for nothing, and in segments of schema 2 and before",
    )
    .sparse(),
    Column::new(
        "variant",
        Values::U8(|it| it.click.variant),
        "which of a link's targets was picked; 0 while links have one",
    )
    .asked(),
    Column::new(
        "reason",
        Values::U8(|it| it.click.reason),
        "number of what decided that the click does not count; 0 for nothing",
    )
    .asked(),
    Column::text(
        "signals",
        Spelled::Names(|it| Names { bits: it.click.signals, words: &[] }),
        "all that was noticed about the click; a bit without a name is shown as its number",
    )
    .asked(),
    Column::text(
        "country",
        Spelled::MaybeBytes(|it| {
            let country = &it.click.tail.country;
            (*country != [0; 2]).then_some(country)
        }),
        "of the address: two letters, ISO 3166-1",
    )
    .asked(),
    Column::text(
        "visitor",
        Spelled::Digits(|it| it.click.tail.visitor),
        "16 hexadecimal digits, the same for one visitor on one day (UTC)",
    )
    .asked(),
    Column::text(
        "ip_from",
        Spelled::MaybeWord(|it| it.click.tail.ip_from.number_and_word()),
        "whom the address comes from: `peer`, `proxy` (a PROXY header), `forwarded` (a field such \
         as `X-Forwarded-For`)",
    )
    .asked(),
    Column::text(
        "tls",
        Spelled::MaybeWord(|it| it.click.tail.tls.number_and_word()),
        "version of TLS: `1.2`, `1.3`",
    )
    .asked(),
    Column::new(
        "tls_resumed",
        Values::Flag(|it| it.click.tail.tls.is_resumed()),
        "whether the TLS session was resumed",
    )
    .asked(),
];

/// What stands before the first `?` of a target, and behind it.
fn path_and_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', target) {
        Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
        None => (target, None),
    }
}

/// A string that may not have been sent; empty and not sent are one.
fn given(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

impl Column {
    const fn new(name: &'static str, values: Values, about: &'static str) -> Self {
        Self { name, values, about, counted: None, presence: Presence::Always, few_alike: false }
    }

    const fn text(name: &'static str, texts: Spelled, about: &'static str) -> Self {
        Self::new(name, Values::Text(texts), about)
    }

    const fn few_alike(mut self) -> Self {
        self.few_alike = true;
        self
    }

    const fn sparse(mut self) -> Self {
        self.presence = Presence::Sparse;
        self
    }

    const fn asked(mut self) -> Self {
        self.presence = Presence::Asked;
        self
    }

    const fn counted(mut self, plural: &'static str, none: bool) -> Self {
        use Spelled::{Digits, MaybeBytes};
        let can_be = matches!(self.values, Values::Text(Digits(_) | MaybeBytes(_)));
        assert!(can_be, "values of this kind are not counted");
        self.counted = Some(Counting { plural, none });
        self
    }
}

impl Values {
    /// Whether a click may have none.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        use Spelled::{Digits, Id, MaybeBytes, MaybeWord, Names};
        matches!(self, Self::Text(Digits(_) | MaybeBytes(_) | MaybeWord(_) | Id(_) | Names(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of a column in the table of the documentation.
    fn line(column: &Column) -> String {
        let (json, parquet) = match column.values {
            Values::U8(_) => ("number", "unsigned, 8 bits"),
            Values::Time(_) => ("string", "timestamp, µs, UTC"),
            Values::U16(_) => ("number", "unsigned, 16 bits"),
            Values::U32(_) => ("number", "unsigned, 32 bits"),
            Values::U64(_) => ("number", "unsigned, 64 bits"),
            Values::Flag(_) => ("boolean", "boolean"),
            Values::Text(Spelled::Names(_)) => ("array of strings", "string or null"),
            Values::Text(_) if column.values.is_optional() => ("string or null", "string or null"),
            Values::Text(_) => ("string", "string"),
        };
        let json = match (column.presence, &column.values) {
            (Presence::Always, _) => json.to_owned(),
            (_, Values::Text(Spelled::Names(_))) => format!("{json}, left out if empty"),
            (_, Values::Text(_)) => "string, left out if there is none".to_owned(),
            (_, Values::Flag(_)) => format!("{json}, left out if false"),
            (..) => format!("{json}, left out if 0"),
        };
        format!("| `{}` | {json} | {parquet} | {} |\n", column.name, column.about)
    }

    #[test]
    fn the_documentation_tells_the_same() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/click-log.md");
        let page = std::fs::read_to_string(path).unwrap();
        let lines: String = COLUMNS.iter().map(line).collect();
        let table = format!("| field | JSON | Parquet | what |\n|---|---|---|---|\n{lines}\n");
        assert!(page.contains(&table), "docs/click-log.md should have these lines:\n{table}");
    }

    #[test]
    fn names_are_told_apart() {
        for (index, column) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS[..index].iter().all(|other| other.name != column.name));
        }
    }
}
