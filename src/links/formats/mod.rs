//! The formats of link files. Each turns text into rows; what a row means is
//! the same for all of them and is decided in [`load`](super::load()).

mod apache;
mod caddy;
mod cells;
mod cloudflare;
mod cloudfront;
mod columns;
mod conditions;
mod csv;
mod detect;
mod exports;
mod firebase;
mod haproxy;
mod json;
mod name;
mod named;
mod native;
mod ndjson;
mod netlify_toml;
mod nginx;
mod ordered;
mod paths;
mod plain;
mod redirects;
mod regex;
mod region;
mod relined;
mod rivals;
mod row;
mod s3;
mod source;
mod value;
mod vercel;

pub use columns::Columns;
pub use name::{Format, HaproxyMatch};
pub use paths::base;
pub(super) use row::{Line, Row};
pub use source::{Help, Include, Included, Source};

/// Reads `source` and hands every line that is not blank or a comment to `take`,
/// with its number counted from 1.
pub(super) fn read(source: &Source<'_>, mut take: impl FnMut(u32, Line<'_>)) {
    let text = source.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source.text);
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        let message = "the file is UTF-16; save it as UTF-8 (nothing of it was read)";
        return take(1, Line::Refused(message.to_owned()));
    }
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
        Format::Native => native::read(text, take),
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
        Format::Csv => csv::read(text, b',', help.columns, &mut take),
        Format::Tsv => csv::read(text, b'\t', help.columns, &mut take),
        Format::Ndjson => ndjson::read(text, help.columns, &mut take),
        Format::Haproxy(how) => haproxy::read(text, how, help, &mut take),
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
