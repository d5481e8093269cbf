//! The results as a bar chart: server CPU per request, a panel a workload.

use std::fmt::Write;

use super::results::{Measurement, Row, Section};
use super::server::ServerKind;

/// Bars with a title over them, on one scale.
pub struct Panel {
    pub title: String,
    pub bars: Vec<Bar>,
}

/// One bar; nothing is drawn for a row without samples.
pub struct Bar {
    pub label: String,
    pub row: Row,
}

/// A panel of each section, a bar for each of its rows.
pub fn panels(sections: &[Section]) -> Vec<Panel> {
    let bar = |row: &Row| Bar { label: row.kind.name().to_owned(), row: row.clone() };
    let panel = |section: &Section| Panel {
        title: section.workload.title().to_owned(),
        bars: section.rows.iter().map(bar).collect(),
    };
    sections.iter().map(panel).collect()
}

const WIDTH: f64 = 860.0;
const LABELS: f64 = 150.0;
const BARS: f64 = 520.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const HEAD: f64 = 34.0;
const TOP: f64 = 92.0;

/// An SVG picture. `about` says where it was measured, in parts between semicolons.
pub fn svg(panels: &[Panel], about: &str) -> String {
    let bars = panels.iter().map(|panel| panel.bars.len()).sum::<usize>();
    let height = TOP + panels.len() as f64 * (HEAD + 16.0) + bars as f64 * STEP;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13" fill="#222">
<title>Server CPU time per request</title>
<rect width="100%" height="100%" rx="8" fill="#fff"/>
<text x="20" y="26" font-size="16" font-weight="600">Server CPU time per request, in µs: less is better</text>
<text x="20" y="46" font-size="11" fill="#666">Dark: in the server's own code. Light: in the kernel. Line: least to most of all rounds.</text>
"##
    );
    for (line, text) in about.split("; ").enumerate() {
        let y = 62.0 + line as f64 * 15.0;
        let text = escaped(text);
        let _ = writeln!(svg, r##"<text x="20" y="{y}" font-size="11" fill="#666">{text}</text>"##);
    }
    let mut y = TOP;
    for panel in panels {
        let _ = writeln!(
            svg,
            r#"<text x="20" y="{:.0}" font-weight="600">{}</text>"#,
            y + 20.0,
            escaped(&panel.title)
        );
        y += HEAD;
        let most = panel.bars.iter().filter_map(|bar| bar.row.spread(Measurement::cpu_us));
        let most = most.map(|spread| spread.max).fold(f64::MIN_POSITIVE, f64::max);
        for bar in &panel.bars {
            draw(&mut svg, bar, y, BARS / most);
            y += STEP;
        }
        y += 16.0;
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, bar: &Bar, y: f64, scale: f64) {
    let row = &bar.row;
    let middle = y + BAR / 2.0;
    let _ = writeln!(
        svg,
        r#"<text x="{:.0}" y="{:.1}" text-anchor="end">{}</text>"#,
        LABELS - 8.0,
        middle + 4.5,
        escaped(&bar.label)
    );
    let Some(spread) = row.spread(Measurement::cpu_us) else {
        let _ = writeln!(
            svg,
            r##"<text x="{LABELS:.0}" y="{:.1}" fill="#666">not measured</text>"##,
            middle + 4.5
        );
        return;
    };
    let user = row.spread(|sample| sample.user_us).map_or(0.0, |spread| spread.median);
    let (color, dark) = colors(row.kind);
    let x = |value: f64| LABELS + value * scale;
    let _ = writeln!(
        svg,
        r#"<rect x="{LABELS:.1}" y="{y:.1}" width="{:.1}" height="{BAR}" rx="2" fill="{color}"/>"#,
        spread.median * scale
    );
    // What the server itself spent, before the kernel's part.
    let _ = writeln!(
        svg,
        r#"<rect x="{LABELS:.1}" y="{y:.1}" width="{:.1}" height="{BAR}" rx="2" fill="{dark}"/>"#,
        user.min(spread.median) * scale
    );
    let _ = writeln!(
        svg,
        r##"<path d="M{:.1} {middle:.1}H{:.1}" stroke="#222" stroke-width="1.5"/>"##,
        x(spread.min),
        x(spread.max)
    );
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}">{:.2}</text>"#,
        x(spread.max) + 8.0,
        middle + 4.5,
        spread.median
    );
}

/// Of the whole bar, and of its part in user code.
fn colors(kind: ServerKind) -> (&'static str, &'static str) {
    if kind.is_floor() {
        ("#c9ced6", "#9aa3b0")
    } else if kind.is_carom() {
        ("#2fb5a0", "#178271")
    } else if kind == ServerKind::Haproxy {
        ("#8ea6dd", "#5f7cc0")
    } else {
        ("#e3b07a", "#c4843c")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_bar_within_the_picture() {
        let mut section = super::super::results::tests::section();
        section.rows.push(Row { kind: ServerKind::Haproxy, samples: Vec::new() });
        let svg = svg(&panels(&[section]), "a <test> & more");
        assert!(svg.contains("a &lt;test&gt; &amp; more"));
        assert_eq!(svg.matches("<path").count(), 4);
        assert!(svg.contains("not measured"));
        let widths = svg.split("width=\"").skip(1).filter_map(|rest| {
            rest.split_once('"').and_then(|(width, _)| width.parse::<f64>().ok())
        });
        assert!(widths.into_iter().all(|width| width <= WIDTH));
    }
}
