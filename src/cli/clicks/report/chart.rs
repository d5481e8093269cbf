//! Clicks as time goes on, as a picture.

use std::fmt::Write;

use super::html::{escaped, grouped};

/// The picture, in units of its own.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
/// What is beside the bars: numbers on the left, names of times below.
const LEFT: f64 = 64.0;
const TOP: f64 = 12.0;
const BELOW: f64 = 28.0;
/// Half of the room that the name of a time takes.
const NAME_HALF: f64 = 64.0;
/// How many times are named at most; where the picture is narrow, half of them are.
const NAMES_MAX: usize = 6;

/// A time and its clicks.
pub(super) struct Point {
    pub(super) name: String,
    pub(super) clicks: u64,
}

/// Appends a picture with a bar for each point.
pub(super) fn push_chart(page: &mut String, about: &str, points: &[Point]) {
    let most = points.iter().map(|point| point.clicks).max().unwrap_or(0);
    let (step, top) = scale(most);
    let (width, height) = (WIDTH - LEFT, HEIGHT - TOP - BELOW);
    let y = |clicks: u64| TOP + height - height * clicks as f64 / top as f64;
    let mut put = |text: std::fmt::Arguments<'_>| {
        page.write_fmt(text).expect("a string takes anything");
    };
    put(format_args!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(about)
    ));
    for line in (0..=top / step).map(|line| line * step) {
        let y = y(line);
        put(format_args!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 8.0,
            y + 4.0,
            grouped(line)
        ));
    }
    let slot = width / points.len().max(1) as f64;
    let bar = (slot * 0.8).min(48.0);
    for (index, point) in points.iter().enumerate() {
        let middle = LEFT + slot * (index as f64 + 0.5);
        let (at, y) = (middle - bar / 2.0, y(point.clicks));
        put(format_args!(
            "<rect class=\"bar\" x=\"{at:.2}\" y=\"{y:.2}\" width=\"{bar:.2}\" height=\"{:.2}\">\
             <title>{}: {}</title></rect>\n",
            TOP + height - y,
            escaped(&point.name),
            grouped(point.clicks)
        ));
        let distance = points.len().div_ceil(NAMES_MAX);
        if index % distance == 0 {
            let odd = if (index / distance).is_multiple_of(2) { "" } else { " odd" };
            let (at, anchor) = match middle + NAME_HALF > WIDTH {
                true => (WIDTH, "end"),
                false => (middle, "middle"),
            };
            put(format_args!(
                "<text class=\"axis{odd}\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
                HEIGHT - 8.0,
                escaped(&point.name)
            ));
        }
    }
    put(format_args!("</svg>\n"));
}

/// The distance of two lines, and the number at the highest: round numbers, and never
/// below `most`.
fn scale(most: u64) -> (u64, u64) {
    let least = most.div_ceil(4).max(1);
    let mut power = 1_u64;
    while power.saturating_mul(10) <= least {
        power *= 10;
    }
    let steps = [1, 2, 5, 10].map(|digit| power.saturating_mul(digit));
    let step = steps.into_iter().find(|step| *step >= least).unwrap_or(least);
    (step, step.saturating_mul(most.div_ceil(step).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        assert_eq!(scale(0), (1, 1));
        assert_eq!(scale(1), (1, 1));
        assert_eq!(scale(4), (1, 4));
        assert_eq!(scale(5), (2, 6));
        assert_eq!(scale(37), (10, 40));
        assert_eq!(scale(1_234), (500, 1_500));
        assert_eq!(scale(80_000), (20_000, 80_000));
        assert!(scale(u64::MAX).1 >= u64::MAX / 10 * 10);
    }

    #[test]
    fn each_point_has_a_bar_and_some_have_names() {
        let point = |day: u64| Point { name: format!("<{day}>"), clicks: day };
        let mut page = String::new();
        push_chart(&mut page, "a \"b\"", &(0..20).map(point).collect::<Vec<_>>());
        assert_eq!(page.matches("<rect ").count(), 20);
        assert_eq!(page.matches("middle\">&lt;").count(), 5);
        assert_eq!(page.matches("\"axis odd\"").count(), 2);
        assert!(page.contains("<title>&lt;19&gt;: 19</title>") && page.contains("a &quot;b&quot;"));
        let mut nothing = String::new();
        push_chart(&mut nothing, "", &[]);
        assert!(nothing.ends_with("</svg>\n"));
    }
}
