/** What AMQP 1.0 lets a peer ask or say on a session, and rhea passes over or takes without a bound. */
import type { DispositionFrame, FlowFrame, RheaConnection, RheaLink, RheaSession } from './rhea-types.ts'

/** Deliveries that one disposition of the peer can be about. */
const MOST_SETTLED = 0xf_ffff

/** For a session that has not begun. */
export function heedPeer(session: RheaSession): void {
  const { outgoing, on_flow: onFlow, on_disposition: onDisposition } = session
  // protocol: a flow with `echo` wants one back.
  session.on_flow = function (this: RheaSession, frame: FlowFrame) {
    onFlow.call(this, frame)
    const { echo, handle } = frame.performative
    if (!echo) return
    // order: a link's answer is written behind its messages, which use credit up.
    if (handle != null) this._get_link(frame).issue_flow = true
    else this._write_flow()
  }
  // rhea looks for each delivery between the first and the last, of which a peer may name four billion.
  session.on_disposition = function (this: RheaSession, frame: DispositionFrame) {
    const { performative } = frame
    const { role, first, last } = performative
    if (last != null) {
      const end = role ? outgoing.next_delivery_id - 1 : first + MOST_SETTLED
      performative.last = Math.min(last, end)
    }
    onDisposition.call(this, frame)
  }
}

/** Of a link that is being refused. */
const TAKES_NOTHING = { autoaccept: false, credit_window: 0 }

/**
 * Links that the peer makes are refused: nobody here listens to them, and rhea would accept what comes. It makes them as it makes those of
 * `open_sender()` and `open_receiver()`, but without options.
 */
export function refuseLinks(connection: RheaConnection): void {
  const { create_session: createSession } = connection
  connection.create_session = function (this: RheaConnection, ...size) {
    const session = createSession.apply(this, size)
    session.create_sender = refusing(session.create_sender, 'sender')
    session.create_receiver = refusing(session.create_receiver, 'receiver')
    return session
  }
}

type Create<L> = (this: RheaSession, name: string, options?: object) => L

function refusing<L extends RheaLink>(create: Create<L>, side: 'sender' | 'receiver'): Create<L> {
  return function (name, options) {
    const link = create.call(this, name, options ?? TAKES_NOTHING)
    if (options) return link
    link.once(`${side}_open`, () =>
      link.close({ condition: 'amqp:not-allowed', description: 'This program serves no links' }),
    )
    link.on(`${side}_error`, () => {})
    return link
  }
}
