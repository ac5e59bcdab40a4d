// A member of a group in a process of its own, to be killed: `node platformatic-member.ts SERVERS
// GROUP TOPIC`. Says `joined` when it has partitions.

import { Consumer } from '@platformatic/kafka'

const [servers = '', groupId = '', topic = ''] = process.argv.slice(2)
const consumer = new Consumer({ groupId, clientId: 'mortal', bootstrapBrokers: servers.split(',') })
consumer.on('consumer:group:join', () => {
  if ((consumer.assignments ?? []).length > 0) process.stdout.write('joined\n')
})
const stream = await consumer.consume({
  topics: [topic],
  sessionTimeout: 6_000,
  heartbeatInterval: 300,
})
for await (const _message of stream);
