/** Real round trips on throw-away nodes, a few lines each: what works on this broker with this login. */
import type { AnyAddress, Connection, Feature, Receiver } from '../../../index.ts'
import type { Library } from '../../broker/library.ts'
import { next, PATIENCE_MS } from '../../broker/throw-away-nodes.ts'
import { CommandError } from '../../command/errors.ts'

interface CheckContext {
  readonly connection: Connection
  readonly library: Library
  /** A name nobody else has, of a node that is deleted afterwards. */
  name(of: string): string
  made<A extends AnyAddress>(address: A): A
}

export interface Check {
  readonly title: string
  readonly needs: readonly Feature[]
  run(context: CheckContext): Promise<void>
}

export const CHECKS: readonly Check[] = [
  {
    title: 'make a queue, send, receive, accept',
    needs: ['queue', 'declare'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('queue')))
      await connection.admin.declare(queue)
      await connection.send(queue, 'ping', { properties: { n: 1 } })
      await using receiver = await connection.receiver(queue)
      expect(await takeOne(receiver), 'ping')
    },
  },
  {
    title: 'browse without taking',
    needs: ['queue', 'browse'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('browsed')))
      await connection.send(queue, 'ping')
      for (let round = 0; round < 2; round++) {
        const seen: string[] = []
        for await (const { body } of connection.browse(queue)) seen.push(body)
        expect(seen.join(), 'ping')
      }
    },
  },
  {
    title: 'release and receive again',
    needs: ['queue'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('released')))
      await connection.send(queue, 'ping')
      await using receiver = await connection.receiver(queue)
      const first = await receiver.receive({ timeoutMs: PATIENCE_MS })
      await first?.release()
      expect(await takeOne(receiver), 'ping')
    },
  },
  {
    title: 'reject to a dead-letter queue',
    needs: ['queue', 'deadLetter'],
    async run({ connection, library, name, made }) {
      const dead = made(library.queue<string>(name('dead')))
      const queue = made(library.queue<string>(name('rejected'), { deadLetter: dead }))
      await connection.admin.declare(dead)
      await connection.send(queue, 'ping')
      await using receiver = await connection.receiver(queue)
      const delivery = await receiver.receive({ timeoutMs: PATIENCE_MS })
      await delivery?.reject('doctor')
      await using dump = await connection.receiver(dead)
      expect(await takeOne(dump), 'ping')
    },
  },
  {
    title: 'publish and subscribe by pattern',
    needs: ['topic'],
    async run({ connection, library, name, made }) {
      const topic = made(library.topic<string>(name('topic')))
      await using receiver = await connection.receiver(topic.matching('#.wanted'))
      await connection.send(topic, 'other', { subject: 'un.wanted.not' })
      await connection.send(topic, 'ping', { subject: 'is.wanted' })
      expect(await takeOne(receiver), 'ping')
    },
  },
  {
    title: 'broadcast to two receivers',
    needs: ['broadcast'],
    async run({ connection, library, name, made }) {
      const alerts = made(library.broadcast<string>(name('broadcast')))
      await using one = await connection.receiver(alerts)
      await using two = await connection.receiver(alerts)
      await connection.send(alerts, 'ping')
      expect(`${await takeOne(one)} ${await takeOne(two)}`, 'ping ping')
    },
  },
  {
    title: 'multicast to a named member',
    needs: ['multicast'],
    async run({ connection, library, name, made }) {
      const fleet = made(library.multicast<string>(name('multicast')))
      await using member = await connection.receiver(made(fleet.member('one')))
      await connection.send(fleet.to('one'), 'ping')
      expect(await takeOne(member), 'ping')
    },
  },
  {
    title: 'ask and answer',
    needs: ['request'],
    async run({ connection, library, name, made }) {
      const service = made(library.service<string, string>(name('service')))
      await using _responder = await connection.respond(service, ({ body }) => `${body} pong`)
      const { body } = await connection.request(service, 'ping', { timeoutMs: PATIENCE_MS })
      expect(body, 'ping pong')
    },
  },
  {
    title: 'delayed delivery',
    needs: ['queue', 'delay'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('delayed')))
      await connection.send(queue, 'ping', { delayMs: 200 })
      await using receiver = await connection.receiver(queue)
      expect(await takeOne(receiver), 'ping')
    },
  },
  {
    title: 'look at a queue, empty it',
    needs: ['queue', 'inspect', 'purge'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('inspected')))
      await connection.send(queue, 'ping')
      const found = await connection.admin.inspect(queue)
      if (found?.depth !== undefined) expect(String(found.depth), '1')
      expect(String(await connection.admin.purge(queue)), '1')
    },
  },
  {
    title: 'list nodes',
    needs: ['queue', 'declare', 'list'],
    async run({ connection, library, name, made }) {
      const queue = made(library.queue<string>(name('listed')))
      await connection.admin.declare(queue)
      if ((await connection.admin.list()).some((node) => node.name === queue.name)) return
      throw new CommandError('the list of nodes lacks the one just made')
    },
  },
]

async function takeOne(receiver: Receiver<string>): Promise<string> {
  const delivery = await next(receiver)
  await delivery.accept()
  return delivery.body
}

function expect(got: string, wanted: string): void {
  if (got !== wanted) throw new CommandError(`expected '${wanted}', got '${got}'`)
}
