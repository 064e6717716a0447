/** A trace that a Python program began goes on here, and ours goes on there: OpenTelemetry's context in pika's headers. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'
import { pythonClient } from '../support/python.ts'
import { Recording } from './support/recording.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const python = pythonClient('pika')
const peer = (verb: string, ...args: string[]): Promise<string> =>
  python.run(
    join(import.meta.dirname, 'pika-peer.py'),
    verb,
    brokerUrl('rabbitmq').replace(/^rabbitmq/, 'amqp'),
    ...args,
  )

describe.skipIf(isLeftOut('rabbitmq') || python.absent !== '')(`pika${python.absent}`, () => {
  let recording: Recording
  beforeEach(() => {
    recording = new Recording()
  })
  afterEach(() => recording[Symbol.asyncDispose]())

  test('its trace is found by a handler here', async () => {
    await using connection = await connect(brokerUrl('rabbitmq'))
    const jobs = queue<string>(uniqueName('pika'))
    await using _ = await connection.consume(jobs, () => {})
    const wrote = (await peer('send', jobs.name, `00-${TRACE}-00f067aa0ba902b7-01`)).trim()
    await expect.poll(() => recording.finished().length, { timeout: 10_000 }).toBe(1)
    const [span] = recording.finished()
    expect(span!.spanContext().traceId).toBe(TRACE)
    expect(span!.parentSpanContext?.spanId).toBe(wrote.split('-')[2])
    expect(span!.links.map(({ context }) => context.spanId)).toEqual([wrote.split('-')[2]])
    await connection.admin.delete(jobs)
  })

  test('ours is found there', async () => {
    await using connection = await connect(brokerUrl('rabbitmq'))
    const jobs = queue<string>(uniqueName('pika'))
    await connection.send(jobs, 'x')
    const { traceId, spanId } = recording.finished()[0]!.spanContext()
    expect((await peer('receive', jobs.name)).trim()).toBe(`str 00-${traceId}-${spanId}-01 ${traceId}`)
    await connection.admin.delete(jobs)
  })
})
