// @klamm/broker: everything a broker is.

export { Broker, openBroker } from './broker.ts'
export type { BrokerOptions } from './broker-options.ts'
