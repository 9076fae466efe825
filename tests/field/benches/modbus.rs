//! What 100 Modbus PLCs of 200 tags each cost at one reading a second, and what one dead unit costs its neighbours.
//!
//! The PLCs are simulated in a process of their own, so that their processor time does not count. Processor time is that
//! of this process, from /proc. No engine: this is the gateways alone, with somebody who takes what they hand over.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use field::link::{Link, network, point};
use model::{DataType, Point};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PLCS: usize = 100;
const TAGS: u32 = 200;
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(30);
/// The process of the PLCs is this program, started with this in its environment: how many, and how many milliseconds an
/// answer takes.
const SERVE: &str = "ANDON_BENCH_PLCS";
/// The unit that never answers, where one does not.
const DEAD: u8 = 10;

fn main() {
    match std::env::var(SERVE) {
        Ok(told) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(&told));
        }
        Err(_) => tokio::runtime::Runtime::new().expect("a runtime").block_on(measure()),
    }
}

async fn measure() {
    hundred().await;
    nine_and_one_dead().await;
}

async fn hundred() {
    let plcs = Plcs::start(PLCS, 0);
    let network = network();
    let mut links: Vec<Link> = plcs
        .ports
        .iter()
        .map(|port| {
            let settings = format!(r#"{{"host":"127.0.0.1","port":{port},"poll_ms":1000,"timeout_ms":1000}}"#);
            Link::open_with(&network, "modbus-tcp", &settings, tags())
        })
        .collect();
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP {
        take(&mut links).await;
    }
    let (samples, overruns, used, started) = (samples(&links), overruns(&links), processor_s(), Instant::now());
    while started.elapsed() < MEASURED {
        take(&mut links).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = number(self::samples(&links) - samples) / seconds;
    let cpu = (processor_s() - used) / seconds * 100.0;
    let slowest = links.iter().filter_map(|link| link.link.traffic().latency_ms).fold(0.0, f64::max);
    let errors: u64 = links.iter().flat_map(|link| link.link.traffic().errors.into_values()).sum();
    print_line(&format!("{PLCS} PLCs x {TAGS} tags at 1 s, {seconds:.0} s"));
    print_line(&format!("samples a second             {rate:8.0} of {}", PLCS * 200));
    print_line(&format!("overruns                     {:8}", self::overruns(&links) - overruns));
    print_line(&format!("errors                       {errors:8}"));
    print_line(&format!("slowest of the last answers  {slowest:8.1} ms"));
    print_line(&format!("processor                    {cpu:8.1} % of a core"));
}

/// A gateway with ten units that each take 10 ms to answer, polled as fast as it goes.
async fn nine_and_one_dead() {
    let healthy = periods_of_nine(DEAD - 1).await;
    let with_dead = periods_of_nine(DEAD).await;
    print_line("nine units, and a tenth that does not answer; 10 ms an answer, polled at 200 ms");
    print_line(&format!("period of the nine alone     {healthy:8.1} ms"));
    print_line(&format!(
        "period beside the dead one   {with_dead:8.1} ms, {:+.1} %",
        (with_dead / healthy - 1.0) * 100.0
    ));
}

async fn periods_of_nine(last: u8) -> f64 {
    let plcs = Plcs::start(1, 10);
    let points = (1..=last).map(|unit| {
        let address = format!(r#"{{"table":"holding","register":5,"unit":{unit}}}"#);
        point(u32::from(unit) - 1, DataType::Int, &address)
    });
    let mut link = Link::open("modbus-tcp", plcs.ports[0], r#""poll_ms":200,"timeout_ms":1000"#, points.collect());
    let begun = Instant::now();
    // The first minute is when a dead unit costs most; all of it counts.
    let mut seen = 0;
    while begun.elapsed() < MEASURED {
        link.until("samples", |link| link.samples.len() > 100).await;
        seen += link.samples.iter().filter(|(tag, sample)| tag.0 < 9 && sample.quality.is_good()).count();
        link.samples.clear();
    }
    begun.elapsed().as_secs_f64() * 1_000.0 * 9.0 / number(u64::try_from(seen).expect("few"))
}

/// A mix as a bottling machine has it: words, counters and measurements, in two tables and with gaps.
fn tags() -> Vec<Point> {
    let tags = (0..TAGS).map(|n| {
        let (data_type, address) = match n % 4 {
            0 => (DataType::Int, format!(r#"{{"table":"holding","register":{}}}"#, n * 2)),
            1 => (DataType::Float, format!(r#"{{"table":"holding","register":{},"type":"f32"}}"#, n * 2)),
            2 => (DataType::Int, format!(r#"{{"table":"input","register":{},"type":"u32","order":"cdab"}}"#, n * 2)),
            _ => (DataType::Bool, format!(r#"{{"table":"coil","register":{n}}}"#)),
        };
        point(n, data_type, &address)
    });
    tags.collect()
}

async fn take(links: &mut [Link]) {
    for link in links.iter_mut() {
        link.drain();
        link.samples.clear();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn samples(links: &[Link]) -> u64 {
    links.iter().map(|link| link.link.traffic().samples).sum()
}

fn overruns(links: &[Link]) -> u64 {
    links.iter().map(|link| link.link.traffic().overruns).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a minute stay below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

/// Processor time of this process, by fields 14 and 15 of its `stat` file, in hundredths of a second.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc is there");
    let (_, rest) = stat.rsplit_once(')').expect("the program's name is in brackets");
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The simulated PLCs.
struct Plcs {
    process: Child,
    ports: Vec<u16>,
}

impl Plcs {
    fn start(count: usize, answer_ms: u64) -> Plcs {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.env(SERVE, format!("{count} {answer_ms}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this program can be started");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let ports = lines.take(count).map(|line| line.expect("a line").parse().expect("a port")).collect();
        Plcs { process, ports }
    }
}

impl Drop for Plcs {
    fn drop(&mut self) {
        // Neither can fail for a child that was not waited for.
        let _killed = self.process.kill();
        let _waited = self.process.wait();
    }
}

async fn serve(told: &str) {
    let (count, answer_ms) = told.split_once(' ').expect("two numbers");
    let answer_after = Duration::from_millis(answer_ms.parse().expect("milliseconds"));
    for _ in 0..count.parse().expect("a count") {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        print_line(&listener.local_addr().expect("bound").port().to_string());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(plc(stream, answer_after));
            }
        });
    }
    // It ends with the process that started it.
    let _end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}

/// Reads only; every value changes with every reading.
async fn plc(mut stream: TcpStream, answer_after: Duration) {
    let mut request = [0; 12];
    let mut turn = 0_u8;
    while stream.read_exact(&mut request).await.is_ok() {
        if request[6] == DEAD {
            continue;
        }
        turn = turn.wrapping_add(1);
        let count = usize::from(u16::from_be_bytes([request[10], request[11]]));
        let bytes = if request[7] <= 2 { count.div_ceil(8) } else { count * 2 };
        let length = u16::try_from(bytes + 3).expect("short").to_be_bytes();
        let mut answer = Vec::with_capacity(bytes + 9);
        answer.extend_from_slice(&request[..4]);
        answer.extend_from_slice(&length);
        answer.extend_from_slice(&[request[6], request[7], u8::try_from(bytes).expect("short")]);
        // Never a float that is no number.
        answer.extend((0..bytes).map(|n| turn.wrapping_add(u8::try_from(n % 7).expect("small")) & 0x3F));
        if !answer_after.is_zero() {
            tokio::time::sleep(answer_after).await;
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn print_line(line: &str) {
    println!("{line}");
}
