// Pure building blocks: no I/O, no clock, no randomness of their own.

export { assert, InvariantError, present, unreachable } from './assert.ts'
export { type Random, seededRandom } from './random.ts'
