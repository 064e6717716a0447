/** Sixteen bytes a line: place, bytes, and the letters among them. */
export function hexDump(hex: string): string {
  const digits = hex.replace(/[^0-9a-f]/gi, '')
  const lines: string[] = []
  for (let at = 0; at < digits.length; at += 32) {
    const pairs = digits.slice(at, at + 32).match(/../g) ?? []
    const letters = pairs.map((pair) => letterOf(Number.parseInt(pair, 16))).join('')
    lines.push(`${(at / 2).toString(16).padStart(6, '0')}  ${pairs.join(' ').padEnd(47)}  ${letters}`)
  }
  return lines.join('\n')
}

function letterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'
}
