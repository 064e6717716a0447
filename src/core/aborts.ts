/** Abort signals and time limits around promises, without leaving listeners behind. */
import { MessagingError } from '../api/errors.ts'

/** The error of a call whose signal was aborted. */
export function abortedError(signal: AbortSignal, operation: string): MessagingError {
  return new MessagingError('ABORTED', `${operation} was aborted`, {
    cause: signal.reason,
    context: { operation },
  })
}

/** @throws `ABORTED` when `signal` is aborted already */
export function throwIfAborted(signal: AbortSignal | undefined, operation: string): void {
  if (signal?.aborted) throw abortedError(signal, operation)
}

/** Calls `onAbort` when `signal` aborts; the returned function takes the listener off again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {}
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** `promise`, or `ABORTED` as soon as `signal` aborts. The work behind `promise` goes on. */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  operation: string,
): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortedError(signal, operation))
    const off = onAbort(signal, () => reject(abortedError(signal, operation)))
    promise.then(resolve, reject).finally(off)
  })
}

/** Resolves to whether `promise` settled within `ms`. Never rejects. */
export function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    const done = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    promise.then(done, done)
  })
}
