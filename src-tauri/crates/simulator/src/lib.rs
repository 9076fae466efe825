//! The demo plant: a bottling line behind a real MQTT broker and a real Modbus server.
