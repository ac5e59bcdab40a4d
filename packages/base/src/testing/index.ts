// Tools of tests: contract suites, script tests, seeds, exhaustive enumeration.

export { type NetworkHarness, networkContract } from './network-contract.ts'
export {
  type StorageCapabilities,
  type StorageHarness,
  storageContract,
} from './storage-contract.ts'
