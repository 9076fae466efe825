//! A network of the test's own: a station and a plant in network namespaces, and a switch between them.
//!
//! Nothing outside of it is touched. It needs root; where there is none, [`Lab::open`] says so on the screen, and the
//! test that asked proves nothing.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::figures;

/// Where the plant is, seen from the station.
pub const PLANT: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 2);
/// Where the station is.
pub const STATION: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 1);

/// The network. Gone when this is dropped.
#[derive(Debug)]
pub struct Lab {
    /// Where Andon is.
    pub station: Place,
    /// Where its gateways are.
    pub plant: Place,
    switch: Place,
}

/// A namespace with one address.
#[derive(Clone, Debug)]
pub struct Place {
    name: String,
    address: Ipv4Addr,
}

impl Lab {
    /// A network, or nothing where this machine does not let the test make one; that is said on the screen.
    ///
    /// # Panics
    /// When the programs that make one are not installed.
    pub fn open(row: &str) -> Option<Lab> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            figures::not_run(row, "it needs root, to make a network of its own");
            return None;
        }
        let own = format!("andon{}n{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = |what: &str, address| Place { name: format!("{own}{what}"), address };
        let lab =
            Lab { station: place("h", STATION), plant: place("p", PLANT), switch: place("s", Ipv4Addr::UNSPECIFIED) };
        if let Err(words) = lab.switch.ip(&["netns", "add", &lab.switch.name]) {
            figures::not_run(row, &format!("this machine has no network namespaces: {words}"));
            return None;
        }
        lab.build();
        Some(lab)
    }

    fn build(&self) {
        let switch = |arguments: &[&str]| self.switch.within(arguments);
        switch(&["link", "add", "name", "hub", "type", "bridge"]);
        for (place, port) in [(&self.station, "station"), (&self.plant, "plant")] {
            place.ip(&["netns", "add", &place.name]).expect("a second namespace");
            switch(&["link", "add", "name", port, "type", "veth", "peer", "name", "eth", "netns", &place.name]);
            switch(&["link", "set", port, "master", "hub"]);
            switch(&["link", "set", port, "up"]);
            place.within(&["addr", "add", &format!("{}/24", place.address), "dev", "eth"]);
            place.within(&["link", "set", "eth", "up"]);
            place.within(&["link", "set", "lo", "up"]);
        }
        switch(&["link", "set", "hub", "up"]);
    }

    /// Takes the plant off the switch: neither side sees its own cable change, and nothing arrives any more.
    pub fn cut(&self) {
        self.switch.within(&["link", "set", "plant", "down"]);
    }

    /// Puts it back.
    pub fn heal(&self) {
        self.switch.within(&["link", "set", "plant", "up"]);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for place in [&self.station, &self.plant, &self.switch] {
            // One that was not made need not be removed.
            let _gone = place.ip(&["netns", "del", &place.name]);
        }
    }
}

impl Place {
    /// Its address.
    pub fn address(&self) -> IpAddr {
        self.address.into()
    }

    /// Its name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs something on a thread that is here, with an event loop, and waits for it.
    ///
    /// # Panics
    /// When what it runs panics.
    pub fn run<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> T {
        self.on_thread(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
            runtime.block_on(work())
        })
    }

    /// A connection that begins here.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.on_thread(|| TcpStream::connect_timeout(&address, Duration::from_secs(5)))
    }

    /// A command that will run here.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(ip_program());
        command.args(["netns", "exec", &self.name]).arg(program.as_ref());
        command
    }

    /// Runs a program of the system here.
    ///
    /// # Errors
    /// Its own words.
    ///
    /// # Panics
    /// When it is not installed, with `remedy`.
    pub fn administer(&self, program: &str, arguments: &[&str], remedy: &str) -> Result<(), String> {
        let program = system_program(program).unwrap_or_else(|| panic!("{program} is not installed: {remedy}"));
        ended(self.command(program).args(arguments))
    }

    /// `ip` with these arguments, here.
    ///
    /// # Panics
    /// When it fails.
    pub fn within(&self, arguments: &[&str]) {
        let all = [&["-n", &self.name], arguments].concat();
        self.ip(&all).unwrap_or_else(|words| panic!("ip {}: {words}", all.join(" ")));
    }

    #[expect(clippy::unused_self, reason = "so that nothing is done outside of a place")]
    fn ip(&self, arguments: &[&str]) -> Result<(), String> {
        ended(Command::new(ip_program()).args(arguments))
    }

    fn on_thread<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let space = File::open(Path::new("/run/netns").join(&self.name)).expect("the namespace is there");
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may");
                work()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn ended(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

fn ip_program() -> PathBuf {
    system_program("ip").expect("ip is not installed: apt-get install iproute2")
}

fn system_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
