/** A schema at send: it is asked about what the receiver will see, and changes a body once. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect, test } from 'vitest'
import { connect, type MessagingError, queue, service } from '../../../src/index.ts'

function schema<T>(check: (value: never) => T | undefined, wait = false): StandardSchemaV1<T, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const made = check(value as never)
        const result = made === undefined ? { issues: [{ message: 'does not fit' }] } : { value: made }
        return wait ? Promise.resolve(result) : result
      },
    },
  }
}

const dates = (wait: boolean) =>
  schema<{ at: Date }>(
    (value: { at: unknown }) => (value.at instanceof Date ? { at: value.at } : undefined),
    wait,
  )

for (const wait of [false, true]) {
  test(`what the receiver's schema would throw away is refused at send (${wait ? 'asynchronous' : 'at once'})`, async () => {
    await using connection = await connect('memory:schema-refused')
    const place = queue('dates', { schema: dates(wait) })
    const error: MessagingError = await connection
      .send(place, { at: new Date(0) })
      .catch((problem) => problem)
    expect(error.code).toBe('ENCODE_FAILED')
    expect(error.context.adapter).toBe('memory')
    expect((await connection.admin.inspect(place))?.depth ?? 0).toBe(0)
  })

  test(`a schema that changes bodies changes them once (${wait ? 'asynchronous' : 'at once'})`, async () => {
    await using connection = await connect('memory:schema-once')
    const cents = schema<{ price: number }>(({ price }: { price: number }) => ({ price: price * 100 }), wait)
    const place = queue(`prices-${wait}`, { schema: cents })
    await connection.send(place, { price: 2 })
    const receiver = await connection.receiver(place)
    const delivery = await receiver.receive({ timeoutMs: 1_000 })
    expect(delivery?.body).toEqual({ price: 200 })
  })
}

test('a request is checked as it will arrive, too', async () => {
  await using connection = await connect('memory:schema-request')
  const place = service<{ at: Date }, string>('dates', { schema: dates(false) })
  await using _ = await connection.respond(place, () => 'fine')
  await expect(connection.request(place, { at: new Date(0) }, { timeoutMs: 500 })).rejects.toMatchObject({
    code: 'ENCODE_FAILED',
  })
})

test('a schema that never answers takes no longer than the call may take, and nothing is sent afterwards', async () => {
  await using connection = await connect('memory:schema-silent')
  const answers: (() => void)[] = []
  const silent: StandardSchemaV1<number, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => new Promise((resolve) => answers.push(() => resolve({ value: value as number }))),
    },
  }
  const jobs = queue('silent', { schema: silent })
  const asked = service<number, number>('silent-service', { schema: silent })
  await using sender = await connection.sender(jobs)
  for (const send of [
    () => connection.send(jobs, 1, { timeoutMs: 20 }),
    () => sender.send(1, { timeoutMs: 20 }),
    () => connection.request(asked, 1, { timeoutMs: 20 }),
  ])
    await expect(send()).rejects.toMatchObject({
      code: 'ENCODE_FAILED',
      retryable: true,
      message: expect.stringContaining('20 ms'),
    })
  for (const signal of [AbortSignal.abort(), AbortSignal.timeout(20)])
    await expect(sender.send(1, { signal })).rejects.toMatchObject({
      code: 'ABORTED',
      context: { inDoubt: false },
    })
  for (const answer of answers) answer()
  const sent = sender.send(2)
  answers.at(-1)!()
  await sent
  expect((await connection.admin.inspect(jobs))?.depth).toBe(1)
  await using receiver = await connection.receiver(jobs)
  expect(await receiver.receive({ timeoutMs: 20 })).toBeUndefined()
})

test('a schema may answer by a promise of another library', async () => {
  await using connection = await connect('memory:schema-thenable')
  const result = { value: 'checked' }
  const thenable = Object.fromEntries([['then', (resolve: (value: unknown) => void) => resolve(result)]])
  const place = queue<string>('thenable', {
    schema: { '~standard': { version: 1, vendor: 'test', validate: () => thenable as never } },
  })
  await connection.send(place, 'sent')
  await using receiver = await connection.receiver(place)
  expect((await receiver.receive({ timeoutMs: 1_000 }))?.body).toBe('checked')
})

test.each([
  ['nothing', undefined],
  ['a word', true],
  ['neither a value nor issues', {}],
  ['issues of its own kind', { issues: [{ message: Symbol('odd'), path: [null] }] }],
])('a schema that answers with %s refuses the body, and no body becomes undefined', async (_, answer) => {
  await using connection = await connect('memory:schema-odd')
  const place = queue('odd-schema', {
    schema: { '~standard': { version: 1, vendor: 'test', validate: () => answer as never } },
  })
  await expect(connection.send(place, 1)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
})
