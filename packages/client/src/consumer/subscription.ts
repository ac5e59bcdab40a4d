// Which topics a consumer wants, as names and patterns, and what of them exists.

import type { ClientCore } from '../core.ts'
import type { MetadataChange, Watch } from '../metadata/watch.ts'

export class TopicSubscription implements Disposable {
  readonly #core: ClientCore
  readonly #watch: Watch
  #wanted: readonly (string | RegExp)[]
  /** Topics that match a pattern. */
  #matched = new Set<string>()

  constructor(
    core: ClientCore,
    wanted: readonly (string | RegExp)[],
    onChange: (change: MetadataChange) => void,
  ) {
    this.#core = core
    this.#wanted = wanted
    this.#watch = core.metadata.watch([])
    this.#watch.onChange(change => {
      for (const { name, isInternal } of change.changed) this.#consider(name, isInternal)
      for (const name of change.gone) this.#matched.delete(name)
      onChange(change)
    })
  }

  /** Names whether they exist or not, and what matches a pattern. */
  get topics(): ReadonlySet<string> {
    const names = this.#wanted.filter(each => typeof each === 'string')
    return new Set([...names, ...this.#matched])
  }

  /** Learns what there is. Rejects as `Metadata.topics` does. */
  async open(allowAutoTopicCreation: boolean, signal: AbortSignal): Promise<void> {
    const { metadata } = this.#core
    const hasPattern = this.#wanted.some(each => typeof each !== 'string')
    const names = this.#wanted.filter(each => typeof each === 'string')
    const options = { signal, allowAutoTopicCreation }
    const topics = await metadata.topics(hasPattern ? 'all' : names, options)
    this.#matched.clear()
    for (const { name, isInternal } of topics) this.#consider(name, isInternal)
    this.#watch.update(hasPattern ? 'all' : names)
  }

  async update(
    wanted: readonly (string | RegExp)[],
    allowAutoTopicCreation: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    this.#wanted = wanted
    await this.open(allowAutoTopicCreation, signal)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  #consider(name: string, isInternal: boolean): void {
    // A pattern that matches everything is not meant to match the offsets of all groups.
    if (isInternal) return
    for (const pattern of this.#wanted) {
      if (typeof pattern === 'string') continue
      // A pattern with the flag g or y remembers where it was.
      pattern.lastIndex = 0
      if (pattern.test(name)) this.#matched.add(name)
    }
  }
}
