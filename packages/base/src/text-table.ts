// Aligned columns of text: `describe` output, script tests, the command line.

export type Cell = string | number | boolean | undefined

/**
 * One line per row under an optional header. A column of numbers is aligned to the right,
 * `undefined` shows as `-`. No trailing spaces, no trailing newline.
 */
export function textTable(rows: readonly (readonly Cell[])[], header?: readonly string[]): string {
  const lines = (header === undefined ? rows : [header, ...rows]).map(row => row.map(cellText))
  const widths: number[] = []
  for (const line of lines) {
    for (const [column, text] of line.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, text.length)
    }
  }
  const isNumeric = widths.map((_, column) => isNumberColumn(rows, column))
  return lines
    .map(line =>
      line
        .map((text, column) => {
          const width = widths[column] ?? 0
          return isNumeric[column] ? text.padStart(width) : text.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellText(cell: Cell): string {
  return cell === undefined ? '-' : `${cell}`
}

function isNumberColumn(rows: readonly (readonly Cell[])[], column: number): boolean {
  let numbers = 0
  for (const row of rows) {
    const cell = row[column]
    if (typeof cell === 'number') numbers += 1
    else if (cell !== undefined) return false
  }
  return numbers > 0
}
