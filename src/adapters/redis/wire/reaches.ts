/** Where this adapter uses more of ioredis than ioredis promises; see `core/connecting/reach.ts`. */
import type { Command, Redis } from 'ioredis'
import { hasMethods, type Reaches } from '../../../core/connecting/reach.ts'
import { shielded } from './shield.ts'

export const LIBRARY = 'ioredis'
const TEST = 'test/adapters/redis/reaches.test.ts'

/** What is looked at: the class of commands, and a client that is connected. */
export interface Looked {
  readonly library: { readonly Command: typeof Command }
  readonly client: Redis
}

export const REACHES = {
  bytesAsTheyAre: {
    expects: 'Command writes arguments that are bytes without asking for their text',
    isThere: ({ library }) => {
      const written = new library.Command('ECHO', shielded(['as it is'])).toWritable({})
      return String(written).includes('as it is')
    },
    otherwise: 'arguments of commands, which hold messages, can be read on the tracing channels of ioredis.',
    test: TEST,
  },
  repliesByCommand: {
    expects:
      'command.transformReply() gives what the promise of a command resolves to, command.reject() what it rejects with',
    isThere: ({ library }) => hasMethods(new library.Command('PING'), 'transformReply', 'resolve', 'reject'),
    otherwise: 'replies of commands, which hold messages, can be read on the tracing channels of ioredis.',
    test: TEST,
  },
  socketCounts: {
    expects: 'client.stream is the socket, which counts what it has read',
    isThere: ({ client }) =>
      typeof client.stream?.bytesRead === 'number' && hasMethods(client.stream, 'listeners', 'destroy'),
    otherwise: 'a message that takes longer than the heartbeat to cross a slow line ends the connection.',
    test: TEST,
  },
} as const satisfies Reaches<string, Looked>

export type ReachName = keyof typeof REACHES
