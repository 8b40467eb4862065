//! SMTP commands as they are typed.

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// HELO or EHLO with the name that the client gives itself.
    Hello {
        name: String,
        extended: bool,
    },
    Mail {
        from: String,
        size: Option<u64>,
    },
    Recipient(String),
    Data,
    Reset,
    Nothing,
    Verify,
    Help,
    Quit,
}

/// A reply: code and text.
pub(super) type Reply = (u16, &'static str);

const NO_PATH: Reply = (501, "an address in angle brackets is wanted: <NAME@DOMAIN>");

/// Reads a command line without its end.
pub(super) fn read(line: &[u8]) -> Result<Command, Reply> {
    let Ok(line) = str::from_utf8(line) else { return Err((500, "that is not ASCII")) };
    if !line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err((500, "that is not printable ASCII"));
    }
    let line = line.trim_end();
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim_start();
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => hello(rest, false),
        "EHLO" => hello(rest, true),
        "MAIL" => {
            let (from, parameters) = path(rest, "FROM:")?;
            if !from.is_empty() && !is_mailbox(&from) {
                return Err(NO_PATH);
            }
            Ok(Command::Mail { from, size: parameters_of_mail(parameters)? })
        }
        "RCPT" => {
            let (to, parameters) = path(rest, "TO:")?;
            if !is_mailbox(&to) && !to.eq_ignore_ascii_case("postmaster") {
                return Err(NO_PATH);
            }
            if !parameters.is_empty() {
                return Err((555, "no parameters are known here"));
            }
            Ok(Command::Recipient(to))
        }
        "DATA" if rest.is_empty() => Ok(Command::Data),
        "RSET" if rest.is_empty() => Ok(Command::Reset),
        "QUIT" if rest.is_empty() => Ok(Command::Quit),
        "DATA" | "RSET" | "QUIT" => Err((501, "nothing may follow that command")),
        "NOOP" => Ok(Command::Nothing),
        "VRFY" => Ok(Command::Verify),
        "HELP" => Ok(Command::Help),
        "EXPN" | "AUTH" | "STARTTLS" | "TURN" | "ETRN" | "BDAT" => Err((502, "that is not done here")),
        _ => Err((500, "that is no command of SMTP")),
    }
}

fn hello(name: &str, extended: bool) -> Result<Command, Reply> {
    let is_name = !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    if is_name {
        Ok(Command::Hello { name: name.to_owned(), extended })
    } else {
        Err((501, "say your name: a domain, or an address in square brackets"))
    }
}

/// What stands in the angle brackets after the keyword, and the parameters behind them.
fn path<'a>(rest: &'a str, keyword: &str) -> Result<(String, &'a str), Reply> {
    const MAX_PATH: usize = 256;
    let (word, rest) = rest.split_at_checked(keyword.len()).ok_or(NO_PATH)?;
    if !word.eq_ignore_ascii_case(keyword) {
        return Err(NO_PATH);
    }
    let inside = rest.trim_start().strip_prefix('<').ok_or(NO_PATH)?;
    let (path, parameters) = inside.split_once('>').ok_or(NO_PATH)?;
    let separated = parameters.is_empty() || parameters.starts_with(' ');
    if path.len() > MAX_PATH || path.contains([' ', '<']) || !separated {
        return Err(NO_PATH);
    }
    Ok((path.to_owned(), parameters.trim()))
}

fn is_mailbox(path: &str) -> bool {
    path.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
}

/// The size that is announced.
fn parameters_of_mail(parameters: &str) -> Result<Option<u64>, Reply> {
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" => size = Some(value.parse().map_err(|_| (501, "SIZE is a number of bytes"))?),
            "BODY" if value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME") => {}
            _ => return Err((555, "that parameter is not known here")),
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(from: &str, size: Option<u64>) -> Command {
        Command::Mail { from: from.to_owned(), size }
    }

    #[test]
    fn commands_are_read_in_any_case() {
        for (line, command) in [
            ("EHLO a.example", Command::Hello { name: "a.example".to_owned(), extended: true }),
            ("helo [127.0.0.1]", Command::Hello { name: "[127.0.0.1]".to_owned(), extended: false }),
            ("MAIL FROM:<a@b>", mail("a@b", None)),
            ("mail FROM:<a@b> size=12 BODY=8BITMIME", mail("a@b", Some(12))),
            ("MAIL FROM: <>", mail("", None)),
            ("RCPT TO:<a@b>", Command::Recipient("a@b".to_owned())),
            ("rcpt to:<Postmaster>", Command::Recipient("Postmaster".to_owned())),
            ("DATA ", Command::Data),
            ("noop anything", Command::Nothing),
            ("vrfy a", Command::Verify),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn bad_commands_are_refused_with_their_code() {
        for (line, code) in [
            (&b""[..], 500),
            (b"GET / HTTP/1.1", 500),
            (b"EHLO", 501),
            (b"EHLO a b", 501),
            (b"EHLO a;rm", 501),
            (b"MAIL FROM:a@b", 501),
            (b"MAIL FROM:<a@b", 501),
            (b"MAIL FROM:<a>", 501),
            (b"MAIL FROM:<a@>", 501),
            (b"MAIL FROM:<a b@c>", 501),
            (b"MAIL FROM:<a@b>x", 501),
            (b"MAIL FROM:<a@b> SIZE=-1", 501),
            (b"MAIL FROM:<a@b> RET=FULL", 555),
            (b"MAIL TO:<a@b>", 501),
            (b"MAIL", 501),
            (b"RCPT TO:<>", 501),
            (b"RCPT TO:<a@b> NOTIFY=NEVER", 555),
            (b"QUIT now", 501),
            (b"STARTTLS", 502),
            (b"EXPN list", 502),
            (b"NOOP \x1b[2J", 500),
            (b"MAIL FROM:<\xc3\xa9@b>", 500),
            (b"\xff\xfe", 500),
            (b"DATA\rx", 500),
        ] {
            assert_eq!(read(line).map_err(|(code, _)| code), Err(code), "{}", line.escape_ascii());
        }
    }
}
