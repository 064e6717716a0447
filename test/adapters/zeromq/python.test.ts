/** The protocol is open: the example in Python, with pyzmq alone. */
import { describe, expect, it } from 'vitest'
import { connect, createHub, queue } from '../../../src/index.ts'
import { pythonClient } from '../../support/python.ts'

const { run, absent } = pythonClient('zmq')

describe('a client in Python', () => {
  it.skipIf(absent !== '')(`sends to the hub and receives from it${absent}`, async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    const address = hub.urls[0]!.replace(/^zmq:/, 'tcp:')
    const greetings = queue('greetings', { durable: false })
    await using connection = await connect(hub.urls[0]!)
    await connection.admin.declare(greetings)
    await connection.send(greetings, 'hello from TypeScript')
    expect(await run('examples/python/hub.py', address)).toContain('received hello from TypeScript')
    await using receiver = await connection.receiver(greetings)
    const delivery = await receiver.receive({ timeoutMs: 2_000 })
    expect(delivery).toMatchObject({ body: 'hello from Python', contentType: 'text/plain' })
    await delivery!.accept()
  })
})
