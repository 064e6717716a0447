/** What AMQP 1.0 lets a peer ask or say on a session, and rhea passes over or takes without a bound. */
import type { DispositionFrame, FlowFrame, RheaSession } from './rhea-types.ts'

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
