/** The verbs of `sluice`, loaded when they are used: names and summaries are all that the list of them needs. */
import type { Command } from './command/command.ts'
import type { NamedCommand } from './verbs/completion.ts'

interface Verb extends Pick<NamedCommand, 'summary'> {
  load(): Promise<Command>
}

export const VERBS: Readonly<Record<string, Verb>> = {
  spout: {
    summary: 'send messages to an address',
    load: async () => (await import('./verbs/spout/spout.ts')).spout,
  },
  drain: {
    summary: 'receive messages from an address and print them',
    load: async () => (await import('./verbs/drain/drain.ts')).drain,
  },
  browse: {
    summary: 'look at what waits in a queue, and leave it there',
    load: async () => (await import('./verbs/browse.ts')).browse,
  },
  tap: {
    summary: 'watch what is published on a topic',
    load: async () => (await import('./verbs/tap.ts')).tap,
  },
  request: {
    summary: 'ask a service and print its answer',
    load: async () => (await import('./verbs/request/request.ts')).request,
  },
  respond: {
    summary: 'answer requests, by a command of yours or by an echo',
    load: async () => (await import('./verbs/request/respond.ts')).respond,
  },
  declare: {
    summary: 'make a node: a queue, a topic, a subscription',
    load: async () => (await import('./verbs/nodes/declare.ts')).declare,
  },
  delete: {
    summary: 'delete a node and what waits in it',
    load: async () => (await import('./verbs/nodes/delete.ts')).deleteNode,
  },
  bind: {
    summary: 'bind a topic to a queue',
    load: async () => (await import('./verbs/nodes/bind.ts')).bind,
  },
  list: {
    summary: 'list the nodes of the broker',
    load: async () => (await import('./verbs/nodes/list.ts')).list,
  },
  inspect: {
    summary: 'show one node: type, depth, receivers',
    load: async () => (await import('./verbs/nodes/inspect.ts')).inspect,
  },
  purge: {
    summary: 'remove what waits in a node',
    load: async () => (await import('./verbs/nodes/purge.ts')).purge,
  },
  bridge: {
    summary: 'move messages from one broker to another, losing none',
    load: async () => (await import('./verbs/bridge/bridge.ts')).bridge,
  },
  replay: {
    summary: 'send dead letters back to where they came from',
    load: async () => (await import('./verbs/replay.ts')).replay,
  },
  relay: {
    summary: 'hand on the messages of an outbox in PostgreSQL',
    load: async () => (await import('./verbs/relay.ts')).relay,
  },
  doctor: {
    summary: 'check a broker: what is there, what works, and the cure for what does not',
    load: async () => (await import('./verbs/doctor/doctor.ts')).doctor,
  },
  hub: {
    summary: 'run a hub: queues and topics over ZeroMQ, with nothing else to install',
    load: async () => (await import('./verbs/hub.ts')).hub,
  },
  console: {
    summary: 'look at all brokers in one web page; with --write, change them',
    load: async () => (await import('./verbs/console.ts')).consoleVerb,
  },
  compare: {
    summary: 'compare brokers, and this library with the bare clients, on the same work',
    load: async () => (await import('./verbs/compare.ts')).compare,
  },
  tour: {
    summary: 'see the six patterns, and browse versus consume, in two seconds',
    load: async () => (await import('./verbs/tour/tour.ts')).tour,
  },
  completion: {
    summary: 'print the completion script of a shell',
    load: async () => (await import('./verbs/completion.ts')).completionOf(loadAll),
  },
}

function loadAll(): Promise<NamedCommand[]> {
  const all = Object.entries(VERBS)
  return Promise.all(all.map(async ([name, { summary, load }]) => ({ name, summary, ...(await load()) })))
}
