/** The faults, and the chapters that must catch each. All other chapters must pass. */
import type {
  AdapterDelivery,
  AdapterReceiver,
  ReceiverEvents,
  Transfer,
} from '../../../../src/contract/adapter.ts'
import type { OutgoingMessage } from '../../../../src/model/message.ts'
import type { Fault } from './faulty-adapter.ts'

/** Chapters whose cases look at which messages come. */
export const THAT_MOVE_MESSAGES = [
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
  'replay',
  'timing',
  'consume',
  'batches',
  'rates',
] as const

function without(...chapters: readonly (typeof THAT_MOVE_MESSAGES)[number][]): readonly string[] {
  return THAT_MOVE_MESSAGES.filter((chapter) => !chapters.includes(chapter))
}

/** The same transfer with another message. */
function changed(transfer: Transfer, change: Partial<OutgoingMessage>): Transfer {
  return {
    message: { ...transfer.message, ...change },
    resend: transfer.resend,
    settle: (error) => transfer.settle(error),
  }
}

/** The events of a link, for a fault that changes some of them. */
function talkingBack(events: ReceiverEvents): ReceiverEvents {
  return {
    deliver: (delivery) => events.deliver(delivery),
    lost: (delivery) => events.lost(delivery),
    gap: (reason, count) => events.gap(reason, count),
    end: () => events.end(),
    detached: (error) => events.detached(error),
  }
}

/** A link, for a fault that changes some of what it does. */
function facade(real: AdapterReceiver): AdapterReceiver {
  return {
    address: real.address,
    accept: (delivery) => real.accept(delivery),
    handedOver: (delivery) => real.handedOver?.(delivery),
    settle: (delivery, verdict) => real.settle(delivery, verdict),
    flow: (credit) => real.flow(credit),
    flush: () => real.flush(),
    close: () => real.close(),
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
    caughtBy: THAT_MOVE_MESSAGES,
    sender(real) {
      let count = 0
      return (transfer) => (++count % 7 === 0 ? transfer.settle() : real.send(transfer))
    },
  },
  {
    name: 'duplicates',
    what: 'sends every fifth message of a link twice',
    caughtBy: without('dead-letter'),
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
    caughtBy: without('settle', 'multicast', 'dead-letter', 'timing', 'consume'),
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
    caughtBy: ['dead-letter', 'replay', 'consume', 'batches'],
    async settle(real, delivery, verdict) {
      if (verdict.kind === 'reject') real.accept(delivery)
      else await real.settle(delivery, verdict)
    },
  },
  {
    name: 'loses-releases',
    what: 'accepts what is released',
    caughtBy: [
      'settle',
      'subscription',
      'multicast',
      'dead-letter',
      'replay',
      'timing',
      'consume',
      'batches',
    ],
    async settle(real, delivery, verdict) {
      if (verdict.kind === 'release' && !verdict.unseen) real.accept(delivery)
      else await real.settle(delivery, verdict)
    },
  },
  {
    name: 'browse-takes',
    what: 'takes what is browsed',
    caughtBy: ['browse', 'replay'],
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
    caughtBy: ['settle', 'subscription', 'consume', 'batches'],
    disguise: { deliveryCount: 1 },
  },
  {
    name: 'ignores-credit',
    what: 'hands over as much as there is, whatever the credit',
    caughtBy: ['settle', 'credit', 'timing', 'batches', 'rates'],
    spec: (spec) => ({ ...spec, credit: 10_000 }),
  },
  {
    name: 'accepts-all-up-to',
    what: 'accepts all that came before what is accepted',
    caughtBy: ['settle', 'batches'],
    attach: async (connection, spec, events) => {
      if (spec.mode === 'browse') return connection.attachReceiver(spec, events)
      const open = new Set<AdapterDelivery>()
      const real = await connection.attachReceiver(spec, {
        ...talkingBack(events),
        deliver(delivery) {
          open.add(delivery)
          events.deliver(delivery)
        },
      })
      return {
        ...facade(real),
        accept(delivery) {
          for (const one of open) {
            open.delete(one)
            real.accept(one)
            if (one === delivery) return
          }
        },
        settle(delivery, verdict) {
          open.delete(delivery)
          return real.settle(delivery, verdict)
        },
      }
    },
  },
  {
    name: 'forgets-accepts',
    what: 'writes ten accepts of a quarter of a second, and forgets the others',
    caughtBy: without('broadcast', 'multicast', 'dead-letter', 'timing', 'consume'),
    attach: async (connection, spec, events) => {
      const real = await connection.attachReceiver(spec, events)
      if (spec.mode === 'browse') return real
      let written = 0
      return {
        ...facade(real),
        accept(delivery) {
          if (written === 0) setTimeout(() => (written = 0), 250)
          if (written++ < 10) real.accept(delivery)
        },
      }
    },
  },
  {
    name: 'hoards',
    what: 'fetches a hundred more than it was given credit for, and keeps them',
    caughtBy: ['settle', 'credit', 'timing', 'batches', 'rates'],
    attach: async (connection, spec, events) => {
      if (spec.mode === 'browse') return connection.attachReceiver(spec, events)
      const kept: AdapterDelivery[] = []
      let free = spec.credit
      const handOver = (): void => {
        for (; free > 0 && kept.length > 0; free--) events.deliver(kept.shift()!)
      }
      const real = await connection.attachReceiver(
        { ...spec, credit: spec.credit + 100 },
        {
          ...talkingBack(events),
          deliver(delivery) {
            kept.push(delivery)
            handOver()
          },
        },
      )
      return {
        ...facade(real),
        accept(delivery) {
          real.accept(delivery)
          free++
          handOver()
        },
        async settle(delivery, verdict) {
          await real.settle(delivery, verdict)
          free++
          handOver()
        },
      }
    },
  },
  {
    name: 'not-live-yet',
    what: 'says that a subscription is live a moment before it is',
    caughtBy: ['topic', 'subscription', 'broadcast', 'dead-letter', 'consume', 'batches', 'messages'],
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
        handedOver: (delivery) => void late.then((real) => real.handedOver?.(delivery), never),
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
    caughtBy: ['request', 'rates', 'bodies'],
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
    caughtBy: [
      'send',
      'settle',
      'browse',
      'broadcast',
      'request',
      'dead-letter',
      'replay',
      'timing',
      'messages',
    ],
    sender: (real) => (transfer) => {
      const properties = Object.fromEntries(
        Object.entries(transfer.message.properties).map(([key, value]) => [key, String(value)]),
      )
      real.send(changed(transfer, { properties }))
    },
  },
]
