import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../../src/broker/index.ts'
import { Hand } from '../harness.ts'

let broker: Broker
let hand: Hand

beforeEach(async () => {
  broker = await Broker.open()
  hand = new Hand(broker)
})

afterEach(() => broker.close())

test('a native option that would change nothing is refused by name, and no node is made', async () => {
  await expect(hand.queue('q', { native: { 'qpid.policy_type': 'ring' } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    context: { option: 'qpid.policy_type' },
  })
  await expect(hand.topic('t', { native: { arguments: {} } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
  expect(await hand.session.list()).toEqual([])
})
