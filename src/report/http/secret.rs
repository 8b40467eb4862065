//! What is not shown unless somebody asks for it: passwords, tokens and cookies that a message carries in clear.

/// Stands for what is not shown.
const MASK: &[u8] = b"********";

/// Headers whose value is a scheme and a secret (RFC 9110 section 11.4).
const CREDENTIALS: [&str; 2] = ["authorization", "proxy-authorization"];

/// Headers that are a secret altogether, by custom.
const TOKENS: [&str; 5] =
    ["x-api-key", "x-auth-token", "x-access-token", "x-csrf-token", "authentication-info"];

/// Parts of the names of form and query parameters that hold a secret.
const PARAMETERS: [&str; 8] = ["pass", "pwd", "passwd", "token", "secret", "apikey", "api_key", "session"];

/// The value of a header with its secret masked; `None` where there is none in it.
#[must_use]
pub fn masked_header(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    if CREDENTIALS.iter().any(|name| is(name)) {
        let scheme = value.split(|byte| *byte == b' ').next().filter(|scheme| scheme.len() < value.len());
        return Some([scheme.unwrap_or_default(), if scheme.is_some() { b" " } else { b"" }, MASK].concat());
    }
    if TOKENS.iter().any(|name| is(name)) {
        return Some(MASK.to_vec());
    }
    if is("cookie") {
        let cookies = value.split(|byte| *byte == b';').map(|cookie| cookie_masked(cookie.trim_ascii()));
        return Some(cookies.collect::<Vec<_>>().join(&b"; "[..]));
    }
    if is("set-cookie") || is("set-cookie2") {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (cookie, attributes) = value.split_at_checked(end).unwrap_or((value, &[]));
        return Some([&cookie_masked(cookie.trim_ascii()), attributes].concat());
    }
    // An address of a page in which a query may stand.
    if is("referer") || is("location") || is("content-location") {
        return masked_target(value);
    }
    None
}

/// `name=value` as `name=********`.
fn cookie_masked(cookie: &[u8]) -> Vec<u8> {
    match memchr::memchr(b'=', cookie) {
        Some(equals) => [cookie.get(..=equals).unwrap_or_default(), MASK].concat(),
        None => MASK.to_vec(),
    }
}

/// A target or URI with passwords before its host and in its query masked; `None` where there are none.
#[must_use]
pub fn masked_target(target: &[u8]) -> Option<Vec<u8>> {
    let mut masked = false;
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    if let Some(authority) = memchr::memmem::find(target, b"://").map(|at| at.saturating_add(3)) {
        let behind = target.get(authority..).unwrap_or_default();
        let end = behind.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(behind.len());
        if let Some(at) = memchr::memrchr(b'@', behind.get(..end).unwrap_or_default()) {
            out.extend_from_slice(target.get(..authority).unwrap_or_default());
            out.extend_from_slice(MASK);
            rest = behind.get(at..).unwrap_or_default();
            masked = true;
        }
    }
    let query = memchr::memchr(b'?', rest).map_or(rest.len(), |at| at.saturating_add(1));
    let (before, query) = rest.split_at_checked(query).unwrap_or((rest, &[]));
    out.extend_from_slice(before);
    masked |= parameters(query, &mut out);
    masked.then_some(out)
}

/// The beginning of a form (`application/x-www-form-urlencoded`) with its secrets masked; `None` where there are none.
#[must_use]
pub fn masked_body(media_type: Option<&str>, body: &[u8]) -> Option<Vec<u8>> {
    if media_type != Some("application/x-www-form-urlencoded") {
        return None;
    }
    let mut out = Vec::with_capacity(body.len());
    parameters(body, &mut out).then_some(out)
}

/// Writes `a=b&c=d` with the values of secrets masked; whether there were any.
fn parameters(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut masked = false;
    for (place, parameter) in text.split(|byte| *byte == b'&').enumerate() {
        if place > 0 {
            out.push(b'&');
        }
        let equals = memchr::memchr(b'=', parameter).filter(|equals| {
            let name = parameter.get(..*equals).unwrap_or_default().to_ascii_lowercase();
            PARAMETERS.iter().any(|part| memchr::memmem::find(&name, part.as_bytes()).is_some())
        });
        match equals {
            Some(equals) => {
                out.extend_from_slice(parameter.get(..=equals).unwrap_or_default());
                out.extend_from_slice(MASK);
                masked = true;
            }
            None => out.extend_from_slice(parameter),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> String {
        masked_header(name.as_bytes(), value.as_bytes())
            .map_or_else(|| "as it is".to_owned(), |masked| String::from_utf8(masked).unwrap())
    }

    #[test]
    fn secrets_of_headers_are_masked_and_what_they_are_stays() {
        assert_eq!(header("Authorization", "Basic d2lyZXNoYXJrOm5ldHdvcms="), "Basic ********");
        assert_eq!(header("PROXY-authorization", "abc"), "********");
        assert_eq!(header("Cookie", "a=1; session=xyz;b"), "a=********; session=********; ********");
        assert_eq!(header("Set-Cookie", "id=77; Path=/; HttpOnly"), "id=********; Path=/; HttpOnly");
        assert_eq!(
            header("Referer", "http://a/b?x=1&user_password=c"),
            "http://a/b?x=1&user_password=********"
        );
        assert_eq!(header("Set-Cookie2", "id=77; Path=/"), "id=********; Path=/");
        assert_eq!(header("X-Api-Key", "77"), "********");
        for (name, value) in
            [("Host", "a.example"), ("WWW-Authenticate", "Basic realm=\"x\""), ("Accept", "*/*")]
        {
            assert_eq!(header(name, value), "as it is");
        }
    }

    #[test]
    fn passwords_in_addresses_and_forms_are_masked() {
        let target = |text: &str| masked_target(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(target("/a?pwd=1&x=2#f").as_deref(), Some("/a?pwd=********&x=2#f"));
        assert_eq!(target("http://me:pw@host:80/a").as_deref(), Some("http://********@host:80/a"));
        assert_eq!(target("/a@b?c=pass"), None);
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(masked_body(form, b"user=a&passwd=b").unwrap(), b"user=a&passwd=********");
        assert_eq!(masked_body(form, b"user=a"), None);
        assert_eq!(masked_body(Some("text/plain"), b"passwd=b"), None);
    }
}
