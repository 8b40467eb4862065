//! What an application protocol brings: where its messages end, and what one says of another.
//!
//! An analyzer sees the bytes of a flow in order, both sides. It cuts them into messages and remembers what it needs to
//! pair them; it keeps no bytes that its driver ([`super::Analyzers`]) keeps for it.

use std::fmt;

use super::{Protocol, carried, dhcp, dns, ftp, http, imap, lab, pop, quic, smtp, socks, ssh, telnet, tls};
use crate::flow::{Direction, PacketStamp};

/// One flow as a protocol sees it.
pub trait Analyzer: fmt::Debug + Send {
    /// What the bytes begin with. Asked again after each message for those behind it, and after [`Step::More`] once
    /// there are more; never with no bytes, unless [`Input::end`] is set.
    fn next(&mut self, input: &Input<'_>) -> Step;

    /// Bytes that `from` sent are not in the capture, although the other side, whose bytes come next, has them: these may answer
    /// what nobody saw. Said before the gap itself, which shows once more of `from` comes.
    fn lacks(&mut self, _from: Direction) {}

    /// Whether what `from` has said and is not taken yet ends where the other side speaks on.
    fn takes_turns(&self, _from: Direction) -> bool {
        false
    }

    /// Memory that it keeps of what was said, in bytes: it counts towards [`super::MAX_HELD_BYTES`], and is to be given
    /// up where [`Input::end`] is set.
    fn held(&self) -> usize {
        0
    }
}

/// The bytes of one side that are not taken yet.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Whose they are.
    pub from: Direction,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The packet that brought the first of them.
    pub first: PacketStamp,
    /// The packet that brought the last.
    pub packet: PacketStamp,
    /// Why no byte will follow these, where none will.
    pub end: Option<Ending>,
}

/// Why a message gets no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A datagram is all there is.
    Datagram,
    /// The datagram was longer: the capture kept its beginning only.
    Snapped,
    /// FIN.
    Fin,
    /// RST.
    Reset,
    /// Bytes that follow are not in the capture, this many; the next bytes of this side come from behind them.
    Gap(u64),
    /// The capture kept only the beginning of the packet that the last bytes came in: so many bytes are missing before
    /// the next of this side.
    Cut(u64),
    /// The capture ends.
    Capture,
    /// More bytes were wanted than are kept: [`super::MAX_MESSAGE_BYTES`], [`super::MAX_HELD_BYTES`].
    TooLong,
}

/// What an analyzer makes of its input.
#[derive(Debug)]
pub enum Step {
    /// Nothing before there are so many bytes (at least one more than now). Where there will be no more, the bytes are
    /// dropped.
    More(usize),
    /// The first `len` bytes are a message, at most all of them.
    Message {
        /// How many bytes.
        len: usize,
        /// What only the flow tells of it.
        note: Note,
        /// Bytes that were unpacked from it, or put together from it and messages before, with a title.
        inner: Option<(&'static str, Vec<u8>)>,
    },
    /// The first `len` bytes are a packet that carries TLS; of the packet itself nothing is told.
    Carries {
        /// How many bytes.
        len: usize,
        /// The next bytes of the side's TLS.
        bytes: Vec<u8>,
        /// They are the first of a connection.
        begins: bool,
    },
    /// The next bytes, so many, there or yet to come, are looked at by nobody.
    Skip(u64),
    /// What follows is another protocol's, on both sides.
    Switch(Protocol),
    /// What follows, on both sides, is a connection to this port, whatever it speaks.
    Tunnel(u16),
    /// This is nothing that the protocol knows: what came with this packet is dropped, and the next packet looked at.
    Lost,
}

/// What only the flow tells of a message: the other messages that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Note {
    /// Nothing.
    #[default]
    None,
    /// Of a DNS message.
    Dns(dns::DnsNote),
    /// Of an HTTP message.
    Http(Box<http::HttpNote>),
    /// Of a TLS or DTLS record.
    Tls(Box<tls::TlsNote>),
    /// Of a QUIC packet.
    Quic(Box<quic::QuicNote>),
    /// Of an SMTP message.
    Smtp(Box<smtp::SmtpNote>),
    /// Of a POP3 message.
    Pop(Box<pop::PopNote>),
    /// Of an IMAP message.
    Imap(Box<imap::ImapNote>),
    /// Of a message of an FTP control connection.
    Ftp(Box<ftp::FtpNote>),
    /// Of an FTP data connection.
    FtpData(Box<ftp::FtpDataNote>),
    /// Of an SSH message.
    Ssh(ssh::SshNote),
    /// Of a message of a lab.
    Lab(Box<lab::LabNote>),
}

/// How analyzers work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnalyzerOptions {
    /// Bodies are kept with their messages, which then end with the body; else a message is its head alone.
    pub bodies: bool,
}

/// An analyzer for a flow that speaks `protocol`.
pub(super) fn begin(protocol: Protocol, options: AnalyzerOptions) -> Box<dyn Analyzer> {
    match protocol {
        Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => Box::new(dns::DnsAnalyzer::new(protocol)),
        Protocol::Http | Protocol::Ssdp => Box::new(http::HttpAnalyzer::new(options)),
        Protocol::Tls => Box::new(tls::TlsAnalyzer::new()),
        Protocol::Dtls => Box::new(tls::DtlsAnalyzer::new()),
        Protocol::Quic => Box::new(quic::QuicAnalyzer::new()),
        Protocol::Smtp => Box::new(smtp::SmtpAnalyzer::new()),
        Protocol::Pop => Box::new(pop::PopAnalyzer::new()),
        Protocol::Imap => Box::new(imap::ImapAnalyzer::new()),
        Protocol::Ftp => Box::new(ftp::FtpAnalyzer::new()),
        Protocol::FtpData => Box::new(ftp::DataAnalyzer),
        Protocol::Telnet => Box::new(telnet::TelnetAnalyzer),
        Protocol::Ssh => Box::new(ssh::SshAnalyzer::new()),
        Protocol::Dhcp => Box::new(dhcp::DhcpAnalyzer),
        Protocol::Radius => Box::new(carried::RadiusAnalyzer::new()),
        Protocol::OpenVpn => Box::new(carried::OpenVpnAnalyzer::new()),
        Protocol::Socks => Box::new(socks::SocksAnalyzer::new()),
        Protocol::RdpUdp => Box::new(carried::RdpUdpAnalyzer::new()),
        Protocol::Lab(lab) => Box::new(lab::LabAnalyzer::of(lab, Direction::OrigToResp)),
    }
}
