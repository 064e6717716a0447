/** What an unsupported feature looks like from outside: asked for, it is refused with NOT_SUPPORTED before anything happens. */
import assert from 'node:assert/strict'
import { type Feature, queue } from 'sluice'
import type { CaseContext } from './context.ts'
import { fails } from './expect.ts'

type Refusal = (c: CaseContext) => Promise<unknown>

/** Features that a program asks for by a call. The others (`orderedRelease`, `deliveryCount` …) are properties, not calls. */
const ASK: Partial<Readonly<Record<Feature, Refusal>>> = {
  queue: (c) => c.connection.sender(queue(c.name('q'))),
  topic: (c) => c.connection.receiver(c.topic().matching('#')),
  broadcast: (c) => c.connection.receiver(c.broadcast()),
  multicast: (c) => c.connection.send(c.multicast().to('a'), 'x'),
  request: (c) => c.connection.request(c.service<string, string>(), 'x', { timeoutMs: 1_000 }),
  browse: (c) => c.connection.browse(c.queue()).next(),
  browseFollow: (c) => c.connection.browse(c.queue(), { follow: true }).next(),
  namedSubscription: (c) => c.connection.receiver(c.topic().subscription('s')),
  priority: (c) => c.connection.send(c.queue(), 'x', { priority: 9 }),
  ttl: (c) => c.connection.send(c.queue(), 'x', { ttlMs: 1_000 }),
  delay: (c) => c.connection.send(c.queue(), 'x', { delayMs: 1_000 }),
  delayedRelease: releaseDelayed,
  maxDeliveries: (c) => c.connection.receiver(c.queue('q', { maxDeliveries: 3 })),
  deadLetter: (c) => c.connection.receiver(c.queue('q', { deadLetter: c.queue('aside') })),
  replay: (c) => c.connection.replay(c.queue()),
  maxLength: (c) => c.connection.sender(c.queue('q', { maxLength: 3 })),
  expires: (c) => c.connection.sender(c.queue('q', { expiresMs: 60_000 })),
  exclusive: (c) => c.connection.receiver(c.queue('q', { exclusive: true })),
  selector: async (c) => {
    const orders = c.queue()
    await c.connection.send(orders, 'x')
    return c.connection.receiver(`${orders.name}; {link: {selector: 'a = 1'}}`)
  },
  bindings: (c) => {
    const orders = c.queue()
    return c.connection.receiver(
      `${orders.name}; {create: always, node: {x-bindings: [{exchange: 'e', key: 'k'}]}}`,
    )
  },
  declare: (c) => c.connection.admin.declare(c.queue()),
  delete: (c) => c.connection.admin.delete(c.queue()),
  purge: (c) => c.connection.admin.purge(c.queue()),
  inspect: (c) => c.connection.admin.inspect(c.queue()),
  list: (c) => c.connection.admin.list(),
}

/** Whether the absence of the feature can be asked for. */
export function refusable(feature: Feature): boolean {
  return ASK[feature] !== undefined
}

/** Asserts that asking for the feature is NOT_SUPPORTED with the declared reason, its own or that of another feature that is `lacking`. */
export async function assertRefused(
  c: CaseContext,
  feature: Feature,
  lacking: readonly Feature[],
): Promise<void> {
  const error = await fails(async () => await ASK[feature]!(c), 'NOT_SUPPORTED')
  // What is missing and cannot be made is refused for that.
  const reasons = [feature, ...lacking, 'declare' as const].map(
    (one) => c.connection.capabilities.features[one].note,
  )
  assert.ok(reasons[0], `${feature} is unsupported without a reason`)
  assert.ok(
    reasons.some((reason) => reason !== undefined && error.message.includes(reason)),
    `the refusal does not give the declared reason: ${error.message}`,
  )
}

async function releaseDelayed(c: CaseContext): Promise<void> {
  const orders = c.queue()
  await c.connection.send(orders, 'x')
  const receiver = await c.connection.receiver(orders)
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  await delivery!.release({ delayMs: 1_000 })
}
