// Looks over MessagePack bytes before a general decoder sees them: only arrays, byte strings,
// numbers, booleans and nil, in bounded depth, with counts that the bytes can hold. So nothing
// that comes in can name a property, choose a type, allocate by promise or overflow a stack.

/** Why the bytes are refused, in words; undefined when they are one well-formed plain value. */
export function messagePackProblem(bytes: Uint8Array, depthMax: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  /** Values still to come in each open array. */
  const open: number[] = [1]
  let offset = 0
  while (open.length > 0) {
    const remaining = open[open.length - 1] ?? 0
    if (remaining === 0) {
      open.pop()
      continue
    }
    open[open.length - 1] = remaining - 1
    if (offset >= bytes.length) return 'the bytes end inside a value'
    const head = headAt(view, offset)
    if (head === undefined) return `byte ${offset} begins no value that is used here`
    offset += head.size
    if (offset > bytes.length) return 'the bytes end inside a value'
    if (head.items === undefined) continue
    if (head.items > bytes.length - offset) return 'an array promises more than there is'
    if (open.length > depthMax) return 'arrays are nested too deeply'
    open.push(head.items)
  }
  return offset === bytes.length ? undefined : 'bytes are left over'
}

interface Head {
  /** Of the value, or of the head of an array. */
  readonly size: number
  readonly items: number | undefined
}

function headAt(view: DataView, offset: number): Head | undefined {
  const type = view.getUint8(offset)
  if (type <= 0x7f || type >= 0xe0) return { size: 1, items: undefined }
  if (type >= 0x90 && type <= 0x9f) return { size: 1, items: type & 0x0f }
  const size = fixedSizes.get(type)
  if (size !== undefined) return { size, items: undefined }
  const lengthSize = lengthSizes.get(type)
  if (lengthSize === undefined) return undefined
  if (offset + 1 + lengthSize > view.byteLength) return { size: 1 + lengthSize, items: undefined }
  const length = lengthAt(view, offset + 1, lengthSize)
  if (type >= 0xdc) return { size: 1 + lengthSize, items: length }
  return { size: 1 + lengthSize + length, items: undefined }
}

function lengthAt(view: DataView, offset: number, size: number): number {
  if (size === 1) return view.getUint8(offset)
  return size === 2 ? view.getUint16(offset) : view.getUint32(offset)
}

/** nil, booleans, float64, integers up to 32 bits. Larger integers travel as float64. */
const fixedSizes = new Map([
  [0xc0, 1],
  [0xc2, 1],
  [0xc3, 1],
  [0xcb, 9],
  [0xcc, 2],
  [0xcd, 3],
  [0xce, 5],
  [0xd0, 2],
  [0xd1, 3],
  [0xd2, 5],
])

/** Byte strings and arrays: how many bytes their length has. */
const lengthSizes = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xdc, 2],
  [0xdd, 4],
])
