//! Addresses as people write them, and those that cannot work.

use model::{GatewaySpec, TagIndex, WritePolicy};

use super::*;

fn point(data_type: DataType, address: &str) -> Point {
    Point {
        tag: TagIndex(0),
        id: "line/speed".into(),
        data_type,
        scaling: None,
        address: serde_json::from_str(address).expect("a document"),
        write: None,
    }
}

fn device(more: &str) -> Device {
    let settings = serde_json::from_str(&format!(r#"{{"host":"plc","unit":9{more}}}"#)).expect("a document");
    Device::read(&GatewaySpec { id: "g".into(), name: "G".into(), kind: "modbus-tcp".into(), settings }).expect("sound")
}

fn read(data_type: DataType, address: &str) -> Result<(Address, Mapping), Vec<String>> {
    Address::read(&point(data_type, address), &device(""))
        .map_err(|all| all.into_iter().filter_map(|r| r.key).collect())
}

fn place(data_type: DataType, address: &str) -> Option<(Table, u16, Encoding)> {
    read(data_type, address).ok().map(|(address, _)| (address.table, address.register, address.encoding))
}

#[test]
fn addresses_have_defaults() {
    let float = |text| place(DataType::Float, text);
    assert_eq!(
        float(r#"{"table":"holding","register":7}"#),
        Some((Table::HoldingRegisters, 7, Encoding::U16(Order::Abcd)))
    );
    assert_eq!(
        float(r#"{"table":"input","register":65532,"type":"f64","order":"dcba"}"#),
        Some((Table::InputRegisters, 65_532, Encoding::F64(Order::Dcba)))
    );
    assert_eq!(
        place(DataType::Bool, r#"{"table":"coil","register":65535}"#),
        Some((Table::Coils, 65_535, Encoding::Bit))
    );
    let (address, _) = read(DataType::Float, r#"{"table":"input","register":0}"#).expect("sound");
    assert_eq!((address.unit, address.period, address.part_write), (9, Duration::from_secs(1), PartWrite::Mask));
    let (address, _) =
        read(DataType::Float, r#"{"table":"input","register":0,"unit":3,"poll_ms":250}"#).expect("sound");
    assert_eq!((address.unit, address.period), (3, Duration::from_millis(250)));
}

#[test]
fn table_and_register_may_be_said_in_one() {
    let expect = Some((Table::HoldingRegisters, 0, Encoding::U16(Order::Abcd)));
    for address in [
        r#"{"register":"40001"}"#,
        r#"{"register":40001}"#,
        r#"{"register":"400001"}"#,
        r#"{"register":"4x0001"}"#,
        r#"{"register":"HR0"}"#,
        r#"{"register":"0x0","table":"holding"}"#,
        r#"{"register":"0","table":"holding"}"#,
        r#"{"register":"4x0001","table":"holding"}"#,
    ] {
        assert_eq!(place(DataType::Float, address), expect, "{address}");
    }
    let one_based = device(r#","one_based":true"#);
    for (address, register) in
        [(r#"{"register":1,"table":"holding"}"#, 0), (r#"{"register":"40001"}"#, 0), (r#"{"register":"HR5"}"#, 4)]
    {
        let read = Address::read(&point(DataType::Float, address), &one_based).expect("sound");
        assert_eq!(read.0.register, register, "{address}");
    }
}

#[test]
fn addresses_that_cannot_work_are_refused_with_their_key() {
    use DataType::{Bool, Float, Int, Text};
    for (data_type, address, keys) in [
        (Float, r"{}", &["table", "register"][..]),
        (Float, r#"{"register":7}"#, &["table"]),
        (Float, r#"{"table":"holding"}"#, &["register"]),
        (Float, r#"{"table":"holding","register":65536}"#, &["register"]),
        (Float, r#"{"table":"holding","register":-1}"#, &["register"]),
        (Float, r#"{"table":"holding","register":40001.5}"#, &["register"]),
        (Float, r#"{"table":"holding","register":true}"#, &["register"]),
        (Float, r#"{"table":"holding","register":65535,"type":"f32"}"#, &["register"]),
        (Float, r#"{"table":"coil","register":"40001x"}"#, &["register"]),
        (Float, r#"{"table":"coil","register":"HR5"}"#, &["register"]),
        (Float, r#"{"table":"4x","register":1}"#, &["table"]),
        (Float, r#"{"table":"holding","register":1,"type":"bcd"}"#, &["type"]),
        (Float, r#"{"table":"holding","register":1,"order":"acbd"}"#, &["order"]),
        (Float, r#"{"table":"coil","register":1,"type":"u16"}"#, &["type"]),
        (Bool, r#"{"table":"coil","register":1,"order":"abcd","bit":1}"#, &["order", "bit"]),
        (Bool, r#"{"table":"holding","register":1}"#, &["type"]),
        (Bool, r#"{"table":"holding","register":1,"type":"bool"}"#, &["bit"]),
        (Bool, r#"{"table":"holding","register":1,"type":"bool","bit":16}"#, &["bit"]),
        (Int, r#"{"table":"holding","register":1,"type":"f32"}"#, &["type"]),
        (Int, r#"{"table":"holding","register":1,"bit":3}"#, &["bit"]),
        (Int, r#"{"table":"holding","register":1,"byte":"low"}"#, &["byte"]),
        (Int, r#"{"table":"holding","register":1,"type":"u8","order":"badc"}"#, &["order"]),
        (Int, r#"{"table":"holding","register":1,"poll_ms":1}"#, &["poll_ms"]),
        (Text, r#"{"table":"holding","register":1}"#, &["type"]),
        (Text, r#"{"table":"holding","register":1,"type":"string"}"#, &["length"]),
        (Text, r#"{"table":"holding","register":1,"type":"string","length":2,"order":"cdab"}"#, &["order"]),
        (Text, r#"{"table":"holding","register":1,"type":"f32","words":{"0":"a"}}"#, &["type", "words"]),
        (Text, r#"{"table":"holding","register":1,"words":{"a":"b"}}"#, &["words"]),
        (Text, r#"{"table":"holding","register":1,"words":{}}"#, &["words"]),
        (Int, r#"{"table":"holding","register":1,"words":{"0":"a"}}"#, &["words"]),
        (Int, r#"{"table":"holding","register":1,"type":"string","length":2}"#, &["type"]),
        (Float, r#"{"table":"holding","register":1,"raw":[0,1]}"#, &["engineering"]),
        (Float, r#"{"table":"holding","register":1,"raw":[0,0],"engineering":[0,1]}"#, &["raw"]),
        (Int, r#"{"table":"holding","register":1,"raw":[0,1],"engineering":[0,1]}"#, &["raw"]),
        (Float, r#"{"table":"holding","register":1,"adress":1}"#, &["adress"]),
    ] {
        let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(read(data_type, address).map(|_| ()), Err(keys), "{address}");
    }
}

#[test]
fn only_what_can_be_written_may_be_declared_so() {
    for (table, can) in [("holding", true), ("coil", true), ("input", false), ("discrete", false)] {
        let mut point = point(DataType::Int, &format!(r#"{{"table":"{table}","register":1}}"#));
        point.write = Some(WritePolicy::default());
        assert_eq!(Address::read(&point, &device("")).is_ok(), can, "{table}");
    }
}
