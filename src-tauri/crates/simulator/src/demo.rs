//! The running demo: the line's second, its broker, its controllers and its PLC.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use history::{History, StoreFailure};
use model::{Clock, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::broker::{Broker, BrokerError};
use crate::line::{Line, Station};
use crate::messages::{ROOT, messages};
use crate::past::{self, PastTag, second_of_day};
use crate::plant_file::{self, FolderError};
use crate::plc::Plc;
use crate::publisher::publish;
use crate::random::Random;
use crate::readings::Readings;
use crate::registers::Image;

/// What a demo is started with.
pub struct Options {
    /// The same seed makes the same story.
    pub seed: u64,
    /// Where the plant folder is written; made if it is not there. What the line did there before is gone on with.
    pub folder: PathBuf,
    /// Time for the line's steps and for the stamps in its messages.
    pub clock: Arc<dyn Clock>,
}

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its folder cannot be written.
    #[error("the demo's plant folder cannot be written")]
    Folder(#[source] FolderError),
    /// Its broker does not run.
    #[error("the demo's broker does not run")]
    Broker(#[source] BrokerError),
    /// Its PLC has no port.
    #[error("the demo's PLC found no free port")]
    Plc(#[source] std::io::Error),
    /// Its thread or runtime could not be begun.
    #[error("the demo could not be begun")]
    Thread(#[source] std::io::Error),
}

/// Something done to the demo plant on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Jam a machine until it is cleared. The machine by its equipment path.
    Jam {
        /// The path.
        machine: String,
    },
    /// Clear a machine's jam.
    Clear {
        /// The path.
        machine: String,
    },
    /// Kill the broker.
    StopBroker,
    /// Start it again on the same port, with nothing remembered.
    StartBroker,
    /// The PLC keeps its connections but answers nothing.
    FreezePlc,
    /// It answers again.
    ThawPlc,
    /// For a minute, much is out of limits at once.
    AlarmFlood,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No such machine in the demo.
    #[error("the demo has no machine `{machine}`")]
    UnknownMachine {
        /// What was asked for.
        machine: String,
    },
    /// The broker did not start again.
    #[error("the demo's broker did not start again")]
    StartBroker(#[source] BrokerError),
}

/// How the demo stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The machines in order of flow.
    pub machines: Vec<MachineView>,
    /// Whether the broker runs.
    pub broker_running: bool,
    /// Whether the PLC is frozen.
    pub plc_frozen: bool,
    /// Whether a flood of alarms is going on.
    pub flooding: bool,
}

/// A machine of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineView {
    /// Its equipment path.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is jammed.
    pub jammed: bool,
}

/// The line with the streams of chance that drive it.
struct Story {
    line: Line,
    random: Random,
    noise: Random,
}

/// The running demo plant. Dropping it ends everything it started.
pub struct Demo {
    seed: u64,
    folder: PathBuf,
    story: Arc<Mutex<Story>>,
    plc: Plc,
    mqtt_port: u16,
    modbus_port: u16,
    broker: Mutex<Option<Broker>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How often the line is stepped, published and loaded into the PLC.
const EVERY: Duration = Duration::from_secs(1);
/// How often the line is written down for the next run, in steps.
const REMEMBER_EVERY: u32 = 5;
/// Most that one step makes up for, seconds: a laptop that slept all night goes on where it was.
const MOST_STEP_S: f64 = 60.0;
/// How soon after a start the labels run low, seconds.
const FIRST_LOOK_S: f64 = 8.0;

impl Demo {
    /// Starts broker, PLC and line, and writes the plant folder that says where they are.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub fn start(options: Options) -> Result<Demo, StartError> {
        let Options { seed, folder, clock } = options;
        let broker = Broker::start().map_err(StartError::Broker)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(StartError::Plc)?;
        let modbus_port = listener.local_addr().map_err(StartError::Plc)?.port();
        listener.set_nonblocking(true).map_err(StartError::Plc)?;
        plant_file::write_plant(&folder, broker.port(), modbus_port).map_err(StartError::Folder)?;

        let now = clock.now();
        let mut line =
            plant_file::remembered(&folder).unwrap_or_else(|| Line::running(second_of_day(now.wall.millis())));
        prepare(&mut line);
        // Another start is another story, or every evening's jam would come at the same minute.
        let random = Random::new(seed ^ now.wall.millis().cast_unsigned());
        let story = Arc::new(Mutex::new(Story { line, random, noise: Random::new(!seed) }));
        let plc = Plc::default();
        let (stop, stopped) = oneshot::channel();
        let mqtt_port = broker.port();
        let running = Running { story: Arc::clone(&story), plc: plc.clone(), clock, folder: folder.clone(), mqtt_port };
        let thread = thread::Builder::new()
            .name("demo-line".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = running.run(listener) => {}
                        // Told to stop, or the handle is gone.
                        _ = stopped => {}
                    }
                });
            })
            .map_err(StartError::Thread)?;
        Ok(Demo {
            seed,
            folder,
            story,
            plc,
            mqtt_port,
            modbus_port,
            broker: Mutex::new(Some(broker)),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The folder with the `plant.toml` of this run.
    pub fn plant_folder(&self) -> &Path {
        &self.folder
    }

    /// The ports on 127.0.0.1: the broker's and the PLC's.
    pub fn ports(&self) -> (u16, u16) {
        (self.mqtt_port, self.modbus_port)
    }

    /// Disturbs the plant, or mends it. Doing what is done already changes nothing. Waits until a broker that is stopped or
    /// started is so: some milliseconds.
    ///
    /// # Errors
    /// [`ActError`].
    pub fn act(&self, act: Act) -> Result<View, ActError> {
        match act {
            Act::Jam { machine } => {
                let station = find(&machine)?;
                self.story().line.jam(station);
            }
            Act::Clear { machine } => {
                let station = find(&machine)?;
                self.story().line.clear(station);
            }
            Act::StopBroker => drop(self.broker().take()),
            Act::StartBroker => {
                let mut broker = self.broker();
                if broker.is_none() {
                    *broker = Some(Broker::start_on(self.mqtt_port).map_err(ActError::StartBroker)?);
                }
            }
            Act::FreezePlc => self.plc.freeze(),
            Act::ThawPlc => self.plc.thaw(),
            Act::AlarmFlood => self.story().line.flood(),
        }
        Ok(self.view())
    }

    /// How the demo stands.
    pub fn view(&self) -> View {
        let broker_running = self.broker().is_some();
        let story = self.story();
        let machine = |station: Station| MachineView {
            id: path(station),
            name: station.name().to_owned(),
            jammed: story.line.is_jammed(station),
        };
        View {
            machines: Station::ALL.map(machine).into(),
            broker_running,
            plc_frozen: self.plc.is_frozen(),
            flooding: story.line.is_flooding(),
        }
    }

    /// Writes `days` days of past up to `now` for the tags given, and lets the line go on from there. Says how many rows
    /// it wrote. To be called before anything reads the plant, as the counters step once to where the past ends; takes
    /// some seconds.
    ///
    /// # Errors
    /// Why the history could not take it.
    pub fn past(&self, history: &History, now: Timestamp, days: u32, tags: &[PastTag]) -> Result<usize, StoreFailure> {
        let (rows, line) = past::make(self.seed, now, days, tags);
        let written = rows.len();
        history.import(rows)?;
        let mut story = self.story();
        story.line = line;
        prepare(&mut story.line);
        Ok(written)
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        lock(&self.story)
    }

    fn broker(&self) -> MutexGuard<'_, Option<Broker>> {
        lock(&self.broker)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the demo's thread had panicked");
        }
        remember(&self.folder, &self.story().line);
    }
}

/// What the demo's thread works with.
struct Running {
    story: Arc<Mutex<Story>>,
    plc: Plc,
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    mqtt_port: u16,
}

impl Running {
    async fn run(self, listener: std::net::TcpListener) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the demo's PLC does not run");
                return;
            }
        };
        let (outbox, inbox) = mpsc::channel(2);
        let plc = self.plc.clone();
        let mqtt_port = self.mqtt_port;
        let story = Arc::clone(&self.story);
        let set = move |station, speed| set_speed(&mut lock(&story).line, station, speed);
        tokio::select! {
            () = self.tick(outbox) => {}
            () = publish(mqtt_port, inbox, set) => {}
            () = plc.serve(listener) => {}
        }
    }

    /// Second by second: moves the line on, loads the PLC and hands the messages over.
    async fn tick(self, outbox: mpsc::Sender<Vec<crate::messages::Message>>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut last = self.clock.now().uptime;
        let mut until_remembered = REMEMBER_EVERY;
        loop {
            ticks.tick().await;
            let now = self.clock.now();
            let dt = now.uptime.since(last).as_secs_f64().min(MOST_STEP_S);
            last = now.uptime;
            let readings = {
                let mut story = lock(&self.story);
                let Story { line, random, noise } = &mut *story;
                for setpoint in self.plc.take_written() {
                    set_speed(line, setpoint.station, setpoint.speed);
                }
                line.step(dt, random);
                Readings::of(line, noise)
            };
            self.plc.load(Image::of(&readings));
            // A full outbox means that the client is busy with the seconds before: this one is left out.
            let _ = outbox.try_send(messages(&readings, now.wall));
            until_remembered -= 1;
            if until_remembered == 0 {
                until_remembered = REMEMBER_EVERY;
                let line = lock(&self.story).line.clone();
                remember(&self.folder, &line);
            }
        }
    }
}

/// Takes a setpoint over. A controller says nothing to one that it cannot use, and its own stays as it is.
fn set_speed(line: &mut Line, station: Station, speed: f64) {
    if !line.set_speed(station, speed) {
        tracing::debug!("the demo's {} cannot run at {speed}", station.id());
    }
}

/// Makes sure that whoever looks at a demo that has just been started sees a working day, and soon an ordinary alarm.
fn prepare(line: &mut Line) {
    line.postpone_break();
    if line.reel_percent() > 10.0 {
        line.mount_reel_for(FIRST_LOOK_S);
    }
}

fn remember(folder: &Path, line: &Line) {
    if let Err(error) = plant_file::remember(folder, line) {
        tracing::warn!(%error, "the demo's line could not be written down; it will begin anew at the next start");
    }
}

fn path(station: Station) -> String {
    format!("{ROOT}/{}", station.id())
}

fn find(machine: &str) -> Result<Station, ActError> {
    let found = Station::ALL.into_iter().find(|station| path(*station) == machine);
    found.ok_or_else(|| ActError::UnknownMachine { machine: machine.to_owned() })
}

/// What is locked here is whole after every step, so that a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
