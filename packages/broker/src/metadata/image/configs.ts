// The dynamic configs of an image: what was set at run time for topics, brokers and others.

import { present } from '@klamm/base'
import type { ConfigRecord, ConfigResourceType, MetadataRecord } from '../records/records.ts'
import { type MapDifference, PersistentMap } from './persistent-map.ts'

/** The values that were set for one resource; never empty. */
export interface ResourceConfigs {
  readonly type: ConfigResourceType
  /** A broker's is its id; the empty name is the default of all brokers. */
  readonly name: string
  readonly values: ReadonlyMap<string, string>
}

const nothing: ReadonlyMap<string, string> = new Map()

export class ConfigsImage {
  static readonly empty = new ConfigsImage(PersistentMap.empty())

  readonly #byResource: PersistentMap<ResourceConfigs>

  constructor(byResource: PersistentMap<ResourceConfigs>) {
    this.#byResource = byResource
  }

  /** Values set for the resource; empty when nothing was. */
  of(type: ConfigResourceType, name: string): ReadonlyMap<string, string> {
    return this.#byResource.get(keyOf(type, name))?.values ?? nothing
  }

  /** Resources with at least one value, sorted by type and name. */
  resources(): ResourceConfigs[] {
    return this.#byResource
      .sortedKeys()
      .map(key => present(this.#byResource.get(key), 'every key has configs'))
  }

  differences(after: ConfigsImage): MapDifference<ResourceConfigs>[] {
    return this.#byResource.differences(after.#byResource)
  }

  with(changes: ReadonlyMap<string, ResourceConfigs | undefined>): ConfigsImage {
    return changes.size === 0 ? this : new ConfigsImage(this.#byResource.with(changes))
  }

  /** Sorted by resource and name. */
  toRecords(): MetadataRecord[] {
    const records: MetadataRecord[] = []
    for (const { type, name: resourceName, values } of this.resources()) {
      for (const name of [...values.keys()].sort()) {
        const value = values.get(name)
        records.push({ kind: 'config', resourceType: type, resourceName, name, value })
      }
    }
    return records
  }
}

interface ChangedConfigs {
  readonly type: ConfigResourceType
  readonly name: string
  readonly values: Map<string, string>
}

export class ConfigsDelta {
  readonly #image: ConfigsImage
  readonly #changed = new Map<string, ChangedConfigs>()

  constructor(image: ConfigsImage) {
    this.#image = image
  }

  replay({ resourceType, resourceName, name, value }: ConfigRecord): void {
    const { values } = this.#own(resourceType, resourceName)
    if (value === undefined) values.delete(name)
    else values.set(name, value)
  }

  /** The resource is gone, and with it its configs. */
  forget(type: ConfigResourceType, name: string): void {
    if (this.#image.of(type, name).size === 0 && !this.#changed.has(keyOf(type, name))) return
    this.#own(type, name).values.clear()
  }

  apply(): ConfigsImage {
    const changes = new Map<string, ResourceConfigs | undefined>()
    for (const [key, configs] of this.#changed) {
      changes.set(key, configs.values.size === 0 ? undefined : configs)
    }
    return this.#image.with(changes)
  }

  #own(type: ConfigResourceType, name: string): ChangedConfigs {
    const key = keyOf(type, name)
    let own = this.#changed.get(key)
    if (own === undefined) {
      own = { type, name, values: new Map(this.#image.of(type, name)) }
      this.#changed.set(key, own)
    }
    return own
  }
}

function keyOf(type: ConfigResourceType, name: string): string {
  return `${type}/${name}`
}
