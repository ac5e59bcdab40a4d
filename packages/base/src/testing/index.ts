// Tools of tests: contract suites, script tests, seeds, exhaustive enumeration.

export { type Choices, type ExhaustiveOptions, exhaustive, replayChoices } from './exhaustive.ts'
export { type NetworkHarness, networkContract } from './network-contract.ts'
export { replayScript, runScript } from './script.ts'
export { ScriptCommand, ScriptError } from './script-command.ts'
export { parseSeeds, seededTest, seeds, withSeed } from './seeds.ts'
export {
  type StorageCapabilities,
  type StorageHarness,
  storageContract,
} from './storage-contract.ts'
export { testCertificate, testKey } from './test-certificate.ts'
export { TestClock } from './test-clock.ts'
