// What a test expects of bytes that are no records: which RecordsError they are.

import { RecordsError, type RecordsErrorName } from '../records-error.ts'

/** The error's name; undefined when nothing is thrown. Any other error passes through. */
export function errorNameOf(work: () => unknown): RecordsErrorName | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof RecordsError) return error.errorName
    throw error
  }
}
