/**
 * The scripts as they are sent: settings, what it needs of the library, and body put together, each with the digest it is called by.
 *
 * They are written in the `.lua` files of this folder, `library/` holds what they share, and `npm run redis:scripts` makes `texts.ts` of them.
 */
import { createHash } from 'node:crypto'
import { BODIES, DEFINITIONS } from './texts.ts'

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

/** Must go on when memory is full: they take messages out, or end what nobody needs, or are what a receiver begins with. */
const RELIEVING = new Set<string>([
  'declare',
  'subscribe',
  'watch',
  'attach',
  'detach',
  'turn',
  'tidy',
  'bury',
  'take',
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
  const made = Object.entries(BODIES).map(([name, { uses, lua: body }]) => {
    // protocol: the first line, without a newline before it.
    const flags = settings.flags && RELIEVING.has(name) ? '#!lua flags=allow-oom\n' : ''
    const needed = uses.split(' ').map((used) => DEFINITIONS[used as keyof typeof DEFINITIONS])
    const lua = flags + head + [...needed, body].join('\n')
    return [name, { name, sha: createHash('sha1').update(lua).digest('hex'), lua }]
  })
  return Object.fromEntries(made) as Scripts
}
