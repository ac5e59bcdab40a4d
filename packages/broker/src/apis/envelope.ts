// Envelope (58): a client's request that another broker passes on to the active controller
// (KIP-590). Between brokers only.

import { DecodeError, Envelope, errorCodes, KafkaError, type ResponseOf } from '@klamm/protocol'
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
      // A client's garbage must not cost the connection between the brokers.
      if (error instanceof DecodeError) return refused(errorCodes.INVALID_REQUEST)
      if (error instanceof KafkaError) return refused(errorCodes[error.errorName])
      throw error
    }
  },
  refuse: (_request, errorCode) => refused(errorCode),
})

function refused(errorCode: number): ResponseOf<typeof Envelope> {
  return { responseData: null, errorCode }
}
