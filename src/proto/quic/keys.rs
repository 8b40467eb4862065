//! The keys of Initial packets, which follow from the first destination connection id (RFC 9001 section 5.2).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use super::Version;

/// Bytes of an initialization vector.
const IV: usize = 12;

/// Bytes of an AES-128 key.
const KEY: usize = 16;

/// Keys of one direction.
pub(super) struct Keys {
    packet: LessSafeKey,
    iv: [u8; IV],
    header: quic::HeaderProtectionKey,
}

/// The length that a key is expanded to.
struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    /// What the client encrypts with, or else the server, after the client's first packet to the connection id `dcid`.
    pub(super) fn initial(version: Version, dcid: &[u8], of_client: bool) -> Option<Self> {
        let salt = Salt::new(HKDF_SHA256, version.salt()?);
        let initial = salt.extract(dcid);
        let label: &[u8] = if of_client { b"client in" } else { b"server in" };
        let mut secret = [0; 32];
        expand(&initial, &[label], &mut secret)?;
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let prefix: &[u8] = if version.is_second() { b"quicv2 " } else { b"quic " };
        let (mut key, mut iv, mut mask) = ([0; KEY], [0; IV], [0; KEY]);
        expand(&secret, &[prefix, b"key"], &mut key)?;
        expand(&secret, &[prefix, b"iv"], &mut iv)?;
        expand(&secret, &[prefix, b"hp"], &mut mask)?;
        Some(Self {
            packet: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv,
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &mask).ok()?,
        })
    }

    /// Five bytes that hide the first byte and the packet number (RFC 9001 section 5.4).
    pub(super) fn mask(&self, sample: &[u8]) -> Option<[u8; 5]> {
        self.header.new_mask(sample).ok()
    }

    /// What `sealed` says; `header` is in clear and must not have been changed. `None` where that is not so, or
    /// the key is another.
    pub(super) fn open(&self, number: u64, header: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(IV - 8).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let len = self.packet.open_in_place(nonce, Aad::from(header), &mut bytes).ok()?.len();
        bytes.truncate(len);
        Some(bytes)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// HKDF-Expand-Label (RFC 8446 section 7.1) with the label `tls13 ` and `label`, and no context.
fn expand(secret: &Prk, label: &[&[u8]], out: &mut [u8]) -> Option<()> {
    let label_len: usize = label.iter().map(|part| part.len()).sum();
    let len = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_len = [u8::try_from(label_len.checked_add(6)?).ok()?];
    let mut info: Vec<&[u8]> = vec![&len, &label_len, b"tls13 "];
    info.extend_from_slice(label);
    info.push(&[0]);
    secret.expand(&info, Len(out.len())).ok()?.fill(out).ok()
}
