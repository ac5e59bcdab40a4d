// The vocabulary of the message tables. A table says what every version of a message carries; its
// type falls out of it (`Message`), and `compile` makes a codec of it for one version.

import { zeroUuid } from '@klamm/base'

/** One element of an array field: `ItemOf<FetchRequest['topics']>`. */
export type ItemOf<A> = A extends readonly (infer T)[] ? T : never

/** How one value is laid out, apart from versions and nullability. */
export type Wire =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'array'; readonly element: Wire }
  | { readonly kind: 'struct'; readonly fields: Fields }

export type ScalarKind =
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'int64Clamped'
  | 'bool'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

/** One row of a table. `T` is the type of the value in memory. */
export interface Field<T> {
  readonly wire: Wire
  /** First version that carries the field. */
  readonly since: number
  /** Last version that carries the field; Infinity when it was never removed. */
  readonly until: number
  /** First version in which it may be null on the wire; Infinity when never. */
  readonly nullableSince: number
  /** Tag number when the field lives in the tagged section (flexible versions only). */
  readonly tag: number | undefined
  /** Value read when the version, or the tagged section, does not carry the field. */
  readonly default: T
}

export interface Fields {
  readonly [name: string]: Field<unknown>
}

/** The value a table describes: every field present, whatever the version. */
export type Message<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never
}

/**
 * Record batches, or any bytes that are passed on unread: the concatenation of the chunks. Whoever
 * writes passes as many chunks as there are, uncopied; whoever reads gets one view of the frame, or
 * none when the length is 0. Null is null on the wire.
 */
export type RecordsData = readonly Uint8Array[] | null

/** Kafka's "no id": what a uuid field holds when it was not set. */
export { zeroUuid }

export interface Options<T> {
  /** First version that carries the field; 0 when omitted. */
  readonly since?: number
  /** Last version that carries the field; never removed when omitted. */
  readonly until?: number
  readonly tag?: number
  /** Zero, false, empty or null when omitted. */
  readonly default?: T
}

export interface NullableOptions<T> extends Options<T> {
  /** First version in which null can be told; the field's first when omitted. */
  readonly nullableSince?: number
}

export const int8 = (options: Options<number> = {}) => scalar<number>('int8', options, 0)
export const int16 = (options: Options<number> = {}) => scalar<number>('int16', options, 0)
export const uint16 = (options: Options<number> = {}) => scalar<number>('uint16', options, 0)
export const int32 = (options: Options<number> = {}) => scalar<number>('int32', options, 0)

/** A number: offsets, timestamps, sizes, ids that we assign. Values beyond 2^53 are refused. */
export const int64 = (options: Options<number> = {}) => scalar<number>('int64', options, 0)

/**
 * A number that the peer chooses freely and that is only compared: values beyond 2^53 are read as
 * the nearest safe integer, which compares the same with everything that exists.
 */
export const int64Clamped = (options: Options<number> = {}) =>
  scalar<number>('int64Clamped', options, 0)

export const bool = (options: Options<boolean> = {}) => scalar<boolean>('bool', options, false)
export const string = (options: Options<string> = {}) => scalar<string>('string', options, '')

/** In a version that cannot say null, null is written as the empty string. */
export const nullableString = (options: NullableOptions<string | null> = {}) =>
  nullable(scalar<string | null>('string', options, null), options)

/** 22 characters of base64url, as Kafka prints ids; `zeroUuid` unless set. */
export const uuid = (options: Options<string> = {}) => scalar<string>('uuid', options, zeroUuid)

/** Read as a view of the frame. Written by reference when large: it must not change until sent. */
export const bytes = (options: Options<Uint8Array> = {}) =>
  scalar<Uint8Array>('bytes', options, noBytes)

export const nullableBytes = (options: NullableOptions<Uint8Array | null> = {}) =>
  nullable(scalar<Uint8Array | null>('bytes', options, null), options)

/** Always nullable, as in Kafka. */
export const records = (options: Options<RecordsData> = {}) =>
  nullable(scalar<RecordsData>('records', options, null), options)

/** What an array holds: a table of fields (a struct per element), or one field without options. */
export type Element = Fields | Field<unknown>
export type Item<E> = E extends Field<infer T> ? T : E extends Fields ? Message<E> : never

export const array = <E extends Element>(
  element: E,
  options: Options<readonly Item<E>[]> = {},
): Field<readonly Item<E>[]> => field(arrayOf(element), options, noItems)

/** Empty by default, not null: null usually means "all". */
export const nullableArray = <E extends Element>(
  element: E,
  options: NullableOptions<readonly Item<E>[] | null> = {},
): Field<readonly Item<E>[] | null> => nullable(field(arrayOf(element), options, noItems), options)

/** By default a struct whose fields all have their defaults. */
export const struct = <F extends Fields>(
  fields: F,
  options: Options<Message<F>> = {},
): Field<Message<F>> => field({ kind: 'struct', fields }, options, defaultsOf(fields))

export const nullableStruct = <F extends Fields>(
  fields: F,
  options: NullableOptions<Message<F> | null> = {},
): Field<Message<F> | null> => nullable(field({ kind: 'struct', fields }, options, null), options)

/** One API: its request and response in all versions. */
export interface ApiSchema<Req extends Fields = Fields, Res extends Fields = Fields> {
  readonly key: number
  /** Kafka's name, without Request or Response. */
  readonly name: string
  /** First and last version that the tables describe. */
  readonly versions: readonly [number, number]
  /** First flexible version (KIP-482); Infinity when there is none. */
  readonly flexibleSince: number
  readonly request: Req
  readonly response: Res
}

export type RequestOf<S extends ApiSchema> = Message<S['request']>
export type ResponseOf<S extends ApiSchema> = Message<S['response']>

export function apiSchema<Req extends Fields, Res extends Fields>(
  definition: ApiSchema<Req, Res>,
): ApiSchema<Req, Res> {
  return definition
}

/** A message that is no request or response: it carries its version in front of it. */
export interface DataSchema<F extends Fields = Fields> {
  /** Kafka's name. */
  readonly name: string
  readonly versions: readonly [number, number]
  /** First flexible version (KIP-482); Infinity when there is none. */
  readonly flexibleSince: number
  readonly fields: F
}

export function dataSchema<F extends Fields>(definition: DataSchema<F>): DataSchema<F> {
  return definition
}

/** The message with every field at its default. Frozen: it is shared. */
export function defaultsOf<F extends Fields>(fields: F): Message<F> {
  const defaults: Record<string, unknown> = {}
  for (const [name, { default: value }] of Object.entries(fields)) defaults[name] = value
  return Object.freeze(defaults) as Message<F>
}

/** True when this version carries the field, tagged or not. */
export function isCarried(field: Field<unknown>, version: number): boolean {
  return version >= field.since && version <= field.until
}

const noBytes = new Uint8Array(0)
const noItems: readonly never[] = Object.freeze([])

function scalar<T>(kind: ScalarKind, options: Options<T>, zero: T): Field<T> {
  return field<T>({ kind }, options, zero)
}

function field<T>(wire: Wire, options: Options<T>, zero: T): Field<T> {
  return {
    wire,
    since: options.since ?? 0,
    until: options.until ?? Number.POSITIVE_INFINITY,
    nullableSince: Number.POSITIVE_INFINITY,
    tag: options.tag,
    default: options.default === undefined ? zero : options.default,
  }
}

function nullable<T>(field: Field<T>, options: NullableOptions<T>): Field<T> {
  return { ...field, nullableSince: options.nullableSince ?? field.since }
}

function arrayOf(element: Element): Wire {
  return {
    kind: 'array',
    element: isField(element) ? element.wire : { kind: 'struct', fields: element },
  }
}

/** No table has a field called `wire`. */
function isField(element: Element): element is Field<unknown> {
  return 'wire' in element && 'nullableSince' in element
}
