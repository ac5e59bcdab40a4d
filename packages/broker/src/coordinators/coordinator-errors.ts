// What a member is told when the log of its coordinator is in trouble. Members know the errors of
// coordinators, not those of partitions.

import { type ErrorName, KafkaError } from '@klamm/protocol'

/** The error for the client, by the error of the log. Others pass as they are. */
export function coordinatorError(error: ErrorName): ErrorName {
  switch (error) {
    // Try again, here or wherever FindCoordinator says.
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE'
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'FENCED_LEADER_EPOCH':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR'
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return 'UNKNOWN_SERVER_ERROR'
    default:
      return error
  }
}

export function notCoordinator(): KafkaError {
  return new KafkaError('NOT_COORDINATOR', 'the partition of the group is not led here')
}

export function loadInProgress(): KafkaError {
  return new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'the groups of the partition are loading')
}
