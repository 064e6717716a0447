/** Which dead letters are meant: by what they say of their death, and by a condition on the message. */
import {
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type ReceivedMessage,
} from '../../index.ts'
import { readCondition } from '../message/condition.ts'

/** Every part that is given must fit. */
interface LetterChoice {
  /** The reason, whole. */
  readonly reason?: string | undefined
  /** The origin, whole. */
  readonly origin?: string | undefined
  /** A part of the error. */
  readonly error?: string | undefined
  /** A condition on the message: see `condition.ts`. */
  readonly where?: string | undefined
}

/** For `connection.replay`; `undefined`: all. @throws CommandError on a wrong condition */
export function chosenLetters(choice: LetterChoice): ((letter: ReceivedMessage) => boolean) | undefined {
  const { reason, origin, error, where } = choice
  const tests: ((letter: ReceivedMessage) => boolean)[] = []
  if (reason !== undefined) tests.push(({ properties }) => properties[DEAD_LETTER_REASON] === reason)
  if (origin !== undefined) tests.push(({ properties }) => properties[DEAD_LETTER_ORIGIN] === origin)
  if (error !== undefined)
    tests.push(({ properties }) => {
      const thrown = properties[DEAD_LETTER_ERROR]
      return typeof thrown === 'string' && thrown.includes(error)
    })
  if (where !== undefined) tests.push(readCondition(where).fits)
  return tests.length === 0 ? undefined : (letter) => tests.every((test) => test(letter))
}
