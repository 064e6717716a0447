/** The protocol is open: the example in Python, with pyzmq alone. `SLUICE_PYTHON` names an interpreter that has it. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { connect, createHub, queue } from '../../../src/index.ts'

const PYTHON = process.env.SLUICE_PYTHON ?? 'python3'
const absent =
  spawnSync(PYTHON, ['-c', 'import zmq']).status === 0
    ? ''
    : ` (skipped: ${PYTHON} has no pyzmq; pip install pyzmq)`

describe('a client in Python', () => {
  it.skipIf(absent !== '')(`sends to the hub and receives from it${absent}`, async () => {
    await using hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    const address = hub.urls[0]!.replace(/^zmq:/, 'tcp:')
    const greetings = queue('greetings', { durable: false })
    await using connection = await connect(hub.urls[0]!)
    await connection.admin.declare(greetings)
    await connection.send(greetings, 'hello from TypeScript')
    const { stdout } = await promisify(execFile)(PYTHON, ['examples/python/hub.py', address])
    expect(stdout).toContain('received hello from TypeScript')
    await using receiver = await connection.receiver(greetings)
    const delivery = await receiver.receive({ timeoutMs: 2_000 })
    expect(delivery).toMatchObject({ body: 'hello from Python', contentType: 'text/plain' })
    await delivery!.accept()
  })
})
