//! What may stand in output.

/// Panics where `text` holds what could control a terminal: lines of characters are all that it may be.
pub fn is_safe(text: &[u8]) {
    let text = std::str::from_utf8(text).expect("output is UTF-8");
    for char in text.chars() {
        let hidden = matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        assert!(char == '\n' || !(char.is_control() || hidden), "{char:?} in {text:?}");
    }
}

/// Panics where `text` is not a document of JSON.
pub fn is_json(text: &[u8]) {
    let read = serde_json::from_slice::<serde::de::IgnoredAny>(text);
    assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(text));
}
