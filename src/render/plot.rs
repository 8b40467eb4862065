//! Numbers over time as a drawing: in the characters of a terminal, and as SVG. The same numbers give the same bytes.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Rows of a panel on a terminal, without its title and axis.
const ROWS: u64 = 8;

/// Columns of a drawing that goes into a pipe.
const COLUMNS: usize = 80;

/// Widest bar, in columns.
const WIDEST_BAR: usize = 4;

/// What fills an eighth to eight eighths of a character.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Pixels of the SVG: a panel, what is left free around it, and a label's distance from its axis.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 260;
const LEFT: u64 = 96;
const RIGHT: u64 = 24;
const TOP: u64 = 44;
const BOTTOM: u64 = 44;

/// Most numbers that are written along an axis.
const MOST_ACROSS: u64 = 12;
const MOST_UP: u64 = 5;

/// A drawing of one or more panels above each other, over the same time.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// What it shows.
    pub title: &'a str,
    /// What counts the values, from 0: `second`.
    pub across: &'a str,
    /// The panels.
    pub panels: Vec<Panel<'a>>,
}

/// One row of numbers.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// What they are.
    pub title: &'a str,
    /// The numbers; `None` where there is none.
    pub values: Vec<Option<u64>>,
    /// How a number is written.
    pub label: fn(u64) -> String,
}

/// The lowest of 1, 2, 5, 10, 20 … of which `most` reach `top`.
fn step(top: u64, most: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for times in [1, 2, 5] {
            let step = ten.saturating_mul(times);
            if top.div_ceil(step) <= most || step == u64::MAX {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

impl Panel<'_> {
    /// The distance of two marks upwards, and the highest mark, which is above 0.
    fn scale(&self) -> (u64, u64) {
        let most = self.values.iter().flatten().copied().max().unwrap_or(0).max(1);
        let step = step(most, MOST_UP);
        (step, most.div_ceil(step).saturating_mul(step))
    }

    /// The numbers in at most so many columns: where there are more, the mean of those that share one.
    fn binned(&self, columns: usize) -> Vec<Option<u64>> {
        let size = self.values.len().div_ceil(columns.max(1)).max(1);
        let mean = |bin: &[Option<u64>]| {
            let sum = bin.iter().flatten().fold(0_u128, |sum, value| sum + u128::from(*value));
            let count = u128::try_from(bin.iter().flatten().count()).unwrap_or(1);
            u64::try_from(sum.checked_div(count)?).ok()
        };
        self.values.chunks(size).map(mean).collect()
    }
}

/// Draws with characters, no wider than so many columns; `None` into a pipe.
///
/// # Errors
/// Those of `out`.
pub fn write_text<W: Write + ?Sized>(out: &mut W, plot: &Plot<'_>, width: Option<usize>) -> io::Result<()> {
    let width = width.unwrap_or(COLUMNS);
    writeln!(out, "{}", plot.title)?;
    for panel in &plot.panels {
        let (_, top) = panel.scale();
        let margin = [0, top / 2, top].map(|mark| (panel.label)(mark).chars().count());
        let margin = margin.into_iter().max().unwrap_or(0);
        let room = width.saturating_sub(margin + 2).max(1);
        let values = panel.binned(room);
        let bar = (room / values.len().max(1)).clamp(1, WIDEST_BAR);
        writeln!(out, "\n{}", panel.title)?;
        for row in (0..ROWS).rev() {
            // The mark stands where its height is: 0 under the lowest row.
            let label = match row {
                _ if row == ROWS - 1 => (panel.label)(top),
                _ if row == ROWS / 2 - 1 => (panel.label)(top / 2),
                _ => String::new(),
            };
            let mut line = format!("{label:>margin$} │");
            for value in &values {
                let cell = value.map_or(' ', |value| cell(value, top, row));
                // A column is left free between bars that are wide enough.
                let filled = if bar > 1 { bar - 1 } else { bar };
                line.extend(std::iter::repeat_n(cell, filled));
                line.extend(std::iter::repeat_n(' ', bar - filled));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        let axis = "─".repeat(values.len() * bar);
        writeln!(out, "{:>margin$} └{axis}", (panel.label)(0))?;
        let last = panel.values.len().saturating_sub(1).to_string();
        let first = format!("{} 0", plot.across);
        let indent = (margin + 1).saturating_sub(plot.across.chars().count());
        let gap =
            (margin + 2 + values.len() * bar).saturating_sub(indent + first.chars().count() + last.len());
        if panel.values.len() > 1 && gap > 0 {
            writeln!(out, "{:indent$}{first}{:gap$}{last}", "", "")?;
        } else {
            writeln!(out, "{:indent$}{first}", "")?;
        }
    }
    Ok(())
}

/// What fills the character of a row, from 0 below, of a bar that is `value` of `top` high.
fn cell(value: u64, top: u64, row: u64) -> char {
    let eighths = u128::from(value) * u128::from(ROWS * 8) / u128::from(top.max(1));
    // What is not nothing is seen.
    let eighths = if value > 0 { eighths.max(1) } else { 0 };
    let here = eighths.saturating_sub(u128::from(row) * 8).min(8);
    let place = usize::try_from(here).unwrap_or(0);
    place.checked_sub(1).and_then(|place| EIGHTHS.get(place)).copied().unwrap_or(' ')
}

/// Text as it may stand in SVG.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no other control characters, not even escaped.
            _ if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

/// Pixels to a tenth.
struct Pixels(u64);

impl std::fmt::Display for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// `value` of `whole` along so many pixels, in tenths of them.
fn along(value: u64, whole: u64, pixels: u64) -> u64 {
    let tenths = u128::from(value) * u128::from(pixels * 10) / u128::from(whole.max(1));
    u64::try_from(tenths).unwrap_or(u64::MAX)
}

/// The drawing as an SVG document.
#[must_use]
pub fn svg(plot: &Plot<'_>) -> String {
    let mut out = String::new();
    let panels = u64::try_from(plot.panels.len()).unwrap_or(0);
    let height = TOP + panels * (HEIGHT + BOTTOM);
    // Writing into memory does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{0}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"16\" font-weight=\"bold\">{0}</text>\n",
        escaped(plot.title)
    );
    for (place, panel) in (0_u64..).zip(&plot.panels) {
        draw(&mut out, panel, plot.across, TOP + place * (HEIGHT + BOTTOM));
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, panel: &Panel<'_>, across: &str, y: u64) {
    // The title stands above the frame, the numbers of the axis below.
    let (top, bottom) = (y + 24, y + HEIGHT);
    let (right, tall) = (WIDTH - RIGHT, bottom - top);
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>",
        y + 14,
        escaped(panel.title)
    );
    let (step_up, most) = panel.scale();
    for mark in (0..=most / step_up).map(|times| times * step_up) {
        let at = Pixels(bottom * 10 - along(mark, most, tall));
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{at}\" x2=\"{right}\" y2=\"{at}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{}\" y=\"{at}\" dy=\"4\" text-anchor=\"end\">{}</text>",
            LEFT - 6,
            escaped(&(panel.label)(mark))
        );
    }
    let last = u64::try_from(panel.values.len().saturating_sub(1)).unwrap_or(0);
    let x = |at: u64| Pixels(LEFT * 10 + along(at, last, right - LEFT));
    let step_across = step(last.max(1), MOST_ACROSS);
    for mark in (0..=last / step_across).map(|times| times * step_across) {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
            x(mark),
            bottom + 16
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <rect x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{tall}\" fill=\"none\" stroke=\"#000000\"/>",
        (LEFT + right) / 2,
        bottom + 32,
        escaped(across),
        right - LEFT
    );
    let point = |(at, value): (u64, u64)| (x(at), Pixels(bottom * 10 - along(value, most, tall)));
    let values: Vec<Option<(u64, u64)>> =
        (0_u64..).zip(&panel.values).map(|(at, value)| value.map(|value| (at, value))).collect();
    // A second without a number breaks the line.
    for run in values.split(Option::is_none).filter(|run| run.len() > 1) {
        let points = run.iter().flatten().map(|at| {
            let (x, y) = point(*at);
            format!("{x},{y}")
        });
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>",
            points.collect::<Vec<_>>().join(" ")
        );
    }
    for at in values.iter().flatten() {
        let (x, y) = point(*at);
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"#1f5fa8\"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(values: &[Option<u64>]) -> Plot<'static> {
        let panels =
            vec![Panel { title: "bits & <bytes>", values: values.to_vec(), label: |n| format!("{n} b") }];
        Plot { title: "a \"run\"", across: "second", panels }
    }

    fn text(plot: &Plot<'_>, width: usize) -> String {
        let mut out = Vec::new();
        write_text(&mut out, plot, Some(width)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn marks_are_round_numbers() {
        for (top, most, expected) in [
            (1, 5, 1),
            (5, 5, 1),
            (6, 5, 2),
            (11, 5, 5),
            (30, 5, 10),
            (99, 5, 20),
            (7_300, 5, 2_000),
            (0, 5, 1),
        ] {
            assert_eq!(step(top, most), expected, "{top}");
        }
        assert!(step(u64::MAX, 5) >= u64::MAX / 5);
    }

    #[test]
    fn bars_stand_on_an_axis() {
        let shown = text(&panel(&[Some(0), Some(1), Some(4), None, Some(8)]), 40);
        let expected = [
            "a \"run\"",
            "",
            "bits & <bytes>",
            "8 b │                ███",
            "    │                ███",
            "    │                ███",
            "    │                ███",
            "4 b │        ███     ███",
            "    │        ███     ███",
            "    │        ███     ███",
            "    │    ███ ███     ███",
            "0 b └────────────────────",
            "second 0                4",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_line_is_wider_than_asked_and_no_numbers_are_no_panic() {
        let many: Vec<Option<u64>> = (0..3600).map(|n| (n % 7 > 0).then_some(n * n)).collect();
        for values in [&many[..], &[], &[None, None], &[Some(u64::MAX)], &[Some(0)]] {
            for width in [1, 20, 60, 200] {
                let shown = text(&panel(values), width);
                let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width.max(40), "{width}: {widest}\n{shown}");
            }
            assert!(svg(&panel(values)).ends_with("</svg>\n"));
        }
    }

    #[test]
    fn svg_is_escaped_broken_at_gaps_and_the_same_each_time() {
        let plot = panel(&[Some(1), Some(2), None, Some(3), None, Some(2), Some(2)]);
        let drawn = svg(&plot);
        assert_eq!(drawn, svg(&plot));
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
        assert!(drawn.contains("a &quot;run&quot;") && drawn.contains("bits &amp; &lt;bytes&gt;"));
        assert_eq!(drawn.matches("<polyline").count(), 2, "a point alone is no line");
        assert_eq!(drawn.matches("<circle").count(), 5);
        assert_eq!(escaped("a\u{0}\u{1b}b"), "a\u{fffd}\u{fffd}b");
    }
}
