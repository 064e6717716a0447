/**
 * Text of strangers on a terminal: what a message holds must not move the cursor, change colours, or forge a line.
 * Control and format characters, line and paragraph separators and lone surrogates are shown as escapes.
 */

// Format characters include the ones that reverse the direction of writing.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const HARMFUL_EXCEPT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One line that shows everything and does nothing. */
export function visible(text: string): string {
  return text.replace(HARMFUL, escapeCharacter)
}

/** The same, with line breaks and tabs left as they are: for text of our own that quotes a stranger's. */
export function visibleLines(text: string): string {
  return text.replace(HARMFUL_EXCEPT_LAYOUT, escapeCharacter)
}

/** Bytes as one harmless line; what is no UTF-8 is shown as `\xHH`. */
export function visibleBytes(bytes: Uint8Array): string {
  const text = decodeOrUndefined(bytes)
  return text === undefined ? binary(bytes) : visible(text)
}

/** `undefined` when the bytes are no UTF-8. */
export function decodeOrUndefined(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** JSON in one line that is harmless on a terminal and still the same JSON. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, (character) => {
    let escaped = ''
    for (let unit = 0; unit < character.length; unit++) {
      escaped += `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`
    }
    return escaped
  })
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function binary(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    text +=
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}

/** `\\n`, `\\x1b`, `\\u202e` … */
export function escapeCharacter(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const hex = character.codePointAt(0)!.toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
