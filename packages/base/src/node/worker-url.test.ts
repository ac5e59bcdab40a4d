// URLs of worker files from source and from a package.

import { expect, test } from 'vitest'
import { siblingUrl } from './worker-url.ts'

test('a sibling has the ending of the module that asks', () => {
  expect(siblingUrl('worker', 'file:///app/src/launch.ts').href).toBe('file:///app/src/worker.ts')
  expect(siblingUrl('worker', 'file:///app/dist/launch.js').href).toBe('file:///app/dist/worker.js')
  expect(siblingUrl('worker', 'file:///app/launch.ts?v=1').href).toBe('file:///app/worker.ts')
})
