//! What the options of `read` say in tshark's own little languages: `-E`, `-o`, `-d`, `-t`, `-z`, `-T`, `-F`.

use crate::cli::output::Failure;
use crate::decode::{DecodeAs, DecodeAsError};
use crate::pipeline::PipelineOptions;
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
        "pcap" | "nsecpcap" => Ok(SaveFormat::Pcap),
        "pcapng" => Ok(SaveFormat::Pcapng),
        _ => Err("expected pcap or pcapng".to_owned()),
    }
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
        Failure::new(format_args!("-E {option}: \"{value}\" is not one character"))
            .hint(format_args!("{key} is one character, /t for a tab or /s for a space"))
    };
    let character = || match value {
        "/t" | "\\t" => Some('\t'),
        "/s" => Some(' '),
        _ => value.chars().next().filter(|first| first.len_utf8() == value.len()),
    };
    let yes = || match value.to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    };
    match (key, value) {
        ("separator", _) => style.separator = character().ok_or_else(no_character)?,
        ("aggregator", _) => style.aggregator = character().ok_or_else(no_character)?,
        ("occurrence", "f") => style.occurrence = Occurrence::First,
        ("occurrence", "l") => style.occurrence = Occurrence::Last,
        ("occurrence", "a") => style.occurrence = Occurrence::All,
        ("quote", "d") => style.quote = Some('"'),
        ("quote", "s") => style.quote = Some('\''),
        ("quote", "n") => style.quote = None,
        ("header", _) => style.header = yes().ok_or_else(wrong)?,
        ("bom", _) => style.byte_order_mark = yes().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    }
    Ok(())
}

/// A choice of Wireshark's that is known here.
struct Preference {
    name: &'static str,
    effect: Effect,
}

enum Effect {
    /// Turned on and off.
    Sets(fn(&mut PipelineOptions, bool)),
    /// Both are the same to what is decoded so far.
    None,
    /// Only on: what it would turn off is always done.
    Always,
}

static PREFERENCES: &[Preference] = &[
    Preference {
        name: "ip.check_checksum",
        effect: Effect::Sets(|options, on| options.preferences.check_ip_checksum = on),
    },
    Preference { name: "ip.defragment", effect: Effect::Sets(|options, on| options.defragment = on) },
    Preference { name: "tcp.analyze_sequence_numbers", effect: Effect::Always },
    Preference {
        name: "tcp.check_checksum",
        effect: Effect::Sets(|options, on| options.preferences.check_tcp_checksum = on),
    },
    Preference { name: "tcp.desegment_tcp_streams", effect: Effect::None },
    Preference {
        name: "tcp.relative_sequence_numbers",
        effect: Effect::Sets(|options, on| options.preferences.relative_sequence_numbers = on),
    },
    Preference {
        name: "udp.check_checksum",
        effect: Effect::Sets(|options, on| options.preferences.check_udp_checksum = on),
    },
];

/// Obeys every `-o NAME:VALUE`.
pub(super) fn prefer(options: &mut PipelineOptions, given: &[String]) -> Result<(), Failure> {
    given.iter().try_for_each(|text| prefer_one(options, text))
}

fn prefer_one(options: &mut PipelineOptions, text: &str) -> Result<(), Failure> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(Failure::new(format_args!("-o {text} has no value"))
            .hint("write NAME:VALUE, as in -o tcp.relative_sequence_numbers:FALSE"));
    };
    let (name, value) = (name.trim(), value.trim());
    let names = || PREFERENCES.iter().map(|preference| preference.name);
    let Some(preference) = PREFERENCES.iter().find(|preference| preference.name == name) else {
        let failure = Failure::new(format_args!("\"{name}\" is not a preference that wirelab knows"));
        let near = nearest(name, names()).join(", ");
        let meant = if near.is_empty() { String::new() } else { format!("did you mean {near}? ") };
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(failure.hint(format_args!("{meant}known are {known}")));
    };
    let on = match value.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => {
            return Err(Failure::new(format_args!("{name} is TRUE or FALSE, not \"{value}\""))
                .hint(format_args!("write -o {name}:TRUE or -o {name}:FALSE")));
        }
    };
    match preference.effect {
        Effect::Sets(set) => set(options, on),
        Effect::Always if !on => {
            return Err(Failure::new(format_args!("{name} cannot be turned off"))
                .hint("omit it: the fields that it gives need not be asked for"));
        }
        Effect::None | Effect::Always => {}
    }
    Ok(())
}

/// Obeys every `-d LAYER==PORT,PROTOCOL`.
pub(super) fn decode_as(rules: &[String]) -> Result<DecodeAs, Failure> {
    let mut all = DecodeAs::default();
    for rule in rules {
        all.add(rule).map_err(|error| {
            let failure = Failure::new(format_args!("-d: {error}"));
            match error {
                DecodeAsError::Form(_) => {
                    failure.hint("write LAYER==PORT,PROTOCOL, as in -d udp.port==9999,vxlan")
                }
                DecodeAsError::Layer(_) => failure.hint("tcp.port and udp.port are known"),
                DecodeAsError::Ports(_) => failure.hint("write 9999, 9000-9010, or 9000:11 for eleven ports"),
                DecodeAsError::Protocol { layer, protocol, known } => {
                    let near = nearest(&protocol, known.iter().copied());
                    let meant = near.first().map(|near| format!("did you mean {near}? ")).unwrap_or_default();
                    let soon = if protocol == "http" { "wirelab does not decode HTTP yet. " } else { "" };
                    let known = known.join(", ");
                    failure.hint(format_args!("{soon}{meant}{layer} can be decoded as: {known}"))
                }
                DecodeAsError::TooMany => failure,
            }
        })?;
    }
    Ok(all)
}

/// A table that `-z` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statistic {
    /// Flows of TCP, else of UDP.
    pub(super) tcp: bool,
    /// A display filter of its own; empty for none.
    pub(super) filter: String,
}

/// Reads `-z`.
pub(super) fn statistic(text: &str) -> Result<Statistic, Failure> {
    let known = "conv,tcp and conv,udp are known, which show what `wirelab flows` shows";
    let mut words = text.splitn(3, ',');
    let (kind, what) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let tcp = match (kind, what) {
        ("conv", "tcp") => true,
        ("conv", "udp") => false,
        ("follow", _) => {
            return Err(Failure::new(format_args!("-z {text} is not known")).hint(format_args!(
                "`wirelab explain FILE --stream tcp:0` tells what a flow said; {known}"
            )));
        }
        _ => return Err(Failure::new(format_args!("-z {text} is not known")).hint(known)),
    };
    Ok(Statistic { tcp, filter: words.next().unwrap_or("").to_owned() })
}

/// What tshark does with an option that is none here, by the option.
pub(in crate::cli) fn hint_for(option: &str) -> Option<&'static str> {
    Some(match option {
        "-i" | "-a" | "-b" | "-p" | "-I" | "-B" | "-s" | "-y" => {
            "`read` reads savefiles; `wirelab capture` captures, see `wirelab capture --help`"
        }
        "-D" => "`wirelab interfaces` lists what can be captured",
        "-G" => "`wirelab fields` lists the fields, `wirelab fields tcp.` those of a protocol",
        "-O" => "-V shows the details of all protocols",
        "-R" => "use -Y: it selects after the analysis and keeps the packets' numbers",
        "-v" => "use `wirelab --version`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_reach_what_they_are_for() {
        let options = |given: &[&str]| {
            let mut options = PipelineOptions::default();
            prefer(&mut options, &given.iter().map(ToString::to_string).collect::<Vec<_>>()).map(|()| options)
        };
        let all = options(&[
            "tcp.relative_sequence_numbers:FALSE",
            "tcp.check_checksum: TRUE",
            "udp.check_checksum:true",
            "ip.check_checksum:True",
            "ip.defragment:false",
            "tcp.desegment_tcp_streams:FALSE",
        ])
        .unwrap();
        let preferences = all.preferences;
        assert!(!preferences.relative_sequence_numbers && !all.defragment);
        assert!(
            preferences.check_tcp_checksum && preferences.check_udp_checksum && preferences.check_ip_checksum
        );
        let off = options(&["tcp.check_checksum:TRUE", "tcp.check_checksum:FALSE"]).unwrap();
        assert_eq!(off, PipelineOptions::default(), "the last one counts");
        assert!(options(&["tcp.analyze_sequence_numbers:TRUE"]).is_ok());
        assert!(options(&["tcp.analyze_sequence_numbers:FALSE"]).is_err());
    }

    #[test]
    fn the_filter_of_a_table_may_have_commas() {
        let wanted = Statistic { tcp: true, filter: "tcp.port in {1,2}".to_owned() };
        assert_eq!(statistic("conv,tcp,tcp.port in {1,2}").unwrap(), wanted);
        assert_eq!(statistic("conv,udp").unwrap(), Statistic { tcp: false, filter: String::new() });
    }
}
