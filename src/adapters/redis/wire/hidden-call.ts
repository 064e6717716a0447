/**
 * Calls of which nobody but the caller can read arguments, reply and error. ioredis shows all three to everybody who listens on
 * its tracing channel (`tracing:ioredis:command:…`); bodies, properties and reasons of messages are in all three.
 */

import type { Cluster, Command, Redis } from 'ioredis'
import { withoutCommand } from '../errors.ts'
import type { ReachName } from './reaches.ts'
import { shielded } from './shield.ts'

/** What is needed of ioredis. */
export interface CommandLibrary {
  readonly Command: typeof Command
  /** What of it is built as expected. */
  readonly found: ReadonlySet<ReachName>
}

/** What the promise of the command resolves to. */
class Reply {
  readonly #content: unknown

  constructor(content: unknown) {
    this.#content = content
  }

  static content(reply: Reply): unknown {
    return reply.#content
  }
}

/** Resolves to the reply in bytes; rejects with ioredis' own error, which says nothing of the arguments. `keys` and numbers can be read. */
export async function callHidden(
  client: Redis | Cluster,
  library: CommandLibrary,
  name: string,
  keys: readonly (string | number)[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  const { found } = library
  const written = found.has('bytesAsTheyAre') ? shielded(args) : args
  const command = new library.Command(name, [...keys, ...written], { replyEncoding: null })
  if (!found.has('repliesByCommand')) return client.sendCommand(command)
  command.transformReply = (content) => new Reply(content) as never
  const { reject } = command
  command.reject = (error) => reject(withoutCommand(error))
  return Reply.content((await client.sendCommand(command)) as Reply)
}
