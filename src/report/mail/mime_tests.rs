use proptest::prelude::*;

use super::*;

/// Depth, type, length and text of each part.
fn parts(mail: &str) -> Vec<(u8, String, String)> {
    let all = Parts::read(mail.as_bytes()).all;
    all.into_iter().map(|part| (part.depth, part.media_type, part.text.unwrap_or_default())).collect()
}

fn told(all: &[(u8, String, String)]) -> Vec<(u8, &str, &str)> {
    all.iter().map(|(depth, kind, text)| (*depth, kind.as_str(), text.as_str())).collect()
}

const MIXED: &str = "Subject: x\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\
    Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n\
    --c--\r\n--b\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\nend\r\n";

#[test]
fn parts_stand_in_each_other() {
    let all = parts(MIXED);
    let expected = [
        (0, "multipart/mixed", ""),
        (1, "multipart/alternative", ""),
        (2, "text/plain", "plain"),
        (2, "text/html", "<p>"),
        (1, "image/png", ""),
    ];
    assert_eq!(told(&all), expected);
    let read = Parts::read(MIXED.as_bytes());
    assert_eq!((read.all[4].len, read.all[4].wire_len), (3, 4));
    assert_eq!(read.all[4].name.as_deref(), Some("a.png"));
    assert!(read.all.iter().all(|part| part.faults.is_empty()));
}

#[test]
fn text_is_decoded() {
    let all = parts(
        "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ngr=FC=DFe=\n!\n",
    );
    assert_eq!(told(&all), [(0, "text/plain", "grüße!\n")]);
    let all =
        parts("Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: base64\n\nxOO6ww==\n");
    assert_eq!(told(&all), [(0, "text/plain", "你好")]);
    let broken = Parts::read(b"Content-Transfer-Encoding: base64\n\n*** no ***\n");
    assert_eq!(broken.all[0].faults, [PartFault::Encoding]);
    let unknown = Parts::read(b"Content-Type: text/plain; charset=x-none\n\n\xff\n");
    assert_eq!(unknown.all[0].faults, [PartFault::Charset]);
}

#[test]
fn a_mail_within_a_mail_is_taken_apart() {
    let all = parts(
        "Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ntext\n--b--\n",
    );
    assert_eq!(
        told(&all),
        [(0, "multipart/digest", ""), (1, "message/rfc822", ""), (2, "text/plain", "text")]
    );
}

#[test]
fn what_is_missing_is_told() {
    let open = Parts::read(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext");
    assert_eq!(open.all[0].faults, [PartFault::NotClosed]);
    assert_eq!(open.all[1].text.as_deref(), Some("text"));
    let none = Parts::read(b"Content-Type: multipart/mixed\n\ntext");
    assert_eq!((none.all.len(), &none.all[0].faults[..]), (1, &[PartFault::NoBoundary][..]));
    assert_eq!(Parts::read(b"").all.len(), 1);
}

#[test]
fn bombs_of_nested_parts_are_bounded() {
    let rfc822 = "Content-Type: message/rfc822\n\n".repeat(200_000);
    let read = Parts::read(rfc822.as_bytes());
    assert_eq!(read.all.len(), usize::from(MAX_DEPTH) + 1);
    assert!(read.all.last().unwrap().faults.contains(&PartFault::TooDeep));
    let nested: String =
        (0..1000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let read = Parts::read(nested.as_bytes());
    assert_eq!(read.all.len(), usize::from(MAX_DEPTH) + 1);
    let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n\n".repeat(1000));
    let read = Parts::read(wide.as_bytes());
    assert_eq!((read.all.len(), read.left_out), (MAX_PARTS, 1001 - count(MAX_PARTS)));
}

#[test]
fn long_text_is_cut_at_a_line() {
    let mail = format!("Subject: x\n\n{}", "0123456789\n".repeat(10_000));
    let part = Parts::read(mail.as_bytes()).all.remove(0);
    assert!(part.more_text && part.len == 110_000);
    assert!(part.text.unwrap().ends_with("9\n"));
}

proptest! {
    #[test]
    fn any_bytes_are_read(mail in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!Parts::read(&mail).all.is_empty());
    }

    #[test]
    fn anything_like_a_mail_is_read(
        mail in "(Content-Type: (multipart/mixed; boundary=b|message/rfc822|text/plain; charset=utf-7)\n|\
                 Content-Transfer-Encoding: (base64|quoted-printable)\n|\n|--b|--|=|=4|[a-zA-Z0-9+/]{1,5}|\r){0,40}",
    ) {
        let read = Parts::read(mail.as_bytes());
        let all: u64 = read.all.iter().filter(|part| !part.is_container).map(|part| part.wire_len).sum();
        prop_assert!(all <= count(mail.len()));
    }
}
