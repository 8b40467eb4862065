//! The `interfaces` table and document.

use std::io::{self, Write};

use serde::Serialize;

use super::json::escape::write_pretty;
use super::safe::Safe;

/// One interface, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The system's words for it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// It is switched on.
    pub up: bool,
    /// It leads back to this host.
    pub loopback: bool,
    /// It can be captured by this process, now.
    pub can_capture: bool,
    /// The link type its packets have, where it can be captured.
    pub link: Option<String>,
    /// `yes`, or why it cannot be captured.
    pub answer: String,
    /// It could be captured with more rights.
    #[serde(skip)]
    pub refused_permission: bool,
}

/// Writes a row an interface: its name, whether it can be captured, its addresses.
///
/// # Errors
/// Those of `out`.
pub fn table<W: Write + ?Sized>(out: &mut W, rows: &[Row]) -> io::Result<()> {
    let width = |cell: fn(&Row) -> &str, title: &str| {
        rows.iter().map(|row| cell(row).chars().count()).fold(title.len(), usize::max)
    };
    let name = width(|row| &row.name, "interface");
    let answer = width(|row| &row.answer, "capture");
    writeln!(out, "{:name$}  {:answer$}  addresses", "interface", "capture")?;
    for row in rows {
        let label = Safe(row.name.as_bytes()).to_string();
        let facts = match &row.description {
            Some(text) if row.addresses.is_empty() => vec![format!("({})", Safe(text.as_bytes()))],
            _ => packed(&row.addresses, WIDTH.saturating_sub(name + answer + 4)),
        };
        let mut facts = facts.iter();
        let first =
            format!("{label:name$}  {:answer$}  {}", row.answer, facts.next().map_or("", String::as_str));
        writeln!(out, "{}", first.trim_end())?;
        for more in facts {
            writeln!(out, "{:name$}  {:answer$}  {more}", "", "")?;
        }
    }
    Ok(())
}

/// Columns that a line keeps to.
const WIDTH: usize = 80;

/// Addresses joined by commas, on as many lines of at most `width` columns as they need.
fn packed(addresses: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for address in addresses {
        match lines.last_mut() {
            Some(line) if line.len() + 2 + address.len() < width => {
                line.push_str(", ");
                line.push_str(address);
            }
            Some(line) => {
                line.push(',');
                lines.push(address.clone());
            }
            None => lines.push(address.clone()),
        }
    }
    lines
}

/// Writes one document: `{"schema": "wirelab.interfaces/1", "interfaces": [...]}`, the fields of [`Row`].
///
/// # Errors
/// Those of `out`.
pub fn json<W: Write + ?Sized>(out: &mut W, rows: &[Row]) -> io::Result<()> {
    let document = serde_json::json!({ "schema": "wirelab.interfaces/1", "interfaces": rows });
    write_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_addresses_take_several_lines() {
        let row = Row {
            name: "eth0".to_owned(),
            description: None,
            addresses: ["192.0.2.2", "2001:db8::2", "fe80::fc:ff:fe00:1", "2001:db8:1:2:3:4:5:6"]
                .map(String::from)
                .into(),
            up: true,
            loopback: false,
            can_capture: false,
            link: None,
            answer: "no: CAP_NET_RAW is missing".to_owned(),
            refused_permission: true,
        };
        let down = Row { name: "ifb0".to_owned(), addresses: Vec::new(), ..row.clone() };
        let mut out = Vec::new();
        table(&mut out, &[row, down]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = "\
interface  capture                     addresses
eth0       no: CAP_NET_RAW is missing  192.0.2.2, 2001:db8::2,
                                       fe80::fc:ff:fe00:1, 2001:db8:1:2:3:4:5:6
ifb0       no: CAP_NET_RAW is missing
";
        assert_eq!(text, expected);
    }
}
