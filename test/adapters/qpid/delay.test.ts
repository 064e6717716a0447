/**
 * Delayed messages to a receiver that has nothing else to do: Broker-J lets them go without waking it, so the receiver asks once a
 * second. Never early; late by housekeeping (200 ms at the test broker) and that second.
 */
import { expect, test } from 'vitest'
import { Fixture, message, sendOk } from './fixture.ts'

const fixture = new Fixture()
const LATE_MS = 2_500

test.each([20, 50, 100, 250])(
  'after %i ms they come, each in its time, and none is early',
  async (delayMs) => {
    const node = await fixture.node()
    const { inbox, receiver } = await fixture.receiver(node)
    const sender = await fixture.sender(node)
    const due = new Map<string, number>()
    for (let at = 0; at < 20; at++) {
      const delayed = message('x', { delayMs })
      due.set(delayed.id, Date.now() + delayMs)
      await sendOk(sender, delayed)
    }
    for (let at = 0; at < 20; at++) {
      const delivery = await inbox.next()
      const early = due.get(delivery.message.id)! - Date.now()
      expect(early).toBeLessThanOrEqual(0)
      expect(early).toBeGreaterThan(-LATE_MS)
      receiver.accept(delivery)
    }
  },
)
