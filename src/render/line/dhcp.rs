//! What a DHCP message says, in Wireshark's words: `DHCP Discover - Transaction ID 0x3d1d`, `Boot Reply`.

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::proto::Message;
use crate::proto::dhcp::{self, PROXY_PORT, kind_name};
use crate::render::color::Style;
use crate::render::format::Mac;

impl PacketLines {
    /// Writes the DHCP message in words.
    pub(super) fn dhcp(&mut self, message: &Message, decoded: &DecodedPacket<'_>) {
        let Some(read) = dhcp::Message::read(message.bytes(decoded)) else { return };
        match read.kind() {
            Some(kind) => {
                let ports = decoded.transports().get(message.transport).map(|to| [to.src.port, to.dst.port]);
                let is_proxy = ports.is_some_and(|ports| ports.contains(&PROXY_PORT));
                self.line.put(if is_proxy { "proxyDHCP " } else { "DHCP " });
                match kind_name(kind) {
                    Some(name) => self.line.put_display(format_args!("{name:<8}")),
                    None => self.line.put_display(format_args!("Unknown Message Type (0x{kind:02x})")),
                }
                self.line.put_display(format_args!(" - Transaction ID 0x{:x}", read.header.id));
            }
            None if read.header.op == 2 => self.line.put("Boot Reply"),
            None => {
                self.line.put("Boot Request");
                if let Some(mac) = read.header.mac() {
                    self.line.put_display(format_args!(" from {} ({})", Mac(mac), Mac(mac)));
                }
            }
        }
        if let Some(damage) = read.damage() {
            self.line.put(", ");
            self.line.start(Style::Yellow);
            self.line.put_display(damage);
            self.line.end();
        }
    }
}
