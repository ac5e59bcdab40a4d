// @klamm/raft: consensus for the metadata quorum, pure and synchronous.

export {
  decodeEntry,
  decodeHardState,
  decodePacket,
  decodePosition,
  decodeSnapshot,
  encodeEntry,
  encodeHardState,
  encodePacket,
  encodePosition,
  encodeSnapshot,
  packetBytesMax,
  RaftDecodeError,
} from './codec.ts'
export { defaultRaftConfig, type RaftConfig, raftConfig } from './config.ts'
export {
  describeConfiguration,
  describeEntry,
  describeFollower,
  describeHardState,
  describeMessage,
  describePacket,
  describeReady,
  describeRefusal,
  describeSnapshot,
  describeStatus,
  describeVoter,
  describeWrite,
} from './describe.ts'
export type { Message, Packet } from './message.ts'
export type { ProgressState } from './progress.ts'
export { RaftNode, type RaftNodeOptions, type Unreadable } from './raft-node.ts'
export type { ReadState, Ready, RoleChange, Write } from './ready.ts'
export type {
  ConfigChange,
  ConfigChangeResult,
  ConfigRefusal,
  Proposed,
  ProposeRefusal,
  ProposeResult,
  ReadIndexResult,
  Refused,
  TransferResult,
} from './results.ts'
export type { FollowerStatus, Status } from './status.ts'
export { applyWrite } from './stored-state.ts'
export {
  anyDirectory,
  bootstrapState,
  type ConfigEntry,
  type Configuration,
  type Entry,
  type HardState,
  type LogIndex,
  type LogPosition,
  type NoopEntry,
  type NormalEntry,
  type PersistedState,
  type Role,
  type Snapshot,
  sameVoter,
  type Term,
  type VoterId,
  type VoterKey,
  voterKey,
} from './types.ts'
