"""A Modbus server with known content, on a TCP port or a serial port.

Reads one JSON document from standard input: the port or the device, the framing, the bits of two tables, how many
registers the other two have, and values with their place, their `struct` format and the order of their bytes.
"""

import asyncio
import json
import logging
import struct
import sys

from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.framer import FramerType
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer


def registers(value, form, order):
    """The registers of a value, as they go over the wire."""
    packed = struct.pack(">" + form, float(value) if form in "fd" else value)
    words = [packed[at : at + 2] for at in range(0, len(packed), 2)]
    if order in ("cdab", "dcba"):
        words.reverse()
    if order in ("badc", "dcba"):
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


async def main():
    logging.disable(logging.CRITICAL)
    told = json.load(sys.stdin)
    tables = {"holding": [0] * told["registers"], "input": [0] * told["registers"]}
    for entry in told["values"]:
        for offset, word in enumerate(registers(entry["value"], entry["format"], entry["order"])):
            tables[entry["table"]][entry["register"] + offset] = word
    # A block that begins at 1 begins at register 0 on the wire.
    device = ModbusDeviceContext(
        co=ModbusSequentialDataBlock(1, told["coils"] or [False]),
        di=ModbusSequentialDataBlock(1, told["discrete"] or [False]),
        hr=ModbusSequentialDataBlock(1, tables["holding"]),
        ir=ModbusSequentialDataBlock(1, tables["input"]),
    )
    context = ModbusServerContext(devices={1: device}, single=False)
    framer = FramerType(told["framing"])
    if "device" in told:
        await StartAsyncSerialServer(context, framer=framer, port=told["device"], baudrate=19200)
    else:
        await StartAsyncTcpServer(context, framer=framer, address=("127.0.0.1", told["port"]))


asyncio.run(main())
