/**
 * A real adapter with one fault, to show that the suite can fail: a conformance suite that passes a broken adapter proves
 * nothing. The fault sits at the contract, between the API and the real adapter.
 */
import type {
  Adapter,
  AdapterConnection,
  AdapterDelivery,
  AdapterReceiver,
  AdapterSender,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
  Transfer,
  Verdict,
} from '../../../../src/contract/adapter.ts'

/** One fault; what it leaves out works as it should. */
export interface Fault {
  readonly name: string
  /** What is wrong with the adapter, in a few words. */
  readonly what: string
  /** Called for every transfer instead of handing it to the sender. State may be kept in the closure: one per link. */
  sender?(real: AdapterSender, spec: SenderSpec): (transfer: Transfer) => void
  /** Changes what a receiver asks for. */
  spec?(spec: ReceiverSpec): ReceiverSpec
  /** What a delivery pretends to be. */
  disguise?: Partial<AdapterDelivery>
  /** Called instead of `settle`. */
  settle?(real: AdapterReceiver, delivery: AdapterDelivery, verdict: Verdict): Promise<void>
  /** Called instead of `takeOut`. */
  takeOut?(real: AdapterReceiver, delivery: AdapterDelivery): Promise<void>
  /** Called instead of the real `attachReceiver`. */
  attach?(connection: AdapterConnection, spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver>
}

/** The adapter under another scheme, with the fault in it. */
export function withFault(real: Adapter, scheme: string, fault: Fault): Adapter {
  const renamed = (url: string): string => url.replace(/^[^:]+:/, `${real.schemes[0]}:`)
  return {
    name: real.name,
    schemes: [scheme],
    capabilities: real.capabilities,
    validate: (target) => real.validate({ ...target, url: renamed(target.url) }),
    async connect(target, events, signal) {
      const connection = await real.connect({ ...target, url: renamed(target.url) }, events, signal)
      return new FaultyConnection(connection, fault).facade
    },
  }
}

class FaultyConnection {
  readonly #real: AdapterConnection
  readonly #fault: Fault
  readonly facade: AdapterConnection

  constructor(real: AdapterConnection, fault: Fault) {
    this.#real = real
    this.#fault = fault
    this.facade = new Proxy(real, {
      get: (target, key) => {
        if (key === 'attachSender') return this.attachSender
        if (key === 'attachReceiver') return this.attachReceiver
        if (key === 'attachRequester') return this.attachRequester
        const value = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  readonly attachSender: AdapterConnection['attachSender'] = async (spec, events) => {
    const real = await this.#real.attachSender(spec, events)
    return faultySender(real, spec, this.#fault)
  }

  readonly attachRequester: AdapterConnection['attachRequester'] = async (spec, events) => {
    const real = await this.#real.attachRequester(spec, events)
    return Object.assign(faultySender(real, spec, this.#fault), { replyTo: real.replyTo })
  }

  readonly attachReceiver: AdapterConnection['attachReceiver'] = async (asked, events) => {
    const fault = this.#fault
    const spec = fault.spec?.(asked) ?? asked
    const masked = disguising(events, fault)
    const real = await (fault.attach?.(this.#real, spec, masked) ?? this.#real.attachReceiver(spec, masked))
    return {
      address: real.address,
      accept: (delivery) => real.accept(unmasked(delivery)),
      handedOver: (delivery) => real.handedOver?.(unmasked(delivery)),
      settle: (delivery, verdict) =>
        fault.settle?.(real, unmasked(delivery), verdict) ?? real.settle(unmasked(delivery), verdict),
      ...(real.takeOut && {
        takeOut: (delivery: AdapterDelivery) =>
          fault.takeOut?.(real, unmasked(delivery)) ?? real.takeOut!(unmasked(delivery)),
      }),
      flow: (credit) => real.flow(credit),
      flush: () => real.flush(),
      close: () => real.close(),
    }
  }
}

/** A delivery that pretends; the real adapter wants its own object back. */
class Masked implements AdapterDelivery {
  readonly real: AdapterDelivery
  readonly message: AdapterDelivery['message']
  readonly deliveryCount: number
  readonly redelivered: boolean

  constructor(real: AdapterDelivery, mask: Partial<AdapterDelivery>) {
    this.real = real
    this.message = mask.message ?? real.message
    this.deliveryCount = mask.deliveryCount ?? real.deliveryCount
    this.redelivered = mask.redelivered ?? real.redelivered
  }
}

function unmasked(delivery: AdapterDelivery): AdapterDelivery {
  return delivery instanceof Masked ? delivery.real : delivery
}

function disguising(events: ReceiverEvents, { disguise }: Fault): ReceiverEvents {
  if (!disguise) return events
  return {
    deliver: (delivery) => events.deliver(new Masked(delivery, disguise)),
    lost: (delivery) => events.lost(delivery),
    gap: (reason, count) => events.gap(reason, count),
    end: () => events.end(),
    detached: (error) => events.detached(error),
  }
}

function faultySender(real: AdapterSender, spec: SenderSpec, fault: Fault): AdapterSender {
  const send = fault.sender?.(real, spec) ?? ((transfer: Transfer) => real.send(transfer))
  return { send, close: () => real.close() }
}
