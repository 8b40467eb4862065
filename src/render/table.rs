//! Rows and columns. On a terminal, up to [`MAX_FITTED_ROWS`] rows, widths fit the contents and the terminal
//! (laid out by comfy-table, which holds all rows). Into a pipe as many rows get columns that fit them, up to
//! [`MAX_MEASURED_WIDTH`]; more are streamed in fixed columns, a row at a time.

use std::fmt;
use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::color::{Colors, Style};
use super::safe::cut_shown;

/// Most rows that are laid out together: the layout costs time and memory for each (58,000 rows took 210 MB).
pub const MAX_FITTED_ROWS: usize = 1_000;

/// Widest that a column grows for its cells in a pipe: one long cell is not worth a wide gap in every other row.
pub const MAX_MEASURED_WIDTH: usize = 80;

/// Spaces between two columns.
const GAP: usize = 2;

/// As many spaces as are written at once.
const SPACES: &str = "                                                                ";

/// Which edge of its column a cell stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Text whose beginning tells most: at the left, and cut at its end where others are cut in their middle.
    Beginning,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The heading.
    pub title: &'static str,
    /// Where cells stand.
    pub align: Align,
    /// Columns of display width in a pipe, at least; a wider cell pushes its row where it is not measured before.
    pub width: usize,
    /// Columns that it may shrink to on a narrow terminal; 0: it may be left out.
    pub min: usize,
    /// Who gives way first on a narrow terminal: the highest. 0 never does.
    pub shrink: u8,
}

/// The cells of one row, written one after the other.
#[derive(Debug, Default)]
pub struct Row {
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// Adds the next cell. Text from the wire must have gone through [`super::safe`] before.
    pub fn cell(&mut self, value: impl fmt::Display) {
        use fmt::Write as _;
        // Writing into memory does not fail.
        let _ = write!(self.text, "{value}");
        self.ends.push(self.text.len());
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.text.get(start..end).unwrap_or_default())
    }
}

/// Where a table goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableOutput {
    /// Columns of the terminal; `None` into a pipe or file.
    pub width: Option<usize>,
    /// For the headings.
    pub colors: Colors,
}

/// Writes a table of `rows`, each turned into cells by `fill`. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_table<W: Write + ?Sized, T>(
    out: &mut W,
    output: TableOutput,
    columns: &[Column],
    rows: impl ExactSizeIterator<Item = T>,
    fill: impl FnMut(T, &mut Row),
) -> io::Result<Vec<&'static str>> {
    match output.width {
        Some(width) if rows.len() <= MAX_FITTED_ROWS => {
            return fitted(out, output.colors, width, columns, rows, fill);
        }
        None if rows.len() <= MAX_FITTED_ROWS => measured(out, output.colors, columns, rows, fill),
        _ => streamed(out, output.colors, columns, rows, fill),
    }
    .map(|()| Vec::new())
}

/// Rows in columns that are wide enough for their cells.
fn measured<W: Write + ?Sized, T>(
    out: &mut W,
    colors: Colors,
    columns: &[Column],
    rows: impl Iterator<Item = T>,
    mut fill: impl FnMut(T, &mut Row),
) -> io::Result<()> {
    let mut columns = columns.to_vec();
    let rows = rows.map(|item| {
        let mut row = Row::default();
        fill(item, &mut row);
        for (column, cell) in columns.iter_mut().zip(row.cells()) {
            column.width = column.width.max(shown_width(cell).min(MAX_MEASURED_WIDTH));
        }
        row
    });
    let rows: Vec<Row> = rows.collect();
    streamed(out, colors, &columns, rows.into_iter(), |measured, row| *row = measured)
}

fn streamed<W: Write + ?Sized, T>(
    out: &mut W,
    colors: Colors,
    columns: &[Column],
    rows: impl Iterator<Item = T>,
    mut fill: impl FnMut(T, &mut Row),
) -> io::Result<()> {
    let mut row = Row::default();
    let mut line = String::new();
    columns.iter().for_each(|column| row.cell(column.title));
    out.write_all(colors.start(Style::Bold).as_bytes())?;
    write_row(out, columns, &row, colors.end(), &mut line)?;
    for item in rows {
        row.clear();
        fill(item, &mut row);
        write_row(out, columns, &row, "", &mut line)?;
    }
    Ok(())
}

/// One row in fixed columns, without spaces at its end; put together in `line`.
fn write_row<W: Write + ?Sized>(
    out: &mut W,
    columns: &[Column],
    row: &Row,
    end: &str,
    line: &mut String,
) -> io::Result<()> {
    line.clear();
    // Spaces that are owed before the next text.
    let mut owed = 0;
    for (column, cell) in columns.iter().zip(row.cells()) {
        let padding = column.width.max(shown_width(column.title)).saturating_sub(shown_width(cell));
        let (before, after) = match column.align {
            Align::Left | Align::Beginning => (0, padding),
            Align::Right => (padding, 0),
        };
        if cell.is_empty() {
            owed += padding + GAP;
            continue;
        }
        let mut spaces = owed + before;
        while spaces > 0 {
            let some = spaces.min(SPACES.len());
            line.push_str(SPACES.get(..some).unwrap_or(SPACES));
            spaces -= some;
        }
        line.push_str(cell);
        owed = after + GAP;
    }
    line.push_str(end);
    line.push('\n');
    out.write_all(line.as_bytes())
}

/// Columns that `text` takes on a terminal. Of nearly all cells that is how long they are.
fn shown_width(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.len() } else { text.width() }
}

fn fitted<W: Write + ?Sized, T>(
    out: &mut W,
    colors: Colors,
    width: usize,
    columns: &[Column],
    rows: impl Iterator<Item = T>,
    mut fill: impl FnMut(T, &mut Row),
) -> io::Result<Vec<&'static str>> {
    let mut row = Row::default();
    let mut contents: Vec<Vec<String>> = Vec::new();
    for item in rows {
        row.clear();
        fill(item, &mut row);
        contents.push(row.cells().map(str::to_owned).collect());
    }
    let natural = columns.iter().enumerate().map(|(index, column)| {
        let cells = contents.iter().filter_map(|cells| cells.get(index)).map(|cell| cell.width());
        cells.chain([column.title.width()]).max().unwrap_or(0)
    });
    let widths = fit(columns, natural.collect(), width);

    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(shown_cells(columns.iter().map(|column| column.title), columns, &widths));
    for cells in &contents {
        table.add_row(shown_cells(cells.iter().map(String::as_str), columns, &widths));
    }
    let shown = columns.iter().zip(&widths).filter(|(_, width)| **width > 0).map(|(column, _)| column);
    for (column, layout) in shown.zip(table.column_iter_mut()) {
        layout.set_padding((0, u16::try_from(GAP).unwrap_or(2)));
        layout.set_cell_alignment(match column.align {
            Align::Left | Align::Beginning => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    for (place, line) in table.lines().enumerate() {
        let line = line.trim_end();
        if place == 0 {
            writeln!(out, "{}", colors.paint(Style::Bold, line))?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(columns
        .iter()
        .zip(&widths)
        .filter(|(_, width)| **width == 0)
        .map(|(column, _)| column.title)
        .collect())
}

/// The cells of the columns that are shown, cut to their widths.
fn shown_cells<'a>(
    cells: impl Iterator<Item = &'a str>,
    columns: &[Column],
    widths: &[usize],
) -> Vec<String> {
    let shown = cells.zip(columns.iter().zip(widths)).filter(|(_, (_, width))| **width > 0);
    shown
        .map(|(cell, (column, &width))| match column.align {
            Align::Beginning => beginning(cell, width),
            Align::Left | Align::Right => cut_shown(cell, width),
        })
        .collect()
}

/// As much of the beginning of `text` as fits `columns`, with `…` behind it where that is not all.
fn beginning(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1_usize;
    let fits = |char: &char| {
        used = used.saturating_add(char.width().unwrap_or(0));
        used <= columns
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Widths that add up to `available` or less where columns that may give way make that possible; 0 is left out.
fn fit(columns: &[Column], natural: Vec<usize>, available: usize) -> Vec<usize> {
    let mut widths = natural.clone();
    let total = |widths: &[usize]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.fold(0_usize, |sum, width| sum.saturating_add(width + GAP)).saturating_sub(GAP)
    };
    'fitted: for priority in (1..=u8::MAX).rev() {
        loop {
            if total(&widths) <= available {
                break 'fitted;
            }
            // Of columns that give way together, as the two ends of a flow do, the widest does.
            let able = columns.iter().zip(&mut widths);
            let able = able.filter(|(column, width)| column.shrink == priority && **width > column.min);
            let Some((column, width)) = able.rev().max_by_key(|(_, width)| **width) else { break };
            // Part of a number is no number: a column that may vanish does so whole.
            *width = if column.min == 0 { 0 } else { width.saturating_sub(1) };
        }
    }
    // A column that vanished whole can leave more room than was needed: those that were cut before it get that back in turns.
    let mut spare = available.saturating_sub(total(&widths));
    loop {
        let before = spare;
        for (width, natural) in widths.iter_mut().zip(&natural).filter(|(width, _)| **width > 0) {
            if spare > 0 && *width < *natural {
                *width += 1;
                spare -= 1;
            }
        }
        if spare == before {
            return widths;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { title: "name", align: Align::Left, width: 6, min: 4, shrink: 1 },
        Column { title: "n", align: Align::Right, width: 3, min: 1, shrink: 0 },
        Column { title: "extra", align: Align::Right, width: 5, min: 0, shrink: 2 },
        Column { title: "end", align: Align::Left, width: 4, min: 3, shrink: 0 },
    ];

    fn table(width: Option<usize>, rows: &[[&str; 4]]) -> (String, Vec<&'static str>) {
        let mut out = Vec::new();
        let output = TableOutput { width, colors: Colors::OFF };
        let left_out = write_table(&mut out, output, &COLUMNS, rows.iter(), |cells, row| {
            cells.iter().for_each(|cell| row.cell(cell));
        });
        (String::from_utf8(out).unwrap(), left_out.unwrap())
    }

    const ROWS: [[&str; 4]; 3] =
        [["日本語", "1", "22", "x"], ["alphabetical", "2000", "", ""], ["b", "3", "4", "y"]];

    #[test]
    fn room_that_a_vanished_column_leaves_goes_to_those_cut_before_it() {
        let column = |min, shrink| Column { title: "", align: Align::Left, width: 9, min, shrink };
        let columns = [column(4, 2), column(0, 1)];
        assert_eq!(fit(&columns, vec![12, 8], 22), [12, 8]);
        assert_eq!(fit(&columns, vec![12, 8], 16), [6, 8]);
        assert_eq!(fit(&columns, vec![12, 8], 11), [11, 0]);
    }

    #[test]
    fn columns_that_give_way_together_stay_alike_and_share_what_comes_back() {
        let column = |min, shrink| Column { title: "", align: Align::Left, width: 9, min, shrink };
        let columns = [column(5, 2), column(5, 2), column(0, 1)];
        // Two columns between each pair.
        assert_eq!(fit(&columns, vec![30, 10, 8], 46), [24, 10, 8]);
        assert_eq!(fit(&columns, vec![30, 10, 8], 28), [8, 8, 8]);
        assert_eq!(fit(&columns, vec![30, 10, 8], 20), [9, 9, 0]);
    }

    #[test]
    fn a_pipe_gets_columns_that_fit_and_none_that_one_long_cell_widens_for_all() {
        let (text, left_out) = table(None, &ROWS);
        assert_eq!(
            text,
            "name             n  extra  end\n日本語           1     22  x\nalphabetical  2000\nb                3      4  y\n"
        );
        let long = "x".repeat(200);
        let (text, _) = table(None, &[[&long, "1", "2", "z"], ["a", "1", "2", "z"]]);
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(widths, [97, 215, 95], "{text}");
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_terminal_gets_fitted_columns() {
        let (text, left_out) = table(Some(80), &ROWS);
        assert_eq!(
            text,
            "name             n  extra  end\n日本語           1     22  x\nalphabetical  2000\nb                3      4  y\n"
        );
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_narrow_terminal_leaves_out_then_cuts() {
        let (text, left_out) = table(Some(17), &ROWS);
        assert_eq!(text, "name       n  end\n日本語     1  x\nalp…al  2000\nb          3  y\n");
        assert_eq!(left_out, ["extra"]);
        assert!(text.lines().all(|line| line.width() <= 17));
    }

    #[test]
    fn text_whose_beginning_tells_most_is_cut_at_its_end() {
        assert_eq!(beginning("GET /index.html", 15), "GET /index.html");
        assert_eq!(beginning("GET /index.html", 8), "GET /in…");
        assert_eq!(beginning("日本語", 4), "日…");
        let columns = [Column { title: "seen", align: Align::Beginning, width: 4, min: 4, shrink: 1 }];
        let mut out = Vec::new();
        let output = TableOutput { width: Some(6), colors: Colors::OFF };
        write_table(&mut out, output, &columns, ["0123456789"].iter(), |cells, row| row.cell(cells)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "seen\n01234…\n");
    }

    #[test]
    fn many_rows_are_streamed_on_a_terminal_too() {
        let rows = vec![["a-name-that-is-long", "1", "2", "z"]; MAX_FITTED_ROWS + 1];
        let (text, _) = table(Some(20), &rows);
        assert_eq!(text.lines().count(), MAX_FITTED_ROWS + 2);
        assert_eq!(text.lines().nth(1), Some("a-name-that-is-long    1      2  z"));
    }

    #[test]
    fn headings_are_bold_where_colour_is_on() {
        for width in [None, Some(80)] {
            let mut out = Vec::new();
            let output = TableOutput { width, colors: Colors::ON };
            write_table(&mut out, output, &COLUMNS, [0; 0].iter(), |_, _| {}).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.starts_with("\x1b[1mname") && text.ends_with("end\x1b[0m\n"), "{text:?}");
        }
    }
}
