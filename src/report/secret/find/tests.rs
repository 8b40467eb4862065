//! Secrets that are found in lines.

use std::borrow::Cow;

use super::super::{Expect, SecretKind};
use super::read;

const MOST: usize = 16;

fn found(line: &str) -> Vec<(SecretKind, String, String, String)> {
    let text = |bytes: Option<&Cow<'_, [u8]>>| {
        bytes.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    };
    let read = read(line.as_bytes(), &Expect::Anything, MOST);
    read.found
        .iter()
        .map(|f| (f.kind, text(f.name.as_ref()), text(f.user.as_ref()), text(Some(&f.value))))
        .collect()
}

fn one(line: &str) -> (SecretKind, String, String, String) {
    let mut all = found(line);
    assert_eq!(all.len(), 1, "{line}: {all:?}");
    all.remove(0)
}

fn row(kind: SecretKind, name: &str, user: &str, value: &str) -> (SecretKind, String, String, String) {
    (kind, name.to_owned(), user.to_owned(), value.to_owned())
}

#[test]
fn headers_carry_secrets() {
    let basic = row(SecretKind::HttpBasic, "", "alice", "wonder:land");
    assert_eq!(one("Authorization: Basic YWxpY2U6d29uZGVyOmxhbmQ="), basic);
    assert_eq!(one("proxy-authorization: basic YWxpY2U6d29uZGVyOmxhbmQ"), basic);
    assert_eq!(one("Authorization: Bearer abc.def"), row(SecretKind::BearerToken, "", "", "abc.def"));
    assert_eq!(one("Set-Cookie: sid=42; Path=/"), row(SecretKind::Cookie, "sid", "", "42"));
    assert_eq!(one("Set-Cookie2: sid=42; Path=/"), row(SecretKind::Cookie, "sid", "", "42"));
    assert_eq!(one("X-Api-Key: 4711"), row(SecretKind::Field, "X-Api-Key", "", "4711"));
    assert_eq!(one("x-auth-token: 4711"), row(SecretKind::Field, "x-auth-token", "", "4711"));
    assert_eq!(one("X-CSRF-Token: 4711"), row(SecretKind::Field, "X-CSRF-Token", "", "4711"));
    assert_eq!(one("Authentication-Info: rspauth=\"x\"").0, SecretKind::Digest);
    assert_eq!(found("Cookie: a=1; b=2").len(), 2);
    let digest = one("Authorization: Digest username=\"a\", response=\"b\"");
    assert_eq!((digest.0, digest.2.as_str()), (SecretKind::Digest, "a"));
    assert_eq!(one("Authorization: NTLM TlRMTVNT").0, SecretKind::Credentials);
    assert_eq!(one("Authorization: 4711").0, SecretKind::Credentials);
    assert!(found("Authorization: Basic").is_empty());
    assert!(found("Host: example.org").is_empty());
}

#[test]
fn forms_queries_and_documents_carry_secrets() {
    let field = |name, value| row(SecretKind::Field, name, "", value);
    assert_eq!(one("user=bob&password=p%40ss+word"), field("password", "p@ss word"));
    assert_eq!(one("GET /login?u=bob&userPass=x HTTP/1.1"), field("userPass", "x"));
    assert_eq!(one(r#"{"user": "bob", "passwd": "hunter2"}"#), field("passwd", "hunter2"));
    assert!(found("the password is not here").is_empty());
    assert!(found("compass=north&bypassed=1&a=b").len() <= 1);
    let line = read(b"Content-Disposition: form-data; name=\"password\"", &Expect::Anything, MOST);
    assert_eq!(line.next, Expect::Field(b"password".to_vec()));
    let next = read(b"sesame", &line.next, MOST);
    assert_eq!((&*next.found[0].value, next.found[0].at.clone()), (b"sesame".as_slice(), 0..6));
    assert_eq!(one(r#"{"a": "b", "pin": 4711, "c": 1}"#), field("pin", "4711"));
    assert_eq!(one("see http://x/y?api_key=4711&z=1 for it"), field("api_key", "4711"));
    assert_eq!(one("ftp://bob:p%40ss@host/"), row(SecretKind::Password, "", "bob", "p@ss"));
    assert!(found("https://git@host/").is_empty());
}

#[test]
fn commands_carry_secrets() {
    let password = |user, value| row(SecretKind::Password, "", user, value);
    assert_eq!(one("PASS open sesame"), password("", "open sesame"));
    assert_eq!(one("a1 LOGIN \"bob b\" \"s3 cret\""), password("bob b", "s3 cret"));
    assert_eq!(one("a1 login bob secret"), password("bob", "secret"));
    assert_eq!(one("AUTH PLAIN AGJvYgBzZWNyZXQ="), password("bob", "secret"));
    assert_eq!(one("a2 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ="), password("bob", "secret"));
    assert_eq!(one("APOP bob c4c9334bac560ecc979e58001b3e22fb").0, SecretKind::Digest);
    assert_eq!(one("AUTHINFO PASS flounder"), password("", "flounder"));
    assert_eq!(read(b"USER anonymous", &Expect::Anything, MOST).user.unwrap(), b"anonymous");
    let plain = read(b"AUTH PLAIN", &Expect::Anything, MOST).next;
    assert_eq!(&*read(b"AGJvYgBzZWNyZXQ=", &plain, MOST).found[0].value, b"secret");
    assert!(found("a1 LOGIN {3}").is_empty());
}

/// The secrets of lines of one side, one behind the other, as `user: value`.
fn told(lines: &[&str]) -> Vec<String> {
    let (mut expect, mut user, mut all) = (Expect::Anything, None, Vec::new());
    for line in lines {
        let read = read(line.as_bytes(), &expect, MOST);
        expect = read.next;
        user = read.user.or(user);
        for found in &read.found {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let user = found.user.as_deref().or(user.as_deref()).map(text).unwrap_or_default();
            all.push(format!("{user}: {}", text(&found.value)));
        }
    }
    all
}

#[test]
fn commands_of_redis_carry_a_password_in_a_word_of_theirs() {
    assert_eq!(told(&["*2", "$4", "AUTH", "$8", "s3cret!!"]), [": s3cret!!"]);
    assert_eq!(told(&["*3", "$4", "auth", "$3", "bob", "$2", "$8"]), ["bob: $8"]);
    assert_eq!(told(&["*5", "$5", "HELLO", "$1", "3", "$4", "AUTH", "$3", "bob", "$2", "pw"]), ["bob: pw"]);
    assert_eq!(
        told(&["*4", "$6", "CONFIG", "$3", "SET", "$11", "requirepass", "$6", "sesame"]),
        [": sesame"]
    );
    assert_eq!(told(&["AUTH s3cret"]), [": s3cret"]);
    assert_eq!(told(&["auth bob s3cret"]), ["bob: s3cret"]);
    assert!(told(&["*2", "$3", "GET", "$4", "AUTHOR", "$3", "abc"]).is_empty());
    assert!(told(&["AUTH TLS", "AUTH CRAM-MD5", "AUTH", "* 2 FETCH", "*", "*1"]).is_empty());
}

#[test]
fn mail_sends_passwords_in_many_ways() {
    assert_eq!(told(&["a1 LOGIN {3}", "bob {8}", "s3cret!!"]), ["bob: s3cret!!"]);
    assert_eq!(told(&["a1 LOGIN bob {8+}", "s3 cret!"]), ["bob: s3 cret!"]);
    assert_eq!(told(&["a1 LOGIN {3}", "bob \"s3 cret\""]), ["bob: s3 cret"]);
    assert_eq!(told(&[r#"a1 LOGIN "b\"ob" "s3\\cr\"et" x"#]), [r#"b"ob: s3\cr"et"#]);
    assert_eq!(told(&["AUTH LOGIN", "Ym9i", "c2VjcmV0"]), ["bob: secret"]);
    assert_eq!(told(&["AUTH LOGIN Ym9i", "c2VjcmV0"]), ["bob: secret"]);
    assert_eq!(told(&["a1 AUTHENTICATE LOGIN", "Ym9i", "c2VjcmV0"]), ["bob: secret"]);
    // user=bob, auth=Bearer tok
    let response = "dXNlcj1ib2IBYXV0aD1CZWFyZXIgdG9rAQE=";
    assert_eq!(told(&[&format!("AUTH XOAUTH2 {response}")]), ["bob: tok"]);
    assert_eq!(told(&["a AUTHENTICATE OAUTHBEARER", response]), ["bob: tok"]);
    assert_eq!(told(&["AUTH CRAM-MD5", "Ym9iIGExYjJjM2Q0"]), ["bob: bob a1b2c3d4"]);
    // n,,n=bob,r=abc and c=biws,r=abc,p=proof
    assert_eq!(told(&["AUTH SCRAM-SHA-1", "biwsbj1ib2Iscj1hYmM=", "Yz1iaXdzLHI9YWJjLHA9cHJvb2Y="]).len(), 1);
    assert!(told(&["250-AUTH LOGIN PLAIN CRAM-MD5", "* CAPABILITY AUTH=PLAIN"]).is_empty());
    assert!(told(&["AUTH CRAM-MD5", "*", "QUIT"]).is_empty());
}

#[test]
fn files_and_chat_have_passwords_of_their_own() {
    assert_eq!(told(&["ACCT s3cret"]), [": s3cret"]);
    assert_eq!(told(&["PRIVMSG NickServ :IDENTIFY s3cret"]), [": s3cret"]);
    assert_eq!(told(&["NS IDENTIFY bob s3cret"]), [": bob s3cret"]);
    assert_eq!(told(&["OPER bob s3cret"]), ["bob: s3cret"]);
    assert!(told(&["PRIVMSG bob :identify yourself"]).is_empty());
}

#[test]
fn names_are_known_in_their_escapes_and_in_elements() {
    assert_eq!(told(&["a=b&%70assword=s3cret"]), [": s3cret"]);
    assert_eq!(told(&[r#"{"pass\u0077ord": "s3cret"}"#]), [": s3cret"]);
    assert_eq!(told(&[r#"{"passwords": ["one", "two"], "a": ["b"]}"#]), [": one", ": two"]);
    assert_eq!(told(&["<a><wsse:Password Type=\"t\"> s3cret </wsse:Password></a>"]), [": s3cret"]);
    assert_eq!(told(&["<password>", "  s3cret"]), [": s3cret"]);
    assert_eq!(told(&["<input type=\"hidden\" name=\"csrf_token\" value=\"s3cret\">"]), [": s3cret"]);
    assert_eq!(told(&["<input name=csrf_token value='s3cret'><input data-name=pw value=b>"]), [": s3cret"]);
    assert_eq!(told(&["GET /?X-Amz-Signature=s3cret&key=two HTTP/1.1"]), [": s3cret", ": two"]);
    assert_eq!(told(&["GET /?code=s3cret&state=x HTTP/1.1"]), [": s3cret"]);
    assert_eq!(told(&["X-Auth: s3cret"]), [": s3cret"]);
    assert!(
        told(&["GET /?code=42 HTTP/1.1", "<password/><p>x</p>", "primary key=5", "\"key\": \"x\""])
            .is_empty()
    );
}

#[test]
fn prompts_say_what_comes() {
    let asks = |line: &str| read(line.as_bytes(), &Expect::Anything, MOST).asks;
    assert_eq!(asks("host login: "), Some(Expect::User { base64: false }));
    assert_eq!(asks("Password: "), Some(Expect::Password { base64: false }));
    assert_eq!(asks("334 VXNlcm5hbWU6"), Some(Expect::User { base64: true }));
    assert_eq!(asks("334 UGFzc3dvcmQ6"), Some(Expect::Password { base64: true }));
    assert_eq!(asks("Last login: yesterday"), None);
    assert_eq!(asks("Wrong password"), None);
    for line in ["Password for bob: ", "Enter PIN:", "Password:\u{1b}[8m", "\u{1b}[1mPassword: \u{1b}[0m"] {
        assert_eq!(asks(line), Some(Expect::Password { base64: false }), "{line:?}");
        assert!(found(line).is_empty(), "{line:?}");
    }
    for line in ["\"password\":", "Host:", "Pinned:", "password hint = a:"] {
        assert_eq!(asks(line), None, "{line:?}");
    }
    let typed = read(b"c2VjcmV0", &Expect::Password { base64: true }, MOST);
    assert_eq!(&*typed.found[0].value, b"secret");
}

#[test]
fn a_header_goes_on_in_the_next_line() {
    let first = read(b"Authorization: Basic", &Expect::Anything, MOST);
    assert!(first.found.is_empty());
    let second = read(b"  YWxpY2U6d29uZGVybGFuZA==", &first.next, MOST);
    assert!(second.hides && second.found[0].kind == SecretKind::HttpBasic);
    assert_eq!(&*second.found[0].value, b"wonderland");
    // Another header follows.
    let other = read(b"Host: a", &first.next, MOST);
    assert!(!other.hides && other.found.is_empty() && other.next == Expect::Anything);
    // Endless lines are not put together.
    let mut expect = first.next;
    for _ in 0..1000 {
        let line = read(b" x", &expect, MOST);
        assert!(line.hides);
        expect = line.next;
    }
    assert!(matches!(expect, Expect::Folded { header, .. } if header.len() < 64));
}

#[test]
fn hostile_lines_give_little() {
    let cookies = format!("Cookie: {}", "a=b; ".repeat(5000));
    assert_eq!(found(&cookies).len(), MOST);
    assert!(read(cookies.as_bytes(), &Expect::Anything, MOST).hides);
    for hostile in [
        "\"",
        "a=",
        "\":",
        "://",
        "://@",
        "token=\"",
        "\"token\":\"\\",
        "=token",
        "& ",
        "<",
        "<password>",
        "\"token\":[",
        "\u{1b}",
        "code=",
    ] {
        assert!(found(&hostile.repeat(20_000)).len() <= MOST, "{hostile}");
    }
    assert_eq!(one("Authorization: Basic !!!").0, SecretKind::Credentials);
}
