// Bounds on what is accepted from a peer. A length that a peer claims is checked against the bytes
// that are really there before anything is allocated; these bounds come on top of that.

/** Longest string, in bytes of UTF-8: what a signed 16-bit length can say, in every encoding. */
export const maxStringBytes = 0x7fff

/** Longest frame, without its length prefix, unless the owner of the connection says otherwise. */
export const defaultMaxFrameBytes = 100 * 1024 * 1024

/** Byte strings and records from here on are sent by reference instead of being copied. */
export const minBytesByReference = 4096
