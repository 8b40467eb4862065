//! `interfaces`: what can be captured, and why not.

use clap::Args;

use super::output::{Failure, Status};

/// List this host's network interfaces and whether they can be captured, by this user, now
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct InterfacesArgs {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  wirelab interfaces                     each with its addresses and state
  wirelab interfaces --json              for a script

Exit status: 0 where one can be captured, else 1.";

/// Runs `interfaces`.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &InterfacesArgs) -> Result<Status, Failure> {
    Err(Failure::new("this wirelab was built without live capture")
        .hint("build it with libpcap's headers installed and without --no-default-features"))
}

/// Runs `interfaces`: exit status 0 where at least one can be captured, else 1.
#[cfg(feature = "live")]
pub(super) fn run(args: &InterfacesArgs) -> Result<Status, Failure> {
    use std::io::Write;

    use crate::render::interfaces::{self, Row};
    use crate::source::{Access, Advice, devices};

    let rows: Vec<Row> = devices()?
        .into_iter()
        .map(|device| {
            let access = device.access();
            Row {
                can_capture: matches!(access, Access::Yes { .. }),
                link: if let Access::Yes { link } = access { Some(link.to_string()) } else { None },
                refused_permission: access == Access::NoPermission,
                answer: access.to_string(),
                name: device.name,
                description: device.description,
                addresses: device.addresses.iter().map(ToString::to_string).collect(),
                up: device.up,
                loopback: device.loopback,
            }
        })
        .collect();
    let mut out = super::output::stdout();
    if args.json {
        interfaces::json(&mut out, &rows)?;
    } else {
        interfaces::table(&mut out, &rows)?;
    }
    out.flush()?;
    if rows.iter().any(|row| row.refused_permission) {
        super::output::say(Advice::for_this_process());
    }
    Ok(if rows.iter().any(|row| row.can_capture) { Status::Done } else { Status::No })
}
