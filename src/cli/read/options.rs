//! What the options of `read` say in tshark's own little languages: `-E`, `-t`, `-z`, `-T`, `-F`.

use crate::cli::follow::Form;
use crate::cli::output::{Failure, say};
use crate::cli::stats::nanos;
use crate::decode::TransportProtocol;
use crate::field::FieldId;
use crate::flow::{FlowId, PayloadWanted};
use crate::render::fields::{FieldStyle, Occurrence};
use crate::render::line::TimeStyle;
use crate::source::SaveFormat;
use crate::suggest::nearest;

/// `-T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One line a packet.
    Text,
    /// The fields named with -e.
    Fields,
    /// tshark's JSON.
    Json,
    /// tshark's JSON for Elasticsearch.
    Ek,
}

/// Reads `-T`.
pub(super) fn format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "fields" => Ok(Format::Fields),
        "json" => Ok(Format::Json),
        "ek" => Ok(Format::Ek),
        "pdml" | "psml" | "ps" | "jsonraw" => {
            Err("tshark writes it, wirelab does not; json holds the same".to_owned())
        }
        "tabs" => Err("tshark writes it, wirelab does not; fields with -e separates by tabs".to_owned()),
        other => {
            let near = nearest(other, ["text", "fields", "json", "ek"].into_iter());
            let meant = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            Err(format!("expected text, fields, json or ek{meant}"))
        }
    }
}

/// Reads `-F`.
pub(super) fn save_format(text: &str) -> Result<SaveFormat, String> {
    match text {
        "pcap" | "libpcap" | "nsecpcap" => Ok(SaveFormat::Pcap),
        "pcapng" => Ok(SaveFormat::Pcapng),
        _ => Err("expected pcap or pcapng".to_owned()),
    }
}

/// Reads `-a`, of which a savefile knows `packets:N`.
pub(super) fn autostop(text: &str) -> Result<u64, String> {
    let count = text.strip_prefix("packets:").and_then(|count| count.parse().ok()).filter(|&count| count > 0);
    count.ok_or_else(|| "packets:N is known; the other conditions are for `wirelab capture`".to_owned())
}

/// Refuses what tshark does and wirelab does not.
pub(super) fn only_in_tshark(_: &str) -> Result<String, String> {
    Err("tshark limits its JSON so; here -e chooses the fields, and -O the protocols of the tree".to_owned())
}

/// Reads `-t`. Times of day are UTC, whether asked for as local time or not.
pub(super) fn time_style(text: &str) -> Result<TimeStyle, String> {
    Ok(match text {
        "a" | "u" => TimeStyle::Clock,
        "ad" | "ud" => TimeStyle::Date,
        "adoy" | "udoy" => TimeStyle::DayOfYear,
        "d" => TimeStyle::Delta,
        "dd" => TimeStyle::DeltaShown,
        "e" => TimeStyle::Epoch,
        "r" => TimeStyle::Relative,
        _ => {
            return Err("expected r (since the first packet), d (since the one before), dd (since the one shown \
                        before), e (since 1970), a or u (time of day, UTC), ad or ud (with the date), adoy or udoy"
                .to_owned());
        }
    })
}

/// How the columns of `-T fields` are written.
pub(super) fn field_style(options: &[String], to_terminal: bool) -> Result<FieldStyle, Failure> {
    let mut style = FieldStyle { to_terminal, ..FieldStyle::default() };
    options.iter().try_for_each(|option| set(&mut style, option))?;
    Ok(style)
}

/// Obeys one `-E KEY=VALUE`.
fn set(style: &mut FieldStyle, option: &str) -> Result<(), Failure> {
    let wrong = || {
        Failure::new(format_args!("-E {option} is not known")).hint(
            "separator=/t|/s|CHAR, occurrence=f|l|a, aggregator=,|/s|CHAR, quote=d|s|n, header=y|n and bom=y|n are",
        )
    };
    let (key, value) = option.split_once('=').ok_or_else(wrong)?;
    let no_character = || {
        Failure::new(format_args!("-E {option} names no character"))
            .hint(format_args!("{key} is one character, /t for a tab or /s for a space"))
    };
    // As in tshark the first character says it, but for `\\t`, a tab, which tshark takes for a backslash.
    let character = || match value {
        "\\t" => Some('\t'),
        _ if value.starts_with("/t") => Some('\t'),
        _ if value.starts_with("/s") => Some(' '),
        _ if value.starts_with('/') => Some('\\'),
        _ => value.chars().next(),
    };
    let first = value.chars().next().map(|first| first.to_ascii_lowercase());
    let yes = || match first {
        Some('y') => Some(true),
        Some('n') => Some(false),
        _ => None,
    };
    match (key, first) {
        ("separator", _) => style.separator = character().ok_or_else(no_character)?,
        ("aggregator", _) => style.aggregator = character().ok_or_else(no_character)?,
        ("occurrence", Some('f')) => style.occurrence = Occurrence::First,
        ("occurrence", Some('l')) => style.occurrence = Occurrence::Last,
        ("occurrence", Some('a')) => style.occurrence = Occurrence::All,
        ("quote", Some('d')) => style.quote = Some('"'),
        ("quote", Some('s')) => style.quote = Some('\''),
        ("quote", Some('n')) => style.quote = None,
        ("header", _) => style.header = yes().ok_or_else(wrong)?,
        ("bom", _) => style.byte_order_mark = yes().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    }
    Ok(())
}

/// A table that `-z` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statistic {
    /// Of what.
    pub(super) kind: StatisticKind,
    /// A display filter of its own; empty for none.
    pub(super) filter: String,
}

/// What a table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatisticKind {
    /// Flows of TCP, else of UDP.
    Flows {
        /// TCP.
        tcp: bool,
    },
    /// The hierarchy of protocols.
    Protocols,
    /// Packets and bytes of each so many nanoseconds; 0 takes all together.
    Intervals(u64),
    /// IP addresses.
    Addresses,
    /// TCP endpoints.
    Tcp,
    /// UDP endpoints.
    Udp,
    /// What a flow said, in this form.
    Follow(FlowId, Form),
    /// Pairs of IP addresses.
    Pairs {
        /// Of IPv6.
        v6: bool,
    },
}

/// Reads `-z`.
pub(super) fn statistic(text: &str) -> Result<Statistic, Failure> {
    let known = "conv,tcp conv,udp conv,ip conv,ipv6 io,phs io,stat,SECONDS endpoints,ip endpoints,tcp and \
                 endpoints,udp follow,tcp,ascii,N and follow,udp,ascii,N are known";
    let unknown = || Failure::new(format_args!("-z {text} is not known"));
    let (kind, rest) = text.split_once(',').unwrap_or((text, ""));
    let (what, rest) = rest.split_once(',').unwrap_or((rest, ""));
    let (kind, filter) = match (kind, what) {
        ("conv", "tcp") => (StatisticKind::Flows { tcp: true }, rest),
        ("conv", "udp") => (StatisticKind::Flows { tcp: false }, rest),
        ("conv", "ip") => (StatisticKind::Pairs { v6: false }, rest),
        ("conv", "ipv6") => (StatisticKind::Pairs { v6: true }, rest),
        ("io", "phs") => (StatisticKind::Protocols, rest),
        ("io", "stat") => {
            let (seconds, filter) = rest.split_once(',').unwrap_or((rest, ""));
            let wrong = |why| unknown().hint(format_args!("{why}, as in -z io,stat,1 or -z io,stat,0.1"));
            (StatisticKind::Intervals(nanos(seconds).map_err(wrong)?), filter)
        }
        ("endpoints", "ip") => (StatisticKind::Addresses, rest),
        ("endpoints", "tcp") => (StatisticKind::Tcp, rest),
        ("endpoints", "udp") => (StatisticKind::Udp, rest),
        ("follow", _) => {
            let hint = "write follow,tcp,ascii,0: tcp or udp; ascii, utf-8, hex or raw; the stream's number";
            return followed(what, rest).ok_or_else(|| unknown().hint(hint));
        }
        _ => return Err(unknown().hint(known)),
    };
    Ok(Statistic { kind, filter: filter.to_owned() })
}

/// The payload to keep for what `-z follow` shows.
pub(super) fn payload_wanted(statistics: &[Statistic]) -> Option<PayloadWanted> {
    let mut followed = statistics.iter().filter_map(|statistic| match statistic.kind {
        StatisticKind::Follow(id, _) => Some(id),
        _ => None,
    });
    let first = followed.next()?;
    Some(PayloadWanted::to_follow(followed.all(|id| id == first).then_some(first)))
}

/// Reads what stands behind `follow,PROTOCOL,`.
fn followed(protocol: &str, rest: &str) -> Option<Statistic> {
    let protocol = match protocol {
        "tcp" => TransportProtocol::Tcp,
        "udp" => TransportProtocol::Udp,
        _ => return None,
    };
    let (form, number) = rest.split_once(',')?;
    let form = match form {
        "ascii" | "utf-8" => Form::Text,
        "hex" => Form::Hex,
        "raw" => Form::Raw,
        _ => return None,
    };
    let kind = StatisticKind::Follow(FlowId { protocol, number: number.parse().ok()? }, form);
    Some(Statistic { kind, filter: String::new() })
}

/// Says which protocols of `-O` are none that is decoded.
pub(super) fn tell_undecoded(only: &[String]) {
    let known = |name: &str| FieldId::named(name).is_some_and(|id| id == id.protocol());
    for name in only.iter().filter(|name| !known(name)) {
        say(format_args!("warning: -O {name} has no effect here: it is not decoded"));
    }
}

/// What tshark does with an option that is none here, by the option.
pub(in crate::cli) fn hint_for(option: &str) -> Option<&'static str> {
    Some(match option {
        "-i" | "-b" | "-I" => {
            "`read` reads savefiles; `wirelab capture` captures, see `wirelab capture --help`"
        }
        "-D" => "`wirelab interfaces` lists what can be captured",
        "-G" => "`wirelab fields` lists the fields, `wirelab fields tcp.` those of a protocol",
        "-X" => "wirelab runs no scripts",
        "-h" => "use `wirelab read --help`",
        "--export-objects" => "`wirelab explain FILE` tells what a flow said",
        "-v" => "use `wirelab --version`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_says_how_fields_are_printed() {
        let style = |option: &str| field_style(&[option.to_owned()], false).unwrap();
        for (value, character) in
            [("xy", 'x'), ("/t", '\t'), ("\\t", '\t'), ("/s", ' '), ("/n", '\\'), ("/", '\\'), ("€2", '€')]
        {
            assert_eq!(style(&format!("separator={value}")).separator, character, "{value}");
            assert_eq!(style(&format!("aggregator={value}")).aggregator, character, "{value}");
        }
        for (value, occurrence) in
            [("first", Occurrence::First), ("last", Occurrence::Last), ("all", Occurrence::All)]
        {
            assert_eq!(style(&format!("occurrence={value}")).occurrence, occurrence);
        }
        for wrong in ["separator=", "occurrence=x", "quote=", "header=x", "escape=n", "header"] {
            assert!(field_style(&[wrong.to_owned()], false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_filter_of_a_table_may_have_commas() {
        let flows =
            |tcp, filter: &str| Statistic { kind: StatisticKind::Flows { tcp }, filter: filter.to_owned() };
        assert_eq!(statistic("conv,tcp,tcp.port in {1,2}").unwrap(), flows(true, "tcp.port in {1,2}"));
        assert_eq!(statistic("conv,udp").unwrap(), flows(false, ""));
        let intervals = statistic("io,stat,0.25,tcp.port in {1,2}").unwrap();
        assert_eq!(intervals.kind, StatisticKind::Intervals(250_000_000));
        assert_eq!(intervals.filter, "tcp.port in {1,2}");
        assert!(statistic("io,stat,").is_err() && statistic("io,stat,x").is_err());
        assert!(statistic("endpoints,sctp").is_err());
    }

    #[test]
    fn a_stream_is_followed_as_tshark_spells_it() {
        let id = FlowId { protocol: TransportProtocol::Udp, number: 7 };
        assert_eq!(statistic("follow,udp,hex,7").unwrap().kind, StatisticKind::Follow(id, Form::Hex));
        for wrong in ["follow,tcp", "follow,tls,ascii,0", "follow,tcp,ascii,x", "follow,tcp,ascii,0,1-2"] {
            assert!(statistic(wrong).is_err(), "{wrong}");
        }
    }
}
