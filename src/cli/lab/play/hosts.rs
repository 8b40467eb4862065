//! A scene on two hosts: where each of them is, and the line between them.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::PlayArgs;
use crate::cli::output::Failure;
use crate::lab::scene::{Cast, Hosts, How, Line, SCENES, Scene, Teller, What};
use crate::lab::{Impairment, Policy, Transport};
use crate::sandbox::{Plan, Side, is_a_host};
use crate::source::Interrupt;

/// The server's addresses in a sandbox.
const SERVER: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1))];

/// The client's.
const CLIENT: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2))];

/// How many hosts a scene is played on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Places {
    /// One.
    One,
    /// Two, joined by a cable.
    Cable {
        /// Sockets that listen before the client starts.
        listeners: usize,
        /// The servers talk with each other, too.
        among_servers: bool,
    },
    /// Two, and this line between them.
    Line(Impairment),
}

impl Places {
    /// Where `scene` is to be played; `wished` is what is asked of the line, where there is one.
    pub(super) fn of(args: &PlayArgs, scene: &Scene, wished: Impairment) -> Result<Self, Failure> {
        match scene.hosts {
            Hosts::One { because } if args.two_hosts => {
                let able = SCENES.iter().filter(|scene| scene.hosts.may_be_two()).map(|scene| scene.name);
                Err(Failure::new(format_args!("`{}` is played on one host: {because}", scene.name))
                    .hint(format_args!("two hosts are for {}", able.collect::<Vec<_>>().join(", "))))
            }
            Hosts::OneOrTwo { listeners, among_servers } if args.two_hosts => {
                // A server over UDP is a bad line by itself.
                if wished.is_none() || scene.transports != [Transport::Tcp] {
                    Ok(Self::Cable { listeners, among_servers })
                } else if among_servers {
                    Err(Failure::new(format_args!(
                        "between the two hosts of `{}` there is a cable, and no line that does what --loss and the like ask for",
                        scene.name
                    ))
                    .hint("what its servers say to each other does not cross a line, and would not be captured there"))
                } else {
                    Ok(Self::Line(wished))
                }
            }
            Hosts::Two(own) => Ok(Self::Line(if wished.is_none() { own } else { wished })),
            Hosts::One { .. } | Hosts::OneOrTwo { .. } => Ok(Self::One),
        }
    }

    /// The same with the times of its line multiplied by `pace`.
    pub(super) fn at_pace(self, pace: f64) -> Self {
        match self {
            Self::Line(line) => Self::Line(line.at_pace(pace)),
            Self::One | Self::Cable { .. } => self,
        }
    }

    /// The plan of a sandbox for `command`, the program called anew but for its role.
    pub(super) fn arrange(self, command: &[OsString], plan: impl FnOnce(Vec<OsString>) -> Plan) -> Plan {
        let role = |name: &str| {
            let mut words = command.to_vec();
            words.push(format!("--on-stage={name}").into());
            words
        };
        match self {
            Self::One => plan(role("all")),
            Self::Cable { listeners, among_servers } => {
                let (server, client) = (plan(role("server")).after_listeners(listeners), role("client"));
                if among_servers { server.two_hosts_and_within(client) } else { server.two_hosts(client) }
            }
            Self::Line(line) => plan(role("server")).hop(role("client"), role("hop"), side(&line)),
        }
    }
}

/// On which side of the line is captured: where packets are lost, the sender sees what it sends again; what comes twice or
/// out of order only the receiver sees.
fn side(line: &Impairment) -> Side {
    if line.loss > 0.0 || line.rate.is_some() { Side::Server } else { Side::Client }
}

/// How a scene is played on two hosts, on one of them.
pub(super) fn how(how: How, cast: Cast) -> How {
    let [four, six] = SERVER;
    let address = if how.address.is_ipv4() { four } else { six };
    // From there nothing leads out.
    let policy = if is_a_host() { Policy::AnyAddress } else { how.policy };
    How { address, families: SERVER, clients: CLIENT.to_vec(), cast, policy, ..how }
}

/// What a line does, in words.
fn words(line: &Impairment) -> String {
    let mut does = Vec::new();
    for (share, what) in
        [(line.loss, "loses"), (line.duplicate, "sends twice"), (line.reorder, "puts out of order")]
    {
        if share > 0.0 {
            does.push(format!("{what} {:.0} %", share * 100.0));
        }
    }
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    if !line.delay.is_zero() || !line.jitter.is_zero() {
        let jitter =
            if line.jitter.is_zero() { String::new() } else { format!(" ± {:.0} ms", millis(line.jitter)) };
        does.push(format!("holds each for {:.0} ms{jitter}", millis(line.delay)));
    }
    if let Some(rate) = line.rate {
        does.push(format!("takes {}", crate::render::format::Bits(rate)));
    }
    format!("of what the server sends, the line {}", does.join(", "))
}

/// Is the line between the two hosts until it is asked to stop, and tells what it does.
#[cfg(feature = "live")]
pub(super) fn pass_on(how: &How, interrupt: &Interrupt, teller: &Teller) -> u8 {
    use crate::hop::{Hop, HopEvent};
    use crate::lab::Note;
    let line = how.settings.impairment;
    let tell = |what| teller(Line { who: "line".to_owned(), aside: false, what });
    let noted = |note| tell(What::Noted { peer: None, note });
    let failed = |text: String| tell(What::Failed { text, expected: false });
    let hop = match Hop::open(["to-server", "to-client"]) {
        Ok(hop) => hop,
        Err(error) => {
            failed(error.to_string());
            return 2;
        }
    };
    noted(Note::Between { does: words(&line), before: side(&line) == Side::Server });
    let ran =
        hop.run([line, Impairment::NONE], how.settings.seed, interrupt.flag(), &mut |event| match event {
            HopEvent::Done { number, frame: Some(frame), deed, .. } => noted(Note::OnTheWay {
                number,
                ports: frame.ports,
                seq: frame.seq,
                length: frame.payload,
                fin: frame.fin,
                deed,
            }),
            HopEvent::Done { frame: None, .. } => failed("the line forgot what it had".to_owned()),
            HopEvent::NotSent { problem, .. } => failed(problem.to_string()),
        });
    if let Err(error) = &ran {
        failed(error.to_string());
    }
    u8::from(ran.is_err())
}

/// Without live capture there is no sandbox to be in.
#[cfg(not(feature = "live"))]
pub(super) fn pass_on(how: &How, _: &Interrupt, teller: &Teller) -> u8 {
    let text = words(&how.settings.impairment);
    teller(Line { who: "line".to_owned(), aside: false, what: What::Failed { text, expected: false } });
    2
}
