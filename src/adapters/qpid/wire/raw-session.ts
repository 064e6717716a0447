/**
 * A session whose messages cross rhea as bytes: this adapter has a codec of its own, because rhea's rounds large integers and
 * loses types.
 *
 * Out, `send(bytes, tag, 0)` writes bytes as they are. In, rhea decodes every message of format 0 and hands others over raw; so a format
 * of ours is put on a transfer as it arrives. One session carries one link: a link without credit must not hold up others.
 */
import { heedPeer } from './peer-habits.ts'
import type { RheaConnection, RheaDelivery, RheaReceiver, RheaSession } from './rhea-types.ts'
import type { SessionTurns } from './session-turns.ts'

/** Any format but 0; never leaves this process. */
const RAW_FORMAT = 1
const NOTHING = Buffer.alloc(0)
/** What a piece of a message costs beside its bytes: a peer may cut one into as many as it likes. Unit: bytes. */
const PIECE_BYTES = 128
/**
 * Frames the peer may send: more than it ever will, because the credit of the link is the bound. Broker-J takes a session whose
 * window is used up by large messages for one whose queue is empty: it returns the credit of a drain, and a browser would end too early.
 */
const INCOMING_FRAMES = 0x7fff_ffff
/** With rhea's own ring, which keeps a place for each. */
const RING_FRAMES = 2_048

export function openRawSession(
  connection: RheaConnection,
  turns: SessionTurns,
  outgoing: number,
  maxMessageBytes: number,
): RheaSession {
  const { found } = turns
  const ownTable = found.has('deliveryTable')
  const session = connection.create_session({ incoming: ownTable ? INCOMING_FRAMES : RING_FRAMES, outgoing })
  turns.add(session)
  const { incoming } = session
  if (ownTable) incoming.deliveries = new DeliveryTable(INCOMING_FRAMES)
  if (found.has('rawTransfers')) takeRaw(incoming, maxMessageBytes)
  if (found.has('verdicts')) writeOneVerdictAtATime(incoming)
  if (found.has('peerHabits')) heedPeer(session)
  session.begin()
  return session
}

/** Where a peer's transfer is more than rhea expects, it is made so that rhea takes it for what it is. */
function takeRaw(incoming: RheaSession['incoming'], maxMessageBytes: number): void {
  const onTransfer = incoming.on_transfer
  /** Of the message that is on its way. */
  let gathered = 0
  let tooLarge = false
  incoming.on_transfer = function (frame, receiver) {
    // What still comes by a link that is being ended.
    if (tooLarge) return
    const { performative } = frame
    const aborted = performative.aborted === true
    if (performative.message_format === 0) performative.message_format = RAW_FORMAT
    // rhea writes to stderr of a broker that sends more than there is credit for.
    if (!performative.more && receiver.credit <= 0) receiver.credit = 1
    // A frame may have no bytes: a message that begins with such pieces would be an exception.
    if (!receiver._incomplete) frame.payload ??= NOTHING
    const { length } = frame.payload ?? NOTHING
    if (length > 0) gathered += length + PIECE_BYTES
    // protocol: numbers of deliveries turn at 32 bits.
    if (this.next_delivery_id !== undefined) this.next_delivery_id >>>= 0
    // rhea would hand over what has come of a message that the peer has given up.
    if (aborted) performative.more = true
    onTransfer.call(this, frame, receiver)
    if (aborted) forget(receiver)
    if (!receiver._incomplete) gathered = 0
    else if (gathered > maxMessageBytes) {
      tooLarge = true
      receiver._incomplete.frames!.length = 0
      receiver.dispatch('too_large')
    }
  }
}

/** The peer has given up the message that it was sending; the delivery is settled thereby, and has used up its credit. */
function forget(receiver: RheaReceiver): void {
  const delivery = receiver._incomplete
  receiver._incomplete = undefined
  if (delivery) delivery.settled = true
  receiver.credit--
  receiver.delivery_count++
  receiver.dispatch('aborted')
}

/** How much of a message that is still on its way has come. Unit: frames. */
export function framesIn({ _incomplete }: RheaReceiver): number {
  return _incomplete?.frames?.length ?? 0
}

function writeOneVerdictAtATime(incoming: RheaSession['incoming']): void {
  const process = incoming.process
  incoming.process = function (owner) {
    for (const run of runsOfOneVerdict(this.updated)) {
      this.updated = run
      process.call(this, owner)
    }
  }
}

/** Descriptor of the outcome `accepted`. */
const ACCEPTED = 0x24

/**
 * rhea 3.0.5 writes one disposition for two neighbours although their verdicts differ (`write_dispositions` compares from the third on):
 * a message released after another was accepted would be accepted too, and lost. So it is given one verdict at a time.
 */
function runsOfOneVerdict(verdicts: RheaDelivery[]): RheaDelivery[][] {
  const runs: RheaDelivery[][] = []
  let from = 0
  for (let at = 1; at < verdicts.length; at++) {
    if (isAccepted(verdicts[at - 1]!) && isAccepted(verdicts[at]!)) continue
    runs.push(verdicts.slice(from, at))
    from = at
  }
  runs.push(from === 0 ? verdicts : verdicts.slice(from))
  return runs
}

function isAccepted({ state }: RheaDelivery): boolean {
  return state?.descriptor.value === ACCEPTED
}

/**
 * Takes the place of rhea's ring of incoming deliveries, which frees places only from its head: one delivery that is held for long would
 * stop its link once the ring is full behind it. Here a settled delivery leaves wherever it stands.
 */
class DeliveryTable {
  readonly capacity: number
  readonly #byId = new Map<number, RheaDelivery>()
  #settledInside = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#byId.size
  }

  available(): number {
    return this.capacity - this.#byId.size
  }

  push(delivery: RheaDelivery): void {
    this.#byId.set(delivery.id, delivery)
  }

  by_id(id: number): RheaDelivery | undefined {
    return this.#byId.get(id)
  }

  pop_if(done: (delivery: RheaDelivery) => boolean): number {
    const before = this.#byId.size
    for (const [id, delivery] of this.#byId) {
      if (!done(delivery)) break
      this.#byId.delete(id)
    }
    // Behind one that is held: a sweep now and then costs little for each settled delivery.
    if (this.#byId.size > 0 && ++this.#settledInside >= Math.max(64, this.#byId.size >> 2)) {
      this.#settledInside = 0
      for (const [id, delivery] of this.#byId) if (done(delivery)) this.#byId.delete(id)
    }
    return before - this.#byId.size
  }
}
