/** The parts of the benchmark by name, and the backends of each. */
import type { Part } from './part.ts'

export const BACKENDS = ['rabbitmq', 'qpid', 'redis', 'zeromq', 'memory', 'file'] as const
export type Backend = (typeof BACKENDS)[number]

interface Entry {
  readonly what: string
  readonly backends: readonly Backend[]
  /** It keeps to a time, and begins where its last run ended. */
  readonly canContinue?: boolean
  load(): Promise<Part>
}

export const PARTS: Readonly<Record<string, Entry>> = {
  table: {
    what: 'the table of the README',
    backends: BACKENDS,
    load: async () => (await import('./table.ts')).table,
  },
  fresh: {
    what: 'durable and transient messages, from a fresh process and warm',
    backends: ['rabbitmq'],
    load: async () => (await import('./fresh.ts')).fresh,
  },
  ceilings: {
    what: 'a fast native client on the same work, with processor time of client and broker',
    backends: ['rabbitmq', 'qpid', 'redis', 'zeromq'],
    load: async () => (await import('./ceilings.ts')).ceilings,
  },
  store: {
    what: 'what one sync costs alone, and how many messages share one',
    backends: ['file'],
    load: async () => (await import('./store.ts')).store,
  },
  growth: {
    what: 'cost of a message with many waiting, many subscriptions, many links, large bodies',
    backends: BACKENDS,
    canContinue: true,
    load: async () => (await import('./growth.ts')).growth,
  },
  start: {
    what: 'import, first message after start, installed size',
    backends: BACKENDS,
    load: async () => (await import('./start.ts')).start,
  },
}
