/**
 * The scripts as they are sent: settings, what it needs of the library, and body put together, each with the digest it is called by. The
 * server makes every function of a script anew for every call, so that a script does not carry what it never calls.
 */
import { createHash } from 'node:crypto'
import { LIBRARY, STORING } from './library.ts'
import { BIND, DECLARE, PURGE, REMOVE, SUBSCRIBE, UNSUBSCRIBE } from './nodes.ts'
import { ATTACH, BURY, DETACH, DRAINING, TIDY, TURN, WATCH } from './receiving.ts'
import { ANSWER, MULTICAST, PUBLISH, SEND } from './sending.ts'

export interface Script {
  readonly name: string
  readonly sha: string
  readonly lua: string
}

export interface ScriptSettings {
  /** First part of every key. Holds no quote. */
  readonly prefix: string
  readonly cluster: boolean
  /** The server takes flags before a script (7.0 and later). */
  readonly flags: boolean
}

const BODIES = {
  send: SEND,
  publish: PUBLISH,
  multicast: MULTICAST,
  answer: ANSWER,
  attach: ATTACH,
  detach: DETACH,
  turn: TURN,
  tidy: TIDY,
  bury: BURY,
  watch: WATCH,
  declare: DECLARE,
  subscribe: SUBSCRIBE,
  bind: BIND,
  remove: REMOVE,
  unsubscribe: UNSUBSCRIBE,
  purge: PURGE,
} as const

/** Must go on when memory is full: they take messages out, or end what nobody needs. */
const RELIEVING = new Set<string>([
  'attach',
  'detach',
  'turn',
  'tidy',
  'bury',
  'remove',
  'unsubscribe',
  'purge',
])

export type ScriptName = keyof typeof BODIES
export type Scripts = Readonly<Record<ScriptName, Script>>

export function scriptsFor(settings: ScriptSettings): Scripts {
  // In a Cluster the last key is the one that never is: see keys.ts.
  const head =
    `local PREFIX, CLUSTER = '${settings.prefix}', ${settings.cluster}\n` +
    `local BASES = #KEYS${settings.cluster ? ' - 1' : ''}\n`
  const made = Object.entries(BODIES).map(([name, body]) => {
    // protocol: the first line, without a newline before it.
    const flags = settings.flags && RELIEVING.has(name) ? '#!lua flags=allow-oom\n' : ''
    const lua = flags + head + withLibrary(body)
    return [name, { name, sha: createHash('sha1').update(lua).digest('hex'), lua }]
  })
  return Object.fromEntries(made) as Scripts
}

/** Definitions of the library in their order, each with the names it defines. A blank line stands between two. */
const DEFINITIONS = (LIBRARY + STORING + DRAINING).split(/\n\n/).map((text) => ({
  text: text.trim(),
  names: [...text.matchAll(/^local (?:function )?(\w+)/gm)].map(([, name]) => name!),
}))

/** The body behind the definitions it uses, directly or through one another. */
function withLibrary(body: string): string {
  let script = body
  // Backwards: a definition uses none that comes later.
  for (const { text, names } of DEFINITIONS.toReversed()) {
    if (names.some((name) => new RegExp(`\\b${name}\\b`).test(script))) script = `${text}\n${script}`
  }
  return script
}
