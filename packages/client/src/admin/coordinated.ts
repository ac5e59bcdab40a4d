// Requests about groups go to the broker that coordinates each: found, asked, and found again when
// it turned out to be another.

import type { ApiSchema, RequestOf, ResponseOf } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { askEach, groupedBy, isOfItem } from './answers.ts'
import type { Deadline } from './call.ts'

/** Asks the coordinators of groups, each for its share. */
export async function askCoordinators<T>(
  core: ClientCore,
  groupIds: readonly string[],
  deadline: Deadline,
  ask: (brokerId: number, share: readonly string[]) => Promise<ReadonlyMap<string, T | KafkaError>>,
): Promise<Map<string, T | KafkaError>> {
  const failed = new Map<string, KafkaError>()
  const coordinators = new Map<string, number>()
  const find = async (groupId: string): Promise<void> => {
    const options = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
    try {
      coordinators.set(groupId, await core.coordinators.find('group', groupId, options))
    } catch (error) {
      if (!isOfItem(error)) throw error
      failed.set(groupId, error)
    }
  }
  await Promise.all(groupIds.map(find))
  const shares = groupedBy(coordinators.keys(), groupId => coordinators.get(groupId) ?? -1)
  const forget = (share: readonly string[]): void => {
    for (const groupId of share) core.coordinators.forget('group', groupId)
  }
  const results = await askEach(shares, ask, forget)
  for (const [groupId, result] of results) {
    if (KafkaError.is(result) && isMoved(result)) core.coordinators.forget('group', groupId)
  }
  for (const [groupId, error] of failed) results.set(groupId, error)
  return results
}

/** Asks the coordinator of one group. `errorOf` finds the error that is about the whole group. */
export async function askCoordinator<S extends ApiSchema>(
  core: ClientCore,
  groupId: string,
  deadline: Deadline,
  request: {
    readonly schema: S
    readonly body: RequestOf<S>
    readonly maxVersion?: number
    readonly errorOf: (response: ResponseOf<S>) => KafkaError | undefined
  },
): Promise<ResponseOf<S>> {
  const { schema, body, maxVersion, errorOf } = request
  const { signal } = deadline
  const options = { signal, timeoutMs: deadline.remainingMs() }
  const brokerId = await core.coordinators.find('group', groupId, options)
  try {
    const sent = { ...options, timeoutMs: deadline.remainingMs(), maxVersion }
    const response = await core.brokers.request(brokerId, schema, body, sent)
    const error = errorOf(response)
    if (error !== undefined) throw error
    return response
  } catch (error) {
    const isLost = KafkaError.is(error) && (isMoved(error) || error.code.startsWith('ERR_'))
    if (isLost) core.coordinators.forget('group', groupId)
    throw error
  }
}

function isMoved({ code }: KafkaError): boolean {
  return code === 'NOT_COORDINATOR' || code === 'COORDINATOR_NOT_AVAILABLE'
}
