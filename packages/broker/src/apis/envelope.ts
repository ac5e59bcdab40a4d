// Envelope (58): a client's request that another broker passes on to the active controller
// (KIP-590). Between brokers only.

import { Envelope, errorCodes, KafkaError } from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'answerEnvelope'>

export const envelope: Handler<Needs, typeof Envelope> = handler({
  schema: Envelope,
  versions: [0, 0],
  askedBy: 'peer',
  async handle({ answerEnvelope }: Needs, context, { requestData }) {
    try {
      const responseData = await answerEnvelope(requestData, context)
      return { responseData, errorCode: errorCodes.NONE }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      return { responseData: null, errorCode: errorCodes[error.errorName] }
    }
  },
  refuse: (_request, errorCode) => ({ responseData: null, errorCode }),
})
