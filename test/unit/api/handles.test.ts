import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { connect, queue, type StatusEvent, service } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'

test('an onError that throws is told as a warning and the consumer goes on', async () => {
  await using connection = await connect('memory:handles-on-error')
  const warnings: string[] = []
  connection.on('warning', ({ error }) => warnings.push(`${error.code} ${error.message}`))
  const work = queue<number>('work', { maxDeliveries: 1 })
  const seen: number[] = []
  await using _ = await connection.consume(
    work,
    ({ body }) => {
      seen.push(body)
      if (body === 1) throw new Error('handler')
    },
    {
      onError: () => {
        throw new Error('listener')
      },
    },
  )
  await connection.send(work, 1)
  await connection.send(work, 2)
  await eventually(() => seen.length === 2)
  expect(seen).toEqual([1, 2])
  expect(warnings).toEqual(['HANDLER_FAILED listener'])
})

test('a consumer or responder that was closed is not kept by its connection', async () => {
  await using connection = await connect('memory:handles-kept')
  const collected = new Set<number>()
  const registry = new FinalizationRegistry<number>((id) => collected.add(id))
  for (let id = 0; id < 4; id++) {
    const handle =
      id % 2 === 0
        ? await connection.consume(queue('work'), () => {})
        : await connection.respond(service('quotes'), () => 1)
    registry.register(handle, id)
    await handle.close()
  }
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  await eventually(() => {
    collect()
    return collected.size > 2
  })
})

test('every event reaches the diagnostics channel', async () => {
  const events: StatusEvent['type'][] = []
  const listener = (message: unknown): void => {
    const { url, event } = message as { url: string; event: StatusEvent }
    if (url === 'memory:handles-channel') events.push(event.type)
  }
  subscribe('sluice:status', listener)
  const connection = await connect('memory:handles-channel')
  await connection.close()
  unsubscribe('sluice:status', listener)
  expect(events).toEqual(['connected', 'closed'])
})

test('a warning that nobody listens to becomes a warning of the process, once', async () => {
  const told: (Error & { code?: string })[] = []
  const listener = (warning: Error): void => {
    if (warning.name === 'SluiceWarning') told.push(warning)
  }
  process.on('warning', listener)
  try {
    await using connection = await connect('memory:handles-warning')
    const work = queue<number>('work', { maxDeliveries: 1 })
    let failures = 0
    await using _ = await connection.consume(work, ({ body }) => {
      failures++
      throw new Error(`no ${body}`)
    })
    await connection.send(work, 1)
    await connection.send(work, 2)
    await eventually(() => failures === 2)
    await eventually(() => told.length > 0)
    expect(told.length).toBe(1)
    expect(told[0]?.message).toContain('no 1')
  } finally {
    process.off('warning', listener)
  }
})

test('one-off calls to addresses that are written anew each time share a link', async () => {
  await using connection = await connect('memory:handles-fresh')
  await using _ = await connection.respond(service<number, number>('same'), ({ body }) => body, {
    concurrency: 5,
  })
  const asked = [0, 1, 2, 3].map((at) => connection.request(service<number, number>('same'), at))
  expect((await Promise.all(asked)).map(({ body }) => body)).toEqual([0, 1, 2, 3])
  // Other options are another declaration.
  await connection.send(queue('limited'), 1)
  await connection.send(queue('limited', { schema: NUMBERS }), 1)
  await expect(connection.send(queue('limited', { schema: NUMBERS }), 'x' as never)).rejects.toMatchObject({
    code: 'ENCODE_FAILED',
  })
})

test('a browse ends behind the bodies that an asynchronous schema still checks', async () => {
  const patient = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) => {
        await new Promise(setImmediate)
        return { value }
      },
    },
  } as const
  await using connection = await connect('memory:handles-browse')
  for (const body of [1, 2, 3]) await connection.send(queue('looked-at'), body)
  const seen: unknown[] = []
  for await (const { body } of connection.browse(queue('looked-at', { schema: patient }))) seen.push(body)
  expect(seen).toEqual([1, 2, 3])
})

const NUMBERS = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
  },
} as const

test('an iterator that was left is done, and takes nothing from the next one', async () => {
  await using connection = await connect('memory:')
  const jobs = queue<number>('left')
  await connection.send(jobs, 1)
  await connection.send(jobs, 2)
  await using receiver = await connection.receiver(jobs)
  const left = receiver[Symbol.asyncIterator]()
  await (await left.next()).value.accept()
  await left.return?.()
  expect(await left.next()).toEqual({ value: undefined, done: true })
  for await (const { body } of receiver) {
    expect(body).toBe(2)
    break
  }
})
