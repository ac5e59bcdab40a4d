// What the operations of the controller read: the metadata as decided so far, and what goes by it.

import type { ErrorName } from '@klamm/protocol/errors'
import type { BrokerLayers } from '../../config/effective.ts'
import { clusterLayers, type ElectionConfig, electionConfig } from '../image/effective-config.ts'
import type { MetadataImage } from '../image/image.ts'
import type { BrokerHeartbeats } from './heartbeats.ts'
import type { ControllerOptions } from './options.ts'
import type { ItemResult } from './types.ts'

export interface ControllerState {
  readonly image: MetadataImage
  readonly options: ControllerOptions
  /** Reading it changes nothing; who was heard of when is noted by `heartbeat`. */
  readonly heartbeats: BrokerHeartbeats
}

export const noError: ItemResult = { error: 'NONE', message: undefined }

export function refused(error: ErrorName, message: string): ItemResult {
  return { error, message }
}

export function layersOf({ image, options }: ControllerState): BrokerLayers {
  return clusterLayers(image, options.staticConfigs)
}

/** Looks up the election configs of topics; each topic once. */
export class ElectionConfigs {
  readonly #image: MetadataImage
  readonly #layers: BrokerLayers
  readonly #byTopic = new Map<string, ElectionConfig>()

  constructor(state: ControllerState) {
    this.#image = state.image
    this.#layers = layersOf(state)
  }

  of(topicName: string): ElectionConfig {
    let config = this.#byTopic.get(topicName)
    if (config === undefined) {
      config = electionConfig(this.#image.configs.of('topic', topicName), this.#layers)
      this.#byTopic.set(topicName, config)
    }
    return config
  }
}
