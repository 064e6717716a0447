/** What an adapter's receiver tells before its attach has returned: held back until its link is known. */
import type { AdapterDelivery, ReceiverEvents } from '../../contract/adapter.ts'

interface HeldBack {
  /** To be given to the adapter. */
  readonly events: ReceiverEvents
  /** The link is known: passes on what came, in order, and everything from now on at once. */
  release(): void
}

/** Deliveries and the end of a browse wait; what concerns a delivery or the link itself does not. */
export function heldBack(owner: ReceiverEvents): HeldBack {
  const early: AdapterDelivery[] = []
  let released = false
  let ended = false
  return {
    events: {
      ...owner,
      deliver(delivery) {
        if (released) owner.deliver(delivery)
        else early.push(delivery)
      },
      end() {
        if (released) owner.end()
        else ended = true
      },
    },
    release() {
      released = true
      for (const delivery of early) owner.deliver(delivery)
      early.length = 0
      if (ended) owner.end()
    },
  }
}
