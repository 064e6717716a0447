/**
 * What `JSON.stringify` makes `null` or `{}` of without a word, found by looking at its text first: a body without such a place costs
 * four searches in a string. What JSON changes in its well-known way stays so: a `Date` becomes its ISO text, a property that is
 * `undefined` or a function is left out, `toJSON()` is obeyed.
 */

/** Texts that stand in for a lost value, and now and then for one that is what it says. */
const TRACES = ['null', '{}', '{"0":', '{"type":"Buffer"']

/** The first value in `body` that `text`, its JSON, does not hold: its path and what it is. */
export function jsonLoss(body: object, text: string): { path: string; what: string } | undefined {
  return TRACES.some((trace) => text.includes(trace)) ? lossIn(body, '') : undefined
}

/** `shown`: it is what a `toJSON()` gave, which is not asked for its own. */
function lossIn(value: unknown, path: string, shown = false): { path: string; what: string } | undefined {
  const what = lost(value)
  if (what !== undefined) return { path, what }
  if (typeof value !== 'object' || value === null) return undefined
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function' && !shown) {
    const given: unknown = toJSON.call(value, path)
    // Its own decision, except that of a date that is none.
    return value instanceof Date || typeof given !== 'object' ? undefined : lossIn(given, path, true)
  }
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at]
      if (item === undefined || typeof item === 'function' || typeof item === 'symbol')
        return { path: `${path}[${at}]`, what: `${typeof item} in a list` }
      const loss = lossIn(item, `${path}[${at}]`)
      if (loss) return loss
    }
    return undefined
  }
  for (const [key, item] of Object.entries(value)) {
    const loss = lossIn(item, path === '' ? key : `${path}.${key}`)
    if (loss) return loss
  }
  return undefined
}

/** Kinds of objects that JSON shows as they are; `Object` are those of a program's own classes, too. */
const SHOWN = new Set(['Object', 'Array', 'Arguments', 'String', 'Number', 'Boolean'])

function lost(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value)
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'date that is none' : undefined
  if (ArrayBuffer.isView(value)) return value.constructor.name
  if ('toJSON' in value) return undefined
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (kind === 'Error') return kind
  // A Map, a Blob, a stream: what they hold is in no property.
  return SHOWN.has(kind) || Object.keys(value).length > 0 ? undefined : kind
}
