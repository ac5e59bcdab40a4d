// Bounds on opening record batches. What a batch claims is never believed beyond them.

/** Largest size of the records of one batch, decompressed, unless the caller says otherwise. */
export const maxOpenedBatchBytes = 64 * 1024 * 1024

/** The smallest record: its length, attributes, two deltas, no key, no value, no headers. */
export const minRecordBytes = 7

/** Errors told about one batch: an answer that names a million records helps nobody. */
export const maxRecordErrors = 1000
