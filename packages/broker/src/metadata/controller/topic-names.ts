// Which names topics may have, and which of them would share a metric name.

/** Kafka's own topics; clients read them at most. */
const internalTopics = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

const maxTopicNameLength = 249

/** Why this is no name for a topic, for the client to read; undefined when it is one. */
export function problemWithTopicName(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > maxTopicNameLength) {
    const limit = `more than ${maxTopicNameLength} characters`
    return `Topic name is invalid: the length of '${name}' is ${limit}`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    const allowed = "letters and digits of ASCII, '.', '_' and '-'"
    return `Topic name is invalid: '${name}' contains characters other than ${allowed}`
  }
  return undefined
}

export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** Names that differ only in '.' and '_' collide: metric names know no difference. */
export function canCollide(name: string): boolean {
  return name.includes('.') || name.includes('_')
}

/** The same for names that collide. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
