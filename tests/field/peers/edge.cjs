// An edge node made of sparkplug-client: a node `n` of the group `g` with a device `d`, which waits for its primary host.
//
//   node edge.cjs BROKER_PORT CONTROL_PORT HOST_ID
//
// It listens on CONTROL_PORT for one word a line and answers each with one line of JSON, which tells what it has seen.

const net = require('node:net');
const mqtt = require('mqtt');
const sparkplug = require('sparkplug-client');

const [brokerPort, controlPort, hostId] = process.argv.slice(2);
const serverUrl = `mqtt://127.0.0.1:${brokerPort}`;
const seen = { host: 'unknown', births: 0, rebirths: 0, commands: [] };
const values = { speed: 10.5, count: 7, running: true, setpoint: 50 };
let node = null;

const nodeMetrics = () => [
  { name: 'Node Control/Rebirth', type: 'Boolean', value: false },
  { name: 'temperature', type: 'Float', value: 21.5, properties: { engUnit: { type: 'String', value: '°C' } } },
];
const deviceMetrics = () => [
  { name: 'Outputs/speed', type: 'Double', value: values.speed },
  { name: 'Outputs/count', type: 'Int32', value: values.count },
  { name: 'Outputs/running', type: 'Boolean', value: values.running },
  { name: 'Inputs/setpoint', type: 'Double', value: values.setpoint },
];
const payload = (metrics) => ({ timestamp: Date.now(), metrics });

function birth() {
  seen.births += 1;
  node.publishNodeBirth(payload(nodeMetrics()));
  node.publishDeviceBirth('d', payload(deviceMetrics()));
}

function start() {
  node = sparkplug.newClient({
    serverUrl,
    username: '',
    password: '',
    groupId: 'g',
    edgeNode: 'n',
    clientId: 'edge-of-the-test',
    version: 'spBv1.0',
    mqttOptions: { reconnectPeriod: 100 },
  });
  node.on('birth', birth);
  node.on('error', () => {});
  node.on('ncmd', (command) => {
    for (const metric of command.metrics) {
      seen.commands.push({ to: 'n', ...metric });
      if (metric.name === 'Node Control/Rebirth' && metric.value) {
        seen.rebirths += 1;
        birth();
      }
    }
  });
  node.on('dcmd', (device, command) => {
    for (const metric of command.metrics) {
      seen.commands.push({ to: device, ...metric });
      if (metric.name === 'Inputs/setpoint') {
        values.setpoint = metric.value;
        node.publishDeviceData(device, payload([{ name: metric.name, type: 'Double', value: metric.value }]));
      }
    }
  });
}

const words = {
  look() {},
  data() {
    values.speed += 1;
    node.publishDeviceData('d', payload([{ name: 'Outputs/speed', type: 'Double', value: values.speed }]));
  },
  // A message that never was: its number is missing.
  gap() {
    node.incrementSeqNum();
    words.data();
  },
  device_death() {
    node.publishDeviceDeath('d', payload([]));
  },
};

// The library does not wait for a primary host, so that the node does.
const watch = mqtt.connect(serverUrl, { reconnectPeriod: 100 });
watch.on('error', () => {});
watch.on('connect', () => watch.subscribe(`spBv1.0/STATE/${hostId}`, { qos: 1 }));
watch.on('message', (_topic, message) => {
  seen.host = JSON.parse(message.toString()).online ? 'online' : 'offline';
  if (seen.host === 'online' && node === null) start();
});

net
  .createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes;
      const lines = text.split('\n');
      text = lines.pop();
      for (const line of lines) {
        words[line]();
        socket.write(`${JSON.stringify(seen, (_key, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`);
      }
    });
  })
  .listen(Number(controlPort), '127.0.0.1');
