//! What the machine itself must have: packages of Debian and Ubuntu, and Node.
//!
//! Asked of `dpkg-query`, which takes milliseconds; installed by apt where this program may, and otherwise said in one
//! line to type.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble, answer, which};
use crate::project::Project;
use crate::{display, tools};

/// What the packages are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To build Andon and look at it.
    Run,
    /// To check it as well.
    Test,
    /// To check it, and to make the pictures that the README shows.
    Pictures,
}

/// To build and to open a window.
const BUILD: [&str; 3] = ["build-essential", "pkg-config", "libwebkit2gtk-4.1-dev"];
/// To open a window where there is no display, to take its picture, and to have letters in it.
const DISPLAY: [&str; 3] = ["xvfb", "scrot", "fonts-dejavu-core"];
/// To check: the web view's driver, a broker as peer, Python's environments for a PLC as peer, pairs of serial lines, what
/// makes a network and a disk of the tests' own and their faults, and another speaker of TLS.
const CHECKS: [&str; 8] =
    ["webkit2gtk-driver", "mosquitto", "python3-venv", "socat", "iproute2", "iptables", "e2fsprogs", "openssl"];
/// To make pictures small.
const PICTURES: &str = "imagemagick";
/// The oldest Node that the UI's tools run on.
const NODE: (u32, u32) = (20, 19);

/// Installs what is missing.
pub fn install(project: &Project, purpose: Purpose, interrupt: &Interrupt) -> Result<(), Trouble> {
    check_node()?;
    if which("dpkg-query").is_none() {
        println!("      this is not Debian or Ubuntu: what Andon needs is taken to be there");
        return Ok(());
    }
    let mut wanted = BUILD.to_vec();
    let checks = purpose != Purpose::Run;
    if checks || display::present().is_none() {
        wanted.extend(DISPLAY);
    }
    if purpose == Purpose::Pictures {
        wanted.push(PICTURES);
    }
    if checks {
        wanted.extend(CHECKS);
        // Elsewhere than on Debian the package of this name only points to a snap.
        if tools::browser(project).is_none() && is_debian() {
            wanted.push("chromium");
        }
    }
    let missing = missing(&wanted);
    if missing.is_empty() {
        return Ok(());
    }
    println!("      installing {}", missing.join(" "));
    apt(&missing, interrupt)?;
    let still = self::missing(&missing);
    if still.is_empty() { Ok(()) } else { Err(Trouble::Usage(format!("apt did not install {}.", still.join(" ")))) }
}

fn apt(packages: &[&str], interrupt: &Interrupt) -> Result<(), Trouble> {
    let lead: &[&str] = if rustix::process::geteuid().is_root() {
        &[]
    } else if answer(Command::new("sudo").args(["-n", "true"])).is_some() {
        &["sudo", "-n"]
    } else {
        return Err(Trouble::Usage(format!(
            "Packages are missing, and installing them needs rights that this command does not have. Type this, then the same command again:\n\n  \
             sudo apt-get update && sudo apt-get install -y {}\n",
            packages.join(" ")
        )));
    };
    let apt_get = |arguments: &[&str]| {
        let mut words = lead.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]);
        words.extend(arguments);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        process::run(&mut command, Duration::from_secs(1200), interrupt)
    };
    apt_get(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    apt_get(&install)
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    // Packages it has never heard of make it fail, so each is asked for by itself.
    let installed = |package: &&str| {
        answer(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Abbrev}", package]))
            .is_some_and(|status| status.starts_with("ii"))
    };
    packages.iter().copied().filter(|package| !installed(package)).collect()
}

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn check_node() -> Result<(), Trouble> {
    let advice = format!(
        "Andon's user interface is built with Node {}.{} or newer and npm. Install it from your distribution or from Node's own site.",
        NODE.0, NODE.1
    );
    let version = answer(Command::new("node").arg("--version"))
        .ok_or_else(|| Trouble::Usage(format!("There is no Node on this machine. {advice}")))?;
    let mut parts = version.trim().trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NODE {
        return Err(Trouble::Usage(format!("Node here is {}. {advice}", version.trim())));
    }
    if which("npm").is_none() {
        return Err(Trouble::Usage(format!("There is no npm on this machine. {advice}")));
    }
    Ok(())
}
