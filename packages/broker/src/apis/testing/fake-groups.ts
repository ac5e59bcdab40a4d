// A group coordinator that gives the answers a test prepares and remembers what it was asked.

import type { GroupCoordinator } from '../../coordinators/group-coordinator.ts'

/** Methods that are not given fail the test when they are called. */
export function fakeGroups(methods: Partial<GroupCoordinator>): GroupCoordinator {
  const unexpected = (name: string) => () => {
    throw new Error(`${name} was not to be called`)
  }
  return {
    partitionFor: unexpected('partitionFor'),
    joinGroup: unexpected('joinGroup'),
    syncGroup: unexpected('syncGroup'),
    heartbeat: unexpected('heartbeat'),
    leaveGroup: unexpected('leaveGroup'),
    commitOffsets: unexpected('commitOffsets'),
    fetchOffsets: unexpected('fetchOffsets'),
    deleteOffsets: unexpected('deleteOffsets'),
    describeGroups: unexpected('describeGroups'),
    listGroups: unexpected('listGroups'),
    deleteGroups: unexpected('deleteGroups'),
    ...methods,
  }
}
