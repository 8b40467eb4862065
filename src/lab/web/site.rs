//! The small site that is served where no folder is given.

use crate::lab::clock;

/// When the pages were last changed: 2026-01-01 00:00:00 UTC.
pub(super) const CHANGED: clock::Seconds = 1_767_225_600;

/// A page, or where it went.
pub(super) enum Held {
    Page { media_type: &'static str, text: &'static str },
    Moved { to: &'static str },
}

const INDEX: &str = "\
<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<title>A page that is there</title>
<link rel=\"stylesheet\" href=\"/style.css\">
</head>
<body>
<h1>You found it</h1>
<p>This page came over a TCP connection as readable text: its head says how long it is and when it
was last changed, so that a browser can ask whether its own copy is still good.</p>
<ul>
<li><a href=\"/about.html\">another page</a>, over the same connection</li>
<li><a href=\"/moved\">a page that moved</a> (301)</li>
<li><a href=\"/missing.html\">a page that is not there</a> (404)</li>
</ul>
</body>
</html>
";

const ABOUT: &str = "\
<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<title>Another page</title>
<link rel=\"stylesheet\" href=\"/style.css\">
</head>
<body>
<h1>Another page</h1>
<p>Look at the capture: was there a second handshake before this page?</p>
<p><a href=\"/\">back</a></p>
</body>
</html>
";

const STYLE: &str = "\
body { max-width: 40em; margin: 2em auto; font-family: sans-serif; }
h1 { color: #205080; }
";

/// What the site has under these names.
pub(super) fn find(names: &[Vec<u8>]) -> Option<Held> {
    let path = names.join(&b'/');
    let html = "text/html; charset=utf-8";
    Some(match path.as_slice() {
        b"" | b"index.html" => Held::Page { media_type: html, text: INDEX },
        b"about.html" => Held::Page { media_type: html, text: ABOUT },
        b"style.css" => Held::Page { media_type: "text/css; charset=utf-8", text: STYLE },
        b"moved" => Held::Moved { to: "/about.html" },
        _ => return None,
    })
}
