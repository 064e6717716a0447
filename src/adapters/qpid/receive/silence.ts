/**
 * A broker that is asked for its last word and says nothing: heartbeats tell that its connection lives, not that this link does. A broker may
 * take long to look through a queue, and a large message long to arrive; where neither a message nor a part of one comes for several
 * heartbeats, no answer is expected any more.
 */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

/** Heartbeats without anything until a link counts as silent; it is looked at once in each. */
const HEARTBEATS = 3
/** Where heartbeats are off. Unit: ms. */
const USUAL_HEARTBEAT_MS = 10_000

/**
 * Resolves when `answer` settles, however it does. Keeps no process alive.
 *
 * @param heartbeatMs of the connection; 0: none
 * @param arrived a number that changes with everything that comes by the link
 * @throws `DETACHED` where neither an answer nor anything else came in time
 */
export function heard(
  answer: Promise<unknown>,
  address: string,
  heartbeatMs: number,
  arrived: () => number,
): Promise<void> {
  const lookMs = heartbeatMs || USUAL_HEARTBEAT_MS
  return new Promise((resolve, reject) => {
    let count = arrived()
    let quiet = 0
    const timer = setInterval(() => {
      // A program that stood still may have the answer in its socket: it is read before an immediate runs.
      setImmediate(() => {
        quiet = arrived() === count ? quiet + 1 : 0
        count = arrived()
        if (quiet < HEARTBEATS) return
        clearInterval(timer)
        reject(noAnswer(address, HEARTBEATS * lookMs))
      })
    }, lookMs).unref()
    const settled = (): void => {
      clearInterval(timer)
      resolve()
    }
    answer.then(settled, settled)
  })
}

function noAnswer(address: string, silentMs: number): MessagingError {
  return new MessagingError(
    'DETACHED',
    `The broker does not say whether '${address}' has more messages: for ${silentMs / 1_000} s neither one nor an answer came`,
    {
      hint: 'A broker that answers no flow with drain: true can be browsed with follow: true, which has no end.',
      context: { adapter: ADAPTER, address, operation: 'receive' },
    },
  )
}
