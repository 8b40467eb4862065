//! The private internet: the name servers of the lab `dns` in a sandbox, at the addresses of the well-known ones.

#[cfg(all(target_os = "linux", feature = "live"))]
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::options::ZoneOptions;
use super::{DONE, fail, name_servers};
use crate::cli::output::{Failure, say};
use crate::lab::Policy;
use crate::lab::dns::{Addresses, Internet, Sockets, Validity, ZonesError};
use crate::resolver::{Places, Resolvers};
#[cfg(all(target_os = "linux", feature = "live"))]
use crate::sandbox::Plan;
use crate::sandbox::{self, MAX_ADDRESSES};

/// The port of name servers.
pub(super) const PORT: u16 = 53;

/// Options of who wants name servers in the sandbox.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct InternetArgs {
    /// Run the name servers of the lab dns in the sandbox, from the root down, at the addresses of the well-known servers
    #[arg(long)]
    internet: bool,
    /// With --internet: folder of zone files (NAME.zone) in place of wirelab's own
    #[arg(long, value_name = "DIR", requires = "internet")]
    zones: Option<PathBuf>,
    /// With --internet: folder to write the signed zones and the root's key to
    #[arg(long, value_name = "DIR", requires = "internet")]
    export: Option<PathBuf>,
    /// File for the root's key alone.
    #[cfg(all(target_os = "linux", feature = "live"))]
    #[arg(skip)]
    key: Option<PathBuf>,
}

impl InternetArgs {
    /// Whether there are to be name servers.
    pub(in crate::cli) fn is_wanted(&self) -> bool {
        self.internet
    }

    /// The same, and the servers write the root's key into this file.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(in crate::cli) fn telling_key(&self, file: Option<PathBuf>) -> Self {
        Self { key: file, ..self.clone() }
    }

    /// What has to be known of them before there is a sandbox; `None` where nobody wants them.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(in crate::cli) fn plan(&self) -> Result<Option<Planned>, Failure> {
        let options = ZoneOptions { zones: self.zones.clone(), export: self.export.clone() };
        self.internet.then(|| Planned::of(&options)).transpose()
    }
}

/// Name servers that are to run in a sandbox.
#[derive(Debug)]
pub(in crate::cli) struct Planned {
    internet: Internet,
}

impl Planned {
    /// Reads the zones: a mistake in them is told before anything runs, and so is what may be one.
    pub(in crate::cli) fn of(options: &ZoneOptions) -> Result<Self, Failure> {
        let internet = read(options, Addresses::AsWritten).map_err(Failure::new)?;
        name_servers::warnings(internet.notices()).for_each(say);
        if internet.servers().len() > MAX_ADDRESSES {
            return Err(Failure::new(format_args!(
                "the zones have {} servers, and a sandbox has no more than {MAX_ADDRESSES} addresses",
                internet.servers().len()
            )));
        }
        Ok(Self { internet })
    }

    /// The plan with these servers in it, of whom this was asked.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(in crate::cli) fn beside(&self, args: &InternetArgs, plan: Plan) -> Plan {
        let mut inside = OsString::from("--in-sandbox");
        if let Some(key) = &args.key {
            inside.push("=");
            inside.push(key);
        }
        let mut server: Vec<OsString> =
            ["/proc/self/exe", "serve", crate::lab::dns::LAB].map(Into::into).into();
        server.push(inside);
        for (option, folder) in [("--zones", &args.zones), ("--export", &args.export)] {
            if let Some(folder) = folder {
                server.extend([option.into(), folder.into()]);
            }
        }
        plan.addresses(self.addresses()).beside(server)
    }

    /// The addresses of the servers.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.internet.servers().iter().map(|server| server.address)
    }
}

/// The servers of a folder's zones, or the program's own.
pub(super) fn read(options: &ZoneOptions, addresses: Addresses) -> Result<Internet, ZonesError> {
    let validity = Validity::starting_now();
    match &options.zones {
        Some(folder) => Internet::read_folder(folder, addresses, validity),
        None => Internet::own(addresses, validity),
    }
}

/// The IPv4 addresses of the root's servers.
pub(super) fn roots(internet: &Internet, port: u16) -> Vec<SocketAddr> {
    let is_of_root = |at: &usize| internet.zones().get(*at).is_some_and(|zone| zone.apex.is_root());
    let servers = internet.servers().iter().filter(|server| server.zones.iter().any(is_of_root));
    let addresses = servers.map(|server| server.address).filter(IpAddr::is_ipv4);
    addresses.map(|address| SocketAddr::new(address, port)).collect()
}

/// Is these servers inside the sandbox, until it ends: says one line once they listen, and nothing more.
pub(super) fn serve(
    options: &ZoneOptions,
    key: Option<&Path>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    stop: &AtomicBool,
) -> u8 {
    if !sandbox::is_a_host() {
        return fail(err, &"--in-sandbox is for sandboxes: `wirelab record --internet -- COMMAND` makes one");
    }
    let internet = match read(options, Addresses::AsWritten) {
        Ok(internet) => internet,
        Err(wrong) => return fail(err, &wrong),
    };
    if let Some(folder) = &options.export
        && let Err(wrong) = name_servers::export(&internet, folder, options.zones.as_deref())
    {
        return fail(err, &wrong);
    }
    if let Some(file) = key
        && let Err(error) = fs::write(file, internet.anchor_text().unwrap_or_default())
    {
        return fail(err, &format_args!("cannot write the root's key: {error}"));
    }
    // From a sandbox nothing leads out.
    let bound = Sockets::bind(&internet, PORT, Policy::AnyAddress).and_then(|mut sockets| {
        let resolvers = Resolvers::bind(&internet, &mut sockets, Places::OWN_NETWORK, PORT)?;
        Ok((sockets, resolvers))
    });
    let (sockets, resolvers) = match bound {
        Ok(bound) => bound,
        Err(wrong) => return fail(err, &wrong),
    };
    if writeln!(out, "ready").and_then(|()| out.flush()).is_err() {
        stop.store(true, Ordering::Relaxed);
    }
    match sockets.serve(&resolvers, stop, &mut |_| {}) {
        Ok(()) => DONE,
        Err(error) => fail(err, &error),
    }
}
