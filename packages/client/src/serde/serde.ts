// What turns keys and values into bytes and back. A record without a key or value never gets here:
// null stays null on the wire and in the program.

/** Which part of which record is at stake, for formats that depend on it and for messages. */
export interface SerdeContext {
  readonly topic: string
  readonly field: 'key' | 'value'
}

export interface Serializer<T> {
  /**
   * The bytes, or a string to be sent as UTF-8 (cheaper than bytes made of it). May throw: the
   * caller sees ERR_SERIALIZATION with the thrown error as cause, and nothing is sent.
   */
  serialize(value: T, context: SerdeContext): Uint8Array | string
}

export interface Deserializer<T> {
  /** The bytes are a view that must not be changed. May throw, as `serialize` may. */
  deserialize(bytes: Uint8Array, context: SerdeContext): T
}

/**
 * Both directions of one format. `In` is what a producer takes, `Out` what a consumer gives: they
 * differ when a schema fills in defaults or makes dates of text.
 */
export interface Serde<In, Out = In> extends Serializer<In>, Deserializer<Out> {}
