//! The demo from outside, as a gateway sees it: with an MQTT client and a Modbus client of their own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Clock, Now, Timestamp, Uptime};
use rumqttc::{AsyncClient, Broker, Event, EventLoop, MqttOptions, Packet, QoS};
use simulator::{Act, Demo, Options};
use tokio_modbus::prelude::{Reader, Slave, Writer, tcp};

/// The machine's clock; the engine has its own, which this crate must not know.
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Now {
            wall: Timestamp::from_millis(i64::try_from(wall).unwrap()),
            uptime: Uptime::from_duration(self.0.elapsed()),
        }
    }
}

fn demo(folder: &std::path::Path) -> Demo {
    let clock = Arc::new(TestClock(Instant::now()));
    Demo::start(Options { seed: 1, folder: folder.to_owned(), clock }).unwrap()
}

fn subscriber(demo: &Demo) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new("test", Broker::tcp("127.0.0.1", demo.ports().0));
    options.set_keep_alive(5);
    AsyncClient::builder(options).capacity(16).build()
}

/// Polls until a publish on the topic comes, subscribing on every connection.
async fn publish_on(client: &AsyncClient, events: &mut EventLoop, topic: &str) -> String {
    let wait = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => client.subscribe("demo/#", QoS::AtMostOnce).await.unwrap(),
                Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == topic => {
                    return String::from_utf8(publish.payload.to_vec()).unwrap();
                }
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("a message within 10 s")
}

#[tokio::test]
async fn a_broker_can_be_killed_and_comes_back_with_nothing_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let (client, mut events) = subscriber(&demo);
    let status = "demo/filling/line1/filler/status";
    let json: serde_json::Value = serde_json::from_str(&publish_on(&client, &mut events, status).await).unwrap();
    assert!(json["counts"]["good"].as_u64().unwrap() >= 1_204_331_870);

    let killed = Instant::now();
    let view = demo.act(Act::StopBroker).unwrap();
    assert!(!view.broker_running);
    let lost = async { while events.poll().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(1), lost).await.expect("the connection is closed");
    assert!(killed.elapsed() < Duration::from_secs(1));
    let refused = tokio::net::TcpStream::connect(("127.0.0.1", demo.ports().0)).await;
    assert!(refused.is_err(), "nobody listens");

    assert!(demo.act(Act::StartBroker).unwrap().broker_running);
    publish_on(&client, &mut events, status).await;
    let setpoint = "demo/filling/line1/filler/setpoint/speed";
    assert_eq!(publish_on(&client, &mut events, setpoint).await, "400");
}

#[tokio::test]
async fn a_late_subscriber_gets_what_is_retained() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let setpoint = "demo/filling/line1/labeller/setpoint/speed";
    let (first, mut events) = subscriber(&demo);
    publish_on(&first, &mut events, setpoint).await;
    drop((first, events));
    let (second, mut events) = subscriber(&demo);
    let wait = async {
        loop {
            match events.poll().await.unwrap() {
                Event::Incoming(Packet::ConnAck(_)) => second.subscribe(setpoint, QoS::AtMostOnce).await.unwrap(),
                Event::Incoming(Packet::Publish(publish)) => return publish.retain,
                Event::Incoming(_) | Event::Outgoing(_) => {}
            }
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap(), "marked as retained");
}

#[tokio::test]
async fn the_plc_is_read_and_freezes_without_closing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], demo.ports().1));
    let mut plc = tcp::connect_slave(address, Slave(1)).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    let words = loop {
        match plc.read_input_registers(0, 14).await.unwrap() {
            Ok(words) if words[0] == 6 => break words,
            _ if Instant::now() > deadline => panic!("the depalletiser does not run"),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let good = words[8..12].iter().fold(0_u64, |sum, word| sum << 16 | u64::from(*word));
    assert!(good >= 4_871_960_212, "a counter beyond 32 bits: {good}");
    assert_eq!(plc.read_holding_registers(0, 1).await.unwrap().unwrap(), [4400]);
    assert_eq!(plc.read_discrete_inputs(0, 1).await.unwrap().unwrap(), [false]);
    assert!(plc.read_input_registers(500, 1).await.unwrap().is_err(), "no such address");

    assert!(demo.act(Act::FreezePlc).unwrap().plc_frozen);
    let silent = tokio::time::timeout(Duration::from_millis(500), plc.read_coils(0, 1)).await;
    assert!(silent.is_err(), "no answer, and the connection is not closed");
    assert!(!demo.act(Act::ThawPlc).unwrap().plc_frozen);
    let mut again = tcp::connect_slave(address, Slave(4)).await.unwrap();
    assert!(again.read_coils(0, 1).await.unwrap().is_ok());
}

#[test]
fn acts_show_in_the_view_and_a_wrong_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let capper = "demo/filling/line1/capper".to_owned();
    let view = demo.act(Act::Jam { machine: capper.clone() }).unwrap();
    assert_eq!(view.machines.len(), 6);
    assert!(view.machines.iter().any(|machine| machine.id == capper && machine.jammed));
    assert!(!demo.act(Act::Clear { machine: capper }).unwrap().machines.iter().any(|machine| machine.jammed));
    assert!(demo.act(Act::AlarmFlood).unwrap().flooding);
    let refused = demo.act(Act::Jam { machine: "demo/filling/line1/kettle".into() });
    assert!(refused.unwrap_err().to_string().contains("kettle"));
}

#[test]
fn a_second_demo_in_the_folder_goes_on_where_the_first_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path());
    first.act(Act::Jam { machine: "demo/filling/line1/packer".into() }).unwrap();
    let written = std::fs::read_to_string(first.plant_folder().join("plant.toml")).unwrap();
    assert!(written.contains(&format!("port = {}", first.ports().0)));
    drop(first);
    let second = demo(folder.path());
    let jammed = second.view().machines.iter().any(|machine| machine.name == "Packer" && machine.jammed);
    assert!(jammed, "the jam is still there");
}

#[tokio::test]
async fn a_setpoint_is_written_to_the_plc_and_no_other_register_is() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], demo.ports().1));
    let mut plc = tcp::connect_slave(address, Slave(2)).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while plc.read_holding_registers(0, 1).await.unwrap().is_err() {
        assert!(Instant::now() < deadline, "the PLC is not loaded");
    }
    plc.write_single_register(0, 3805).await.unwrap().unwrap();
    assert_eq!(plc.read_holding_registers(0, 1).await.unwrap().unwrap(), [3805], "shown at once");
    plc.write_multiple_registers(0, &[3700]).await.unwrap().unwrap();
    let taken_over = Instant::now() + Duration::from_secs(3);
    while Instant::now() < taken_over {
        let shown = plc.read_holding_registers(0, 1).await.unwrap().unwrap();
        assert_eq!(shown, [3700], "the line has it, and it never flickers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(plc.write_single_register(1, 1).await.unwrap().is_err(), "another register");
    assert!(plc.write_multiple_registers(0, &[1, 2]).await.unwrap().is_err(), "more than the setpoint");
    assert!(plc.write_single_register(0, 60_000).await.unwrap().is_err(), "faster than the machine can");
    assert!(plc.write_single_coil(0, true).await.unwrap().is_err(), "a coil");
}

#[tokio::test]
async fn a_controller_on_the_broker_takes_its_setpoint() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path());
    let (client, mut events) = subscriber(&demo);
    let setpoint = "demo/filling/line1/filler/setpoint/speed";
    assert_eq!(publish_on(&client, &mut events, setpoint).await, "400");
    let deadline = Instant::now() + Duration::from_secs(10);
    client.publish(format!("{setpoint}/set"), "380.5", rumqttc::PublishOptions::at_least_once()).await.unwrap();
    while publish_on(&client, &mut events, setpoint).await != "380.5" {
        assert!(Instant::now() < deadline, "the setpoint is not taken over");
    }
}
