//! A small signed internet of name servers: root, top-level domains, and zones below them, each at an address of its
//! own.
//!
//! The zones are master files ([`Internet::own`], [`Internet::read_folder`]) that anyone can edit. What they do not say is
//! made when the servers start: keys, signatures, proofs, DS records, and which address serves what. [`respond`] is
//! the whole of a name server, bytes to bytes; [`Sockets`] gives it sockets.

mod answer;
mod check;
mod client;
mod data;
mod export;
mod folder;
mod master;
mod message;
mod name;
mod nsec3;
mod plan;
mod record;
mod server;
mod sign;
mod zone;

pub use answer::{Answered, By, Word, respond, too_busy};
pub use client::{addresses, question};
pub use export::{ExportError, write_own_files};
pub use master::{Notice, ZoneFileError};
pub use message::{Carrier, Code, ExtendedError, Item, Query, Question, Response, Section};
pub use name::{Name, NotAName};
pub use nsec3::{Chain, Hash, Link};
pub use plan::{Addresses, NameServer};
pub use record::{Kind, Set};
pub use server::{Answers, Asks, Happened, Served, Sockets};
pub use sign::{Keys, NoKey, Validity};
pub use zone::{Signing, Zone};

use std::io;
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;

use master::Master;

/// The lab's name on the command line.
pub const LAB: &str = "dns";

/// The port outside a network of its own: that of DNS needs privileges there, and a resolver may have it.
pub const HIGH_PORT: u16 = 53_530;

/// Most zone files in a folder: each is kept and signed.
const MAX_ZONES: usize = 256;

/// What a zone file's name ends in.
const ENDING: &str = ".zone";

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It answers.
    Usual,
    /// It never does.
    Silent,
    /// Over UDP it says that the answer is too long, whatever it is.
    Truncates,
}

/// Why there are no zones to serve.
#[derive(Debug, thiserror::Error)]
pub enum ZonesError {
    /// A file says what no zone can.
    #[error(transparent)]
    File(#[from] ZoneFileError),
    /// The folder or a file in it cannot be read.
    #[error("reading {} failed: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no zone file in the folder.
    #[error("{} has no zone file: their names end in .zone", .0.display())]
    None(PathBuf),
    /// There are more than can be.
    #[error("{} has more than {MAX_ZONES} zone files", .0.display())]
    TooMany(PathBuf),
    /// Two files have the same zone.
    #[error("{second}: the zone {apex} is in {first} already")]
    Twice {
        /// The zone.
        apex: Name,
        /// The one file.
        first: String,
        /// The other.
        second: String,
    },
    /// The root zone is missing.
    #[error("no file has the root zone (an SOA record for the name `.`)")]
    NoRoot,
    /// The system has no random bytes.
    #[error(transparent)]
    NoKey(#[from] NoKey),
}

/// A zone file's name and text.
type File<'a> = (&'a str, &'a str);

macro_rules! own_files {
    ($($name:literal,)*) => { &[$(($name, include_str!(concat!("zones/", $name))),)*] };
}

/// The zones that come with the program.
pub static OWN: &[File<'static>] = own_files![
    "root.zone",
    "amazon.com.zone",
    "amzndns.co.uk.zone",
    "amzndns.com.zone",
    "amzndns.net.zone",
    "amzndns.org.zone",
    "bogus.edu.zone",
    "co.uk.zone",
    "com.zone",
    "edu.zone",
    "glueless.lab.edu.zone",
    "google.com.zone",
    "info.zone",
    "lab.edu.zone",
    "lame.lab.edu.zone",
    "net.zone",
    "nyu.edu.zone",
    "nyu.net.zone",
    "nyu.org.zone",
    "open.signed.edu.zone",
    "org.zone",
    "root-servers.net.zone",
    "signed.edu.zone",
    "silent.lab.edu.zone",
    "truncates.lab.edu.zone",
    "uk.zone",
];

/// Signed zones, and the servers that speak for them.
#[derive(Debug)]
pub struct Internet {
    zones: Vec<Zone>,
    servers: Vec<NameServer>,
    /// The DNSKEY record's data of the root's key, where the root is signed.
    anchor: Option<Vec<u8>>,
    notices: Vec<Notice>,
}

impl Internet {
    /// The internet that comes with the program.
    ///
    /// # Errors
    /// [`ZonesError::NoKey`]; the files themselves are good.
    pub fn own(addresses: Addresses, validity: Validity) -> Result<Self, ZonesError> {
        Self::from_files(OWN.iter().copied(), addresses, validity)
    }

    /// The internet of a folder's files whose names end in `.zone`. A relative name in `nyu.edu.zone` belongs to
    /// `nyu.edu.`, in `root.zone` to the root, until the file says otherwise.
    ///
    /// # Errors
    /// [`ZonesError`]: which file and line is wrong, and what is wrong with it.
    pub fn read_folder(folder: &Path, addresses: Addresses, validity: Validity) -> Result<Self, ZonesError> {
        let (files, unread) = folder::read(folder)?;
        let mut internet =
            Self::from_files(files.iter().map(|(name, text)| (&**name, &**text)), addresses, validity)?;
        internet.notices.extend(unread);
        Ok(internet)
    }

    /// The internet of these files.
    ///
    /// # Errors
    /// [`ZonesError`]: which file and line is wrong, and what is wrong with it.
    pub fn from_files<'a>(
        files: impl Iterator<Item = (&'a str, &'a str)>,
        addresses: Addresses,
        validity: Validity,
    ) -> Result<Self, ZonesError> {
        let mut read: Vec<(Zone, Master)> = Vec::new();
        for (file, text) in files {
            let master = master::read(file, text, &origin_of(file)?)?;
            let zone = Zone::build(file, &master)?;
            if let Some((other, _)) = read.iter().find(|(other, _)| other.apex == zone.apex) {
                let (first, second) = (other.file.clone(), zone.file);
                return Err(ZonesError::Twice { apex: zone.apex, first, second });
            }
            read.push((zone, master));
        }
        read.sort_by(|(one, _), (other, _)| one.apex.cmp(&other.apex));
        let (mut zones, masters): (Vec<Zone>, Vec<Master>) = read.into_iter().unzip();
        if !zones.first().is_some_and(|zone| zone.apex.is_root()) {
            return Err(ZonesError::NoRoot);
        }
        plan::check_manners(&zones)?;
        let notices = check::check(&zones, &masters, addresses)?;
        if addresses == Addresses::Loopback {
            plan::move_to_loopback(&mut zones);
        }
        let anchor = sign_all(&mut zones, validity)?;
        let servers = plan::servers(&zones);
        Ok(Self { zones, servers, anchor, notices })
    }

    /// The zones, in their order.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// What in the zone files may be meant otherwise, at most some hundreds; nothing in those that come with the program.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The servers, by address.
    #[must_use]
    pub fn servers(&self) -> &[NameServer] {
        &self.servers
    }

    /// The DNSKEY record's data that a validator has to trust, where the root is signed.
    #[must_use]
    pub fn anchor(&self) -> Option<&[u8]> {
        self.anchor.as_deref()
    }

    /// What this server answers; see [`respond`].
    #[must_use]
    pub fn answer(&self, server: &NameServer, bytes: &[u8], carrier: Carrier) -> Answered {
        let zones: Vec<&Zone> = server.zones.iter().filter_map(|at| self.zones.get(*at)).collect();
        respond(&zones, server.manner, bytes, carrier)
    }
}

/// Where the relative names of a file belong.
fn origin_of(file: &str) -> Result<Name, ZoneFileError> {
    let name = file.strip_suffix(ENDING).unwrap_or(file);
    let root = Name::root();
    if name == "root" {
        return Ok(root);
    }
    Name::parse(name, &root).map_err(|wrong| {
        let what = format!("what stands before {ENDING} in the file's name is no zone's name: {wrong}");
        ZoneFileError { file: file.to_owned(), line: 1, what }
    })
}

/// Makes keys for the zones that want them, tells the zones above, signs. Returns the root's key.
fn sign_all(zones: &mut [Zone], validity: Validity) -> Result<Option<Vec<u8>>, NoKey> {
    let random = SystemRandom::new();
    let mut keys = Vec::new();
    for zone in zones.iter() {
        keys.push(zone.signing.map(|_| Keys::make(&random)).transpose()?);
    }
    let below: Vec<(Name, Vec<u8>)> = zones
        .iter()
        .zip(&keys)
        .filter_map(|(zone, keys)| Some((zone.apex.clone(), keys.as_ref()?.ds(&zone.apex))))
        .collect();
    for (apex, ds) in below {
        let above = zones
            .iter_mut()
            .filter(|zone| apex.is_below(&zone.apex))
            .max_by_key(|zone| zone.apex.label_count());
        if let Some(above) = above
            && let Some(ttl) = above.set(&apex, Kind::NS).map(|servers| servers.ttl)
        {
            above.put(&apex, Set::new(Kind::DS, ttl, vec![ds]));
        }
    }
    for (zone, keys) in zones.iter_mut().zip(&keys) {
        if let Some(keys) = keys {
            sign::sign(zone, keys, validity, &random)?;
        }
    }
    let root = zones.iter().zip(&keys).find(|(zone, _)| zone.apex.is_root());
    Ok(root.and_then(|(_, keys)| Some(keys.as_ref()?.entry_point().to_vec())))
}

#[cfg(test)]
mod tests;
