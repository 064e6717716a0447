/** The faults, and the chapters that must catch each. All other chapters must pass. */
import type { AdapterDelivery, Transfer } from '../../../src/contract/adapter.ts'
import type { OutgoingMessage } from '../../../src/model/message.ts'
import type { Fault } from './faulty-adapter.ts'

/** The same transfer with another message. */
function changed(transfer: Transfer, change: Partial<OutgoingMessage>): Transfer {
  return {
    message: { ...transfer.message, ...change },
    resend: transfer.resend,
    settle: (error) => transfer.settle(error),
  }
}

export interface KnownFault extends Fault {
  /** Chapters that guard against it. */
  readonly caughtBy: readonly string[]
}

export const faults: readonly KnownFault[] = [
  {
    name: 'drops',
    what: 'says that every seventh message of a link was accepted, and drops it',
    caughtBy: [
      'send',
      'queue',
      'settle',
      'credit',
      'browse',
      'topic',
      'subscription',
      'broadcast',
      'multicast',
      'request',
      'dead-letter',
      'timing',
      'consume',
    ],
    sender(real) {
      let count = 0
      return (transfer) => (++count % 7 === 0 ? transfer.settle() : real.send(transfer))
    },
  },
  {
    name: 'duplicates',
    what: 'sends every fifth message of a link twice',
    caughtBy: [
      'send',
      'queue',
      'settle',
      'credit',
      'browse',
      'topic',
      'subscription',
      'broadcast',
      'multicast',
      'request',
      'timing',
      'consume',
    ],
    sender(real) {
      let count = 0
      return (transfer) => {
        real.send(transfer)
        if (++count % 5 === 0) real.send({ ...changed(transfer, {}), settle: () => {} })
      }
    },
  },
  {
    name: 'reorders',
    what: 'sends the messages of one turn of the event loop backwards',
    caughtBy: ['send', 'queue', 'credit', 'browse', 'topic', 'subscription', 'broadcast', 'request'],
    sender(real) {
      let waiting: Transfer[] = []
      return (transfer) => {
        if (waiting.push(transfer) > 1) return
        queueMicrotask(() => {
          const all = waiting
          waiting = []
          for (const one of all.reverse()) real.send(one)
        })
      }
    },
  },
  {
    name: 'prefix-match',
    what: 'matches subjects by prefix instead of by pattern',
    caughtBy: ['topic', 'subscription'],
    spec: (spec) => ({
      ...spec,
      patterns: spec.patterns.map((pattern) => (pattern.endsWith('#') ? pattern : `${pattern}.#`)),
    }),
  },
  {
    name: 'ignores-ttl',
    what: 'keeps expired messages',
    caughtBy: ['timing'],
    sender: (real) => (transfer) => real.send(changed(transfer, { ttlMs: undefined })),
  },
  {
    name: 'ignores-priority',
    what: 'sends everything with the normal priority',
    caughtBy: ['timing', 'messages'],
    sender: (real) => (transfer) => real.send(changed(transfer, { priority: undefined })),
  },
  {
    name: 'ignores-delay',
    what: 'delivers delayed messages at once',
    caughtBy: ['timing'],
    sender: (real) => (transfer) => real.send(changed(transfer, { delayMs: undefined })),
  },
  {
    name: 'swallows-rejects',
    what: 'accepts what is rejected',
    caughtBy: ['dead-letter', 'consume'],
    async settle(real, delivery, verdict) {
      if (verdict.kind === 'reject') real.accept(delivery)
      else await real.settle(delivery, verdict)
    },
  },
  {
    name: 'loses-releases',
    what: 'accepts what is released',
    caughtBy: ['settle', 'subscription', 'multicast', 'dead-letter', 'timing', 'consume'],
    async settle(real, delivery, verdict) {
      if (verdict.kind === 'release' && !verdict.unseen) real.accept(delivery)
      else await real.settle(delivery, verdict)
    },
  },
  {
    name: 'browse-takes',
    what: 'takes what is browsed',
    caughtBy: ['browse'],
    attach: async (connection, spec, events) => {
      const looker = await connection.attachReceiver(spec, events)
      if (spec.mode !== 'browse') return looker
      return {
        accept: (delivery) => looker.accept(delivery),
        settle: (delivery, verdict) => looker.settle(delivery, verdict),
        flow: (credit) => looker.flow(credit),
        flush: () => looker.flush(),
        async close() {
          await looker.close()
          const taken: AdapterDelivery[] = []
          const taker = await connection.attachReceiver(
            { ...spec, mode: 'consume' },
            { deliver: (delivery) => taken.push(delivery), lost() {}, gap() {}, end() {}, detached() {} },
          )
          await taker.flush()
          for (const delivery of taken) taker.accept(delivery)
          await taker.close()
        },
      }
    },
  },
  {
    name: 'takes-nothing',
    what: 'says that a replayed message was taken out, and leaves it',
    caughtBy: ['replay'],
    takeOut: async (real, delivery) => real.accept(delivery),
  },
  {
    name: 'forgets-redelivered',
    what: 'never marks a delivery as redelivered',
    caughtBy: ['queue', 'settle', 'subscription'],
    disguise: { redelivered: false },
  },
  {
    name: 'miscounts',
    what: 'always says that it is the first delivery',
    caughtBy: ['settle', 'subscription', 'consume'],
    disguise: { deliveryCount: 1 },
  },
  {
    name: 'ignores-credit',
    what: 'hands over as much as there is, whatever the credit',
    caughtBy: ['settle', 'credit', 'timing'],
    spec: (spec) => ({ ...spec, credit: 10_000 }),
  },
  {
    name: 'not-live-yet',
    what: 'says that a subscription is live a moment before it is',
    caughtBy: ['topic', 'subscription', 'broadcast', 'dead-letter', 'consume', 'messages'],
    attach: async (connection, spec, events) => {
      if (spec.patterns.length === 0 && spec.source.type !== 'broadcast')
        return connection.attachReceiver(spec, events)
      const late = new Promise<void>((resolve) => setTimeout(resolve, 60)).then(() =>
        connection.attachReceiver(spec, events),
      )
      // The node may be gone by then: a link that never came to be has nothing to do.
      const never = (): void => {}
      return {
        accept: (delivery) => void late.then((real) => real.accept(delivery), never),
        settle: (delivery, verdict) => late.then((real) => real.settle(delivery, verdict)),
        flow: (credit) => void late.then((real) => real.flow(credit), never),
        flush: () => late.then((real) => real.flush(), never),
        close: () => late.then((real) => real.close(), never),
      }
    },
  },
  {
    name: 'blind-to-missing',
    what: 'says that a message to a place that does not exist was accepted',
    caughtBy: ['send', 'multicast', 'request', 'timing'],
    sender: (real) => (transfer) =>
      real.send({
        ...changed(transfer, {}),
        settle: (error) => transfer.settle(error?.code === 'SEND_UNROUTABLE' ? undefined : error),
      }),
  },
  {
    name: 'crosses-answers',
    what: 'gives every answer the correlation id of the one before',
    caughtBy: ['request', 'bodies'],
    sender(real, spec) {
      let before: string | undefined
      return (transfer) => {
        const own = transfer.message.correlationId
        const crossed = spec.target === undefined && own !== undefined && before !== undefined
        if (spec.target === undefined) {
          real.send(crossed ? changed(transfer, { correlationId: before }) : transfer)
          before = own
        } else real.send(transfer)
      }
    },
  },
  {
    name: 'flattens-types',
    what: 'turns every property into a string',
    caughtBy: ['send', 'settle', 'browse', 'broadcast', 'request', 'dead-letter', 'timing', 'messages'],
    sender: (real) => (transfer) => {
      const properties = Object.fromEntries(
        Object.entries(transfer.message.properties).map(([key, value]) => [key, String(value)]),
      )
      real.send(changed(transfer, { properties }))
    },
  },
]
