/** Bodies checked by any Standard Schema (zod, valibot, arktype …). */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { abortedError, onAbort } from '../core/aborts.ts'
import { isPromiseLike } from '../core/called-safely.ts'
import { countdown } from '../core/time/countdown.ts'
import { timerMs } from '../core/time/longest-timer.ts'
import { type CodecTable, decodeBody } from '../model/body-codec.ts'
import { type ErrorCode, MessagingError, messageOfThrown } from '../model/errors.ts'
import type { OutgoingMessage } from '../model/message.ts'

/** The body as the schema gives it back; a promise only where the schema is asynchronous. */
export function validateBody(schema: StandardSchemaV1, body: unknown, code: ErrorCode): unknown {
  const failed = (cause: unknown): never => {
    const text = messageOfThrown(cause)
    throw new MessagingError(code, `The schema could not check the body: ${text}`, { cause })
  }
  const read = (result: unknown): unknown => {
    let answer: Answer
    try {
      answer = answerOf(result, code)
    } catch (cause) {
      return failed(cause)
    }
    if (answer.refusal) throw answer.refusal
    return answer.value
  }
  let result: unknown
  let later: boolean
  try {
    result = schema['~standard'].validate(body)
    later = isPromiseLike(result)
  } catch (cause) {
    return failed(cause)
  }
  return later ? Promise.resolve(result).then(read, failed) : read(result)
}

/**
 * Refuses a message whose receiver, with the same schema, would throw it away: checks what the encoded body is decoded to. What the
 * schema makes of it is dropped: the message carries the value as the program gave it, and the receiver's schema changes it, once.
 *
 * @returns a promise only where the schema is asynchronous
 * @throws `ENCODE_FAILED`
 */
export function checkOutgoing(
  schema: StandardSchemaV1,
  message: OutgoingMessage,
  codecs: CodecTable,
): unknown {
  return validateBody(schema, decodeBody(message.body, message.contentType, codecs), 'ENCODE_FAILED')
}

/** A call that waits for its schema. */
interface CheckedCall {
  readonly operation: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * Waits for an asynchronous check as long as the call may take. Resolves to what is left of its time. Unit: ms.
 *
 * @throws `ENCODE_FAILED`, `ABORTED`; nothing was sent then
 */
export function checkedInTime(checking: Promise<unknown>, call: CheckedCall): Promise<number> {
  const { operation, timeoutMs, signal } = call
  const left = countdown(timeoutMs)
  return new Promise((resolve, reject) => {
    const aborted = (): void => end(() => reject(abortedError(signal!, operation, { inDoubt: false })))
    const late = (): void => end(() => reject(lateSchema(operation, timeoutMs)))
    const off = onAbort(signal, aborted)
    const timer = timeoutMs === Infinity ? undefined : setTimeout(late, timerMs(timeoutMs))
    const end = (settle: () => void): void => {
      off()
      clearTimeout(timer)
      settle()
    }
    if (signal?.aborted) aborted()
    checking.then(
      () => end(() => resolve(left())),
      (error) => end(() => reject(error)),
    )
  })
}

function lateSchema(operation: string, timeoutMs: number): MessagingError {
  const text = `The schema did not say within ${timeoutMs} ms whether the body fits; nothing was sent`
  return new MessagingError('ENCODE_FAILED', text, {
    retryable: true,
    hint: 'See what the schema waits for, or allow more time with timeoutMs.',
    context: { operation },
  })
}

interface Answer {
  readonly value?: unknown
  readonly refusal?: MessagingError
}

/** @throws TypeError on what is no answer of a schema */
function answerOf(result: unknown, code: ErrorCode): Answer {
  if (typeof result !== 'object' || result === null) throw new TypeError(`its answer is ${typeof result}`)
  const { issues } = result as StandardSchemaV1.FailureResult
  if (!issues) {
    if (!('value' in result)) throw new TypeError('its answer has neither a value nor issues')
    return { value: result.value }
  }
  const text = issues.map((issue) => `${path(issue)}${String(issue.message)}`).join('; ')
  const refusal = new MessagingError(code, `The body does not fit its schema: ${text}`, {
    hint:
      code === 'ENCODE_FAILED'
        ? 'The schema is asked about the body as it arrives (a Date is its ISO text in JSON): correct the body, or the schema of the address.'
        : 'Correct the body, or the schema of the address.',
  })
  return { refusal }
}

function path(issue: StandardSchemaV1.Issue): string {
  if (!issue.path?.length) return ''
  return `${issue.path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')}: `
}
