/** Which messages of a queue are meant: those of the given ids, and those that fit a condition. */
import type { ReceivedMessage } from '../../index.ts'
import { readCondition } from './condition.ts'

interface MessageChoice {
  /** Each stands for one message. */
  readonly ids?: readonly string[] | undefined
  /** See `condition.ts`. */
  readonly where?: string | undefined
}

/** Tells once for each message whether it is meant; `undefined`: all are. @throws CommandError on a wrong condition */
export function chosenMessages({
  ids,
  where,
}: MessageChoice): ((message: ReceivedMessage) => boolean) | undefined {
  const fits = where === undefined || where.trim() === '' ? undefined : readCondition(where).fits
  if (!ids) return fits
  const wanted = new Set(ids)
  // What has the same id once more is another message, which nobody chose.
  return (message) => (!fits || fits(message)) && wanted.delete(message.id)
}
