// Where a worker's entry file is: beside the caller, with the caller's own ending, so that the same
// code runs from source (.ts) and from a package (.js).

/**
 * `siblingUrl('worker', import.meta.url)`: the URL of `worker.ts` or `worker.js` beside the caller.
 */
export function siblingUrl(name: string, importMetaUrl: string): URL {
  const ending = new URL(importMetaUrl).pathname.endsWith('.ts') ? '.ts' : '.js'
  return new URL(`./${name}${ending}`, importMetaUrl)
}
