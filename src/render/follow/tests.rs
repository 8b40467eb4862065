use super::*;

fn dumped(bytes: &[u8], offset: u64, width: Option<usize>) -> String {
    let mut out = Vec::new();
    let side = Side::new(Direction::RespToOrig, Colors::OFF);
    dump::write(&mut out, bytes, offset, &side, width).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_dump_has_offsets_bytes_and_characters() {
    let sixteen = dumped(b"\x1b[2J0123456789ab", 0x20, None);
    assert_eq!(sixteen, "← 00000020  1b 5b 32 4a 30 31 32 33 34 35 36 37 38 39 61 62  .[2J0123456789ab\n");
    assert!(sixteen.chars().count() <= ROW_LIMIT);
    let narrow = dumped(b"0123456789", 0, Some(60));
    assert_eq!(narrow.lines().count(), 2);
    assert!(narrow.ends_with("← 00000008  38 39                    89\n"), "{narrow}");
}

/// A terminal's columns and a line end.
const ROW_LIMIT: usize = 81;

#[test]
fn every_line_of_text_is_marked_and_cannot_control_the_terminal() {
    let side = Side::new(Direction::OrigToResp, Colors::OFF);
    let mut out = Vec::new();
    text(&mut out, b"one\r\ntwo \x1b[2J\n\xe2\x80\xae", &side, Some(80)).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "→ one\n→ two \\x1b[2J\n→ \\u{202e}\n");
}

#[test]
fn a_row_that_goes_on_with_its_line_has_no_mark() {
    let side = Side::new(Direction::OrigToResp, Colors::OFF);
    let mut out = Vec::new();
    text(&mut out, b"0123456789abc\n0123456789\r\nend", &side, Some(12)).unwrap();
    let rows = "→ 0123456789\n  abc\n→ 0123456789\n→ end\n";
    assert_eq!(String::from_utf8(out).unwrap(), rows);
}
