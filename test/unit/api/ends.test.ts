/** Who is told of the end of what a program has opened. */
import { expect, test } from 'vitest'
import { connect, isMessagingError, queue, type StatusEvent, service } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'

const ENDLESS = { create: 'never' } as const

test('closed resolves at close, of sender, receiver, consumer and responder', async () => {
  await using connection = await connect('memory:ends-close')
  const opened = [
    await connection.sender(queue('q')),
    await connection.receiver(queue('q')),
    await connection.consume(queue('q2'), () => {}),
    await connection.respond(service('s'), () => 1),
  ]
  for (const each of opened) {
    await each.close()
    expect(await each.closed).toBeUndefined()
  }
})

test('the close of the connection resolves closed of all that stands on it', async () => {
  const connection = await connect('memory:ends-connection')
  const receiver = await connection.receiver(queue('q'))
  const consumer = await connection.consume(queue('q2'), () => {})
  await connection.close()
  await Promise.all([receiver.closed, consumer.closed])
})

test('a consumer whose queue is deleted for good tells it by closed, by an event and to the process, whatever was warned of before', async () => {
  await using connection = await connect('memory:ends-deleted')
  await connection.admin.declare(queue('work'))
  const told: string[] = []
  const listener = (warning: Error & { code?: string }): void => {
    if (warning.name === 'SluiceWarning') told.push(warning.code ?? '')
  }
  process.on('warning', listener)
  try {
    const consumer = await connection.consume(
      queue<number>('work', { ...ENDLESS, maxDeliveries: 1 }),
      () => {
        throw new Error('harmless')
      },
      { concurrency: 3 },
    )
    await connection.send(queue('work'), 1)
    await eventually(() => told.length === 1)
    await connection.admin.delete(queue('work'))
    const error = await consumer.closed.catch((problem) => problem)
    expect(isMessagingError(error, 'ADDRESS_NOT_FOUND')).toBe(true)
    expect(error.context.adapter).toBe('memory')
    await eventually(() => told.length > 1)
    expect(told).toEqual(['HANDLER_FAILED', 'ADDRESS_NOT_FOUND'])
  } finally {
    process.off('warning', listener)
  }
})

test('the end of a link is one event, and nobody has to listen to closed', async () => {
  await using connection = await connect('memory:ends-event')
  const ended: string[] = []
  connection.on('ended', ({ address, error }) => ended.push(`${address} ${error.code}`))
  const rejections: unknown[] = []
  const listener = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', listener)
  try {
    await connection.admin.declare(queue('work'))
    await connection.consume(queue('work', ENDLESS), () => {}, { concurrency: 4 })
    await connection.admin.delete(queue('work'))
    await eventually(() => ended.length > 0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toEqual(['work ADDRESS_NOT_FOUND'])
    expect(rejections).toEqual([])
  } finally {
    process.off('unhandledRejection', listener)
  }
})

test("a handler's own error is told as the handler's, with the error itself as cause", async () => {
  await using connection = await connect('memory:ends-handler')
  const warning = new Promise<Extract<StatusEvent, { type: 'warning' }>>((resolve) => {
    connection.on('warning', resolve)
  })
  const thrown = new TypeError('no such customer')
  await connection.consume(queue('work', { maxDeliveries: 1 }), () => {
    throw thrown
  })
  const { id } = await connection.send(queue('work', ENDLESS), 1)
  const { error } = await warning
  expect(error.code).toBe('HANDLER_FAILED')
  expect(error.cause).toBe(thrown)
  expect(error.message).toBe('no such customer')
  expect(error.context).toMatchObject({ adapter: 'memory', address: 'work', messageId: id })
})
