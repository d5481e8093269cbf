//! The formats of link files. Each turns text into rows; what a row means is
//! the same for all of them and is decided in [`load`](super::load()).

mod apache;
mod caddy;
mod cells;
mod claimed;
mod cloudflare;
mod cloudfront;
mod columns;
mod conditions;
mod csv;
mod dates;
mod defaults;
mod detect;
mod encoding;
mod exports;
mod fields;
mod firebase;
mod haproxy;
mod headers;
mod json;
mod name;
mod named;
mod native;
mod ndjson;
mod netlify_toml;
mod nginx;
mod ordered;
mod paths;
mod placed;
mod plain;
mod redirection;
mod redirects;
mod regex;
mod region;
mod relined;
mod rivals;
mod row;
mod s3;
mod setting;
mod source;
mod spelled;
mod text_beside;
mod value;
mod vercel;
#[cfg(feature = "xlsx")]
mod xlsx;
#[cfg(not(feature = "xlsx"))]
#[path = "xlsx/absent.rs"]
mod xlsx;

pub use self::csv::Parted;
pub use columns::Columns;
pub use dates::ZoneName;
pub use defaults::Defaults;
pub use name::{Format, HaproxyMatch};
pub use paths::base;
pub use placed::{host, prefix};
pub(super) use row::{Line, Row};
pub use source::{Help, Include, Included, PlaceNames, Source};

/// Reads `source` and hands every line that is not blank or a comment to `take`,
/// with its number counted from 1.
pub(super) fn read(source: &Source<'_>, mut take: impl FnMut(u32, Line<'_>)) {
    let help = &source.help;
    let mut take = |line, written: Line<'_>| {
        placed::placed(help, line, text_beside::checked(source.format, written), &mut take);
    };
    if source.format == Format::Xlsx {
        return xlsx::read(source, &mut take);
    }
    let text = match encoding::decoded(source.text) {
        Ok(text) => text,
        Err(message) => return take(1, Line::Refused(message)),
    };
    let text = &*text;
    if source.format == Format::Native {
        return native::read(text, take);
    }
    match relined::relined(text, source.format) {
        Ok(None) => of_format(text, source, &mut take),
        Ok(Some(relined)) => {
            if let Some(other) = &relined.other {
                take(1, Line::Other(other.clone()));
            }
            of_format(&relined.text, source, &mut |line, row| relined.place(line, row, &mut take));
        }
        Err(message) => take(1, Line::Refused(message)),
    }
}

/// Reads a text of a format of another program.
fn of_format(text: &[u8], source: &Source<'_>, mut take: &mut dyn FnMut(u32, Line<'_>)) {
    let help = &source.help;
    match source.format {
        Format::Apache => apache::read(text, apache::ApacheFile::Config, help, &mut take),
        Format::Htaccess => apache::read(text, apache::ApacheFile::Htaccess, help, &mut take),
        Format::Nginx => nginx::read(text, help, &mut take),
        Format::Netlify => redirects::read(text, redirects::Dialect::Netlify, help, &mut take),
        Format::NetlifyToml => netlify_toml::read(text, help, &mut take),
        Format::Caddy => caddy::read(text, help, &mut take),
        Format::S3 => s3::read(text, help, &mut take),
        Format::Vercel => vercel::read(text, help, &mut take),
        Format::Firebase => firebase::read(text, help, &mut take),
        Format::Pages => redirects::read(text, redirects::Dialect::Pages, help, &mut take),
        Format::Cloudflare => cloudflare::read(text, &mut take),
        Format::Cloudfront => cloudfront::read(text, help, &mut take),
        Format::Shlink => exports::read(text, &exports::SHLINK, &mut take),
        Format::Yourls => exports::read(text, &exports::YOURLS, &mut take),
        Format::Bitly => exports::read(text, &exports::BITLY, &mut take),
        Format::Dub => exports::read(text, &exports::DUB, &mut take),
        Format::Redirection => redirection::read(text, help, &mut take),
        Format::Csv => csv::read(text, None, help, &mut take),
        Format::Tsv => csv::read(text, Some(csv::Dialect::TABS), help, &mut take),
        Format::Ndjson => ndjson::read(text, help, &mut take),
        // Read above: one may be very long, the other is no text.
        Format::Native | Format::Xlsx => {}
        Format::Haproxy(how) => haproxy::read(text, how, help, &mut take),
    }
}

/// About how many bytes reading `source` takes beside its text.
pub(super) fn read_bytes(source: &Source<'_>) -> u64 {
    match source.format {
        Format::Xlsx => xlsx::read_bytes(source.text),
        _ => encoding::decoded_bytes(source.text),
    }
}

/// Asks `source`'s [`Include`] for every file that it includes, and does nothing
/// else.
pub fn each_include(source: &Source<'_>) {
    let has = |word: &[u8]| memchr::memmem::find(source.text, word).is_some();
    let includes = match source.format {
        Format::Nginx => has(b"include"),
        Format::Apache | Format::Htaccess => has(b"txt:"),
        _ => false,
    };
    if includes {
        read(source, |_, _| {});
    }
}

#[cfg(test)]
mod tests;
