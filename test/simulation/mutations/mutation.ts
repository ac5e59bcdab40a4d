// A known bug that can be switched on for the brokers of a simulation. It lives in tests alone: for
// as long as it is applied, one method of one class of the broker does the wrong thing.

/** Takes a change back. */
export type Undo = () => void

export interface Mutation {
  /** As in the list of bugs that re-implementations make: area first. */
  readonly name: string
  /** What is done wrong, and who did it before where that is known. */
  readonly what: string
  readonly apply: () => Undo
}

/** The type of a method whose body knows what `this` is. */
type Bound<T, F> = F extends (...args: infer A) => infer R ? (this: T, ...args: A) => R : never

/** Puts another method in place of one, made from the original. */
export function method<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: T[K]) => Bound<T, T[K]>,
): Undo {
  const before = descriptorOf(prototype, name)
  Object.defineProperty(prototype, name, { ...before, value: make(before.value) })
  return () => Object.defineProperty(prototype, name, before)
}

/** The same for a getter. */
export function getter<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: (this: T) => T[K]) => (this: T) => T[K],
): Undo {
  const before = descriptorOf(prototype, name)
  const { get } = before
  if (get === undefined) throw new TypeError(`${String(name)} is no getter`)
  Object.defineProperty(prototype, name, { ...before, get: make(get) })
  return () => Object.defineProperty(prototype, name, before)
}

/** Several changes that make one bug. */
export function together(...undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo()
  }
}

function descriptorOf(prototype: object, name: PropertyKey): PropertyDescriptor {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  if (descriptor === undefined) throw new TypeError(`${String(name)} is not there to be changed`)
  return descriptor
}
