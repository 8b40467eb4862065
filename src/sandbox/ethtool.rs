//! Features of a network interface, by generic netlink (Documentation/networking/ethtool-netlink.rst of the kernel).

use nix::errno::Errno;

use super::netlink::{Netlink, attribute, terminated};

/// `GENL_ID_CTRL`, `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_NAME`, `CTRL_ATTR_FAMILY_ID`.
const CONTROL: (u16, u8, u16, u16) = (16, 3, 2, 1);
/// `ETHTOOL_MSG_FEATURES_SET`.
const FEATURES_SET: u8 = 12;
/// `ETHTOOL_A_FEATURES_HEADER` and in it `ETHTOOL_A_HEADER_DEV_INDEX`; `ETHTOOL_A_FEATURES_WANTED`.
const FEATURES: (u16, u16, u16) = (1, 1, 3);
/// `ETHTOOL_A_BITSET_BITS`, in it `ETHTOOL_A_BITSET_BITS_BIT`, in it `ETHTOOL_A_BITSET_BIT_NAME`.
const BITS: (u16, u16, u16) = (3, 1, 2);
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;
/// The feature by which the kernel leaves checksums to the card; the one for large segments depends on it.
const CHECKSUMS: &str = "tx-checksum-ip-generic";

/// Has the kernel compute the checksums of what it sends on this interface.
pub(super) fn compute_checksums(index: i32) -> Result<(), Errno> {
    let mut netlink = Netlink::generic()?;
    let (control, get, name, id) = CONTROL;
    let question = [header(get), attribute(name, &terminated("ethtool"))].concat();
    let answer = netlink.question(control, &question)?;
    // The answer has a header of four bytes, too.
    let family = find(answer.get(4..).unwrap_or_default(), id).ok_or(Errno::ENOENT)?;
    let [low, high, ..] = *family else { return Err(Errno::EBADMSG) };
    netlink.ask(u16::from_ne_bytes([low, high]), 0, &without(index, CHECKSUMS))
}

/// The message that switches a feature off: a bit that is named without a value.
fn without(index: i32, feature: &str) -> Vec<u8> {
    let (head, device, wanted) = FEATURES;
    let (bits, bit, name) = BITS;
    let named = attribute(bit | NESTED, &attribute(name, &terminated(feature)));
    [
        header(FEATURES_SET),
        attribute(head | NESTED, &attribute(device, &index.to_ne_bytes())),
        attribute(wanted | NESTED, &attribute(bits | NESTED, &named)),
    ]
    .concat()
}

/// `struct genlmsghdr`.
fn header(command: u8) -> Vec<u8> {
    vec![command, 1, 0, 0]
}

/// The value of the first attribute of a kind.
fn find(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    while let [l0, l1, k0, k1, ..] = *attributes {
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        if u16::from_ne_bytes([k0, k1]) == kind {
            return attributes.get(4..len);
        }
        attributes = attributes.get(len.max(4).next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_among_others() {
        let attributes = [attribute(2, b"ethtool\0"), attribute(1, &21_u16.to_ne_bytes())].concat();
        assert_eq!(find(&attributes, 1), Some(&21_u16.to_ne_bytes()[..]));
        assert_eq!(find(&attributes, 2), Some(&b"ethtool\0"[..]));
        assert_eq!(find(&attributes, 3), None);
        for end in 0..attributes.len() {
            let _ = find(&attributes[..end], 3);
        }
        assert_eq!(find(&[0; 8], 3), None, "a length of nothing does not stop it for ever");
    }
}
