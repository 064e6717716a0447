/**
 * What is typed into the filter of messages. A condition goes to the server as it is; plain words are looked for as a text, so
 * that nobody needs to know the language to search.
 */
const PLAIN = /^[\p{L}\p{N}\s@.:_/#+-]+$/u
const CONDITION = /^(?:[MPC](?:[.[]|$)|len\(|not\b|true$|false$|null$)/

export function conditionOf(typed: string): string {
  const text = typed.trim()
  if (text === '' || !PLAIN.test(text) || CONDITION.test(text)) return text
  return `'${text}'`
}

/** The language in a few examples. */
export const EXAMPLES: readonly (readonly [condition: string, what: string])[] = [
  ['refund', 'a text anywhere: id, subject, properties, body'],
  ["M.subject = 'us.weather'", 'a field of the message'],
  ["M.subject ~ 'order'", 'a field that holds a text'],
  ['P["region"] = \'eu\'', 'a property'],
  ['C["total"] > 100', 'a part of a JSON body'],
  ['M.priority >= 5 and not P["done"]', 'two conditions'],
]

export const PLACEHOLDER = "Text, or M.subject = 'us.weather'"
