// A member of a group in a process of its own, to be killed: `node group-member.ts SERVERS GROUP
// TOPIC`. Says `joined` when it has partitions.

import { Kafka, logLevel } from 'kafkajs'

const [servers = '', groupId = '', topic = ''] = process.argv.slice(2)
const kafka = new Kafka({ brokers: servers.split(','), logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({ groupId, sessionTimeout: 6_000, heartbeatInterval: 300 })
consumer.on('consumer.group_join', ({ payload }) => {
  if ((payload.memberAssignment[topic] ?? []).length > 0) process.stdout.write('joined\n')
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({ eachMessage: async () => {} })
