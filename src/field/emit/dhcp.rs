//! DHCP and BOOTP: the header, and options in the order that Wireshark shows them.

use super::dhcp_option::{self, Within};
use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii, offset};
use crate::field::names::dhcp;
use crate::field::{FieldId, Value};
use crate::proto::Message;
use crate::proto::dhcp::{
    BOOT_FILE, FIXED_BYTES, HARDWARE_BYTES, Header, Item, Items, Message as Read, SERVER_NAME, code,
};

/// Where the client's hardware address stands.
const HARDWARE: usize = 28;
/// What BOOTP has room for behind its header (RFC 951 section 3).
const VENDOR_BYTES: usize = 64;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    if !out.wants_any_of(dhcp::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    let Some(read) = Read::read(run.bytes()) else { return };
    out.open(dhcp::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    fixed(&run, &read.header, out);
    let overload = read.overload();
    names(&run, overload, out);
    if run.len() >= FIXED_BYTES {
        if read.kind().is_none() {
            out.give(dhcp::BOOTP, Value::Unsigned(1), ByteRange::default());
        }
        if read.has_options() {
            run.give(dhcp::COOKIE, FIXED_BYTES, 4, out);
            let within = Within { vendor: read.value(code::VENDOR_CLASS), message: &read, cut: message.cut };
            area(&run, read.items(), &within, None, out);
        } else {
            run.give(dhcp::VENDOR_SPECIFIC_OPTIONS, FIXED_BYTES, VENDOR_BYTES, out);
        }
    }
    out.close();
}

/// The fields before the names.
fn fixed(run: &Run<'_>, header: &Header, out: &mut Emitter<'_>) {
    run.list(
        0,
        &[(dhcp::TYPE, 1), (dhcp::HW_TYPE, 1), (dhcp::HW_LEN, 1), (dhcp::HOPS, 1), (dhcp::ID, 4)],
        out,
    );
    // Some clients count with the bytes the other way round.
    let is_swapped = header.seconds > 0xff && header.seconds.trailing_zeros() >= 8;
    let seconds = if is_swapped { header.seconds.swap_bytes() } else { header.seconds };
    out.open(dhcp::SECS, Value::Unsigned(seconds.into()), run.range(8, 2));
    if is_swapped {
        out.give(dhcp::SECS_LE, Value::Mark, run.range(8, 2));
    }
    out.close();
    let bits = [(dhcp::FLAGS_BC, 15, 1), (dhcp::FLAGS_RESERVED, 0, 0x7fff)];
    run.flags((dhcp::FLAGS, 0, 0xffff), 10, 2, &bits, out);
    let addresses = [(dhcp::IP_CLIENT, 4), (dhcp::IP_YOUR, 4), (dhcp::IP_SERVER, 4), (dhcp::IP_RELAY, 4)];
    run.list(12, &addresses, out);
    let len = usize::from(header.hardware_len);
    if len == 0 || len > HARDWARE_BYTES {
        out.give(dhcp::CLIENT_ADDRESS_NOT_GIVEN, Value::Mark, run.range(HARDWARE, HARDWARE_BYTES));
        return;
    }
    if header.mac().is_some() {
        run.give(dhcp::HW_MAC_ADDR, HARDWARE, len, out);
    } else {
        // Wireshark takes the padding for a part of it.
        run.give(dhcp::HW_ADDR, HARDWARE, HARDWARE_BYTES, out);
    }
    if len < HARDWARE_BYTES {
        run.give(dhcp::HW_ADDR_PADDING, HARDWARE + len, HARDWARE_BYTES - len, out);
    }
}

/// The names of server and boot file, or that options stand there.
fn names(run: &Run<'_>, overload: u8, out: &mut Emitter<'_>) {
    let both: [((usize, usize), u8, FieldId, FieldId); 2] = [
        (SERVER_NAME, 2, dhcp::SERVER, dhcp::SERVER_NAME_OVERLOADED),
        (BOOT_FILE, 1, dhcp::FILE, dhcp::BOOT_FILENAME_OVERLOADED),
    ];
    for ((at, len), bit, name, overloaded) in both {
        if overload & bit != 0 {
            out.give(overloaded, Value::Mark, run.range(at, len));
        } else if run.len() >= at.saturating_add(len) {
            ascii::give(run, name, at, len, out);
        }
    }
}

/// An area of options: the message's own, or one of the names, where `missing` tells that it has no end.
fn area(
    run: &Run<'_>,
    items: Items<'_>,
    within: &Within<'_>,
    missing: Option<FieldId>,
    out: &mut Emitter<'_>,
) {
    for item in items {
        match item {
            Item::Padding { at, len } => {
                out.open(dhcp::OPTION_TYPE, Value::Unsigned(0), run.range(at, len));
                run.give(dhcp::OPTION_PADDING, at, len, out);
                out.close();
            }
            Item::End { at, rest } => {
                // Wireshark's value for it is 0, as for padding.
                out.open(dhcp::OPTION_TYPE, Value::Unsigned(0), run.range(at, 1));
                out.give(dhcp::OPTION_END, Value::Unsigned(u64::from(code::END)), run.range(at, 1));
                out.close();
                // What fills a name is nothing to tell.
                if rest > 0 && missing.is_none() {
                    run.give(dhcp::OPTION_PADDING, at.saturating_add(1), rest, out);
                }
            }
            Item::Option(option) => {
                let len = option.value.len();
                open_option(run, option.at, option.code, len, out);
                run.give(dhcp::OPTION_VALUE, option.at.saturating_add(2), len, out);
                dhcp_option::emit(&run.part(option.at.saturating_add(2), len), option.code, within, out);
                // In a name it opens nothing again.
                if option.code == code::OVERLOAD && missing.is_none() {
                    overloaded(run, within, out);
                }
                out.close();
            }
            Item::Overrun { at, code, len, .. } => {
                open_option(run, at, code, len.into(), out);
                out.close();
            }
            // An end may be in what was not captured.
            Item::NoEnd if within.cut => {}
            Item::NoEnd => {
                out.give(missing.unwrap_or(dhcp::END_OPTION_MISSING), Value::Mark, ByteRange::default());
            }
            Item::NoLength { .. } => {}
        }
    }
}

/// Opens an option of so many bytes by its code and length.
fn open_option(run: &Run<'_>, at: usize, code: u8, len: usize, out: &mut Emitter<'_>) {
    let whole = run.part(at, len.saturating_add(2)).len();
    out.open(dhcp::OPTION_TYPE, Value::Unsigned(code.into()), run.range(at, whole));
    let len = u64::from(offset(len));
    out.give(dhcp::OPTION_LENGTH, Value::Unsigned(len), run.range(at.saturating_add(1), 1));
}

/// The options in the names, below the one that says that they are there.
fn overloaded(run: &Run<'_>, within: &Within<'_>, out: &mut Emitter<'_>) {
    if let Some(items) = within.message.items_of_server_name() {
        area(run, items, within, Some(dhcp::SNAME_END_MISSING), out);
    }
    if let Some(items) = within.message.items_of_boot_file() {
        area(run, items, within, Some(dhcp::FILE_END_MISSING), out);
    }
}
