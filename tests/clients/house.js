// An MQTT.js device: node house.js SCENARIO SETTINGS. Prints one line of JSON an event; its exit code is 0 when all came.
const fs = require('fs')
const mqtt = require('mqtt')

const [scenario, text] = process.argv.slice(2)
const settings = JSON.parse(text)
const say = (event, fields) => console.log(JSON.stringify({ event, ...fields }))
const read = (file) => (file ? fs.readFileSync(file) : undefined)

const client = mqtt.connect(settings.url, {
  clientId: settings.clientId,
  protocolVersion: settings.version,
  ca: read(settings.ca),
  cert: read(settings.certificate),
  key: read(settings.key),
  ALPNProtocols: settings.alpn,
  will: settings.will,
  reconnectPeriod: 0,
  connectTimeout: 10000,
})
client.on('error', (error) => {
  say('error', { text: String(error) })
  process.exit(1)
})
client.on('disconnect', (packet) => say('disconnect', { code: packet.reasonCode }))
client.on('message', (topic, payload, packet) => {
  say('message', { topic, size: payload.length, qos: packet.qos, retain: packet.retain })
  client.end()
})

const scenarios = {
  // Sends itself a message.
  talk: () => {
    client.on('close', () => process.exit(0))
    client.subscribe(settings.topic, { qos: 1 }, (error, granted) => {
      say('granted', { qos: granted[0].qos })
      client.publish(settings.topic, Buffer.alloc(settings.size), { qos: settings.qos })
    })
  },
  // Leaves a retained message.
  retain: () => client.publish(settings.topic, 'kept', { qos: 1, retain: true }, () => client.end(() => process.exit(0))),
  // Waits for a message.
  listen: () => {
    client.on('close', () => process.exit(0))
    client.subscribe(settings.topic, { qos: 1 }, () => say('listening', {}))
  },
  // Publishes what it may not.
  intrude: () => {
    client.on('close', () => {
      say('closed', {})
      process.exit(0)
    })
    client.publish(settings.topic, 'open', { qos: 0 })
  },
  // Vanishes without a word.
  vanish: () => {
    client.stream.destroy()
    process.exit(0)
  },
}
client.once('connect', (connack) => {
  say('connected', { maximumQoS: connack.properties && connack.properties.maximumQoS })
  scenarios[scenario]()
})
