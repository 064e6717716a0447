/** Abort signals and time limits around promises, without leaving listeners behind. */
import { type ErrorContext, MessagingError } from '../model/errors.ts'
import { timerMs } from './time/longest-timer.ts'

/** The error of a call whose signal was aborted. */
export function abortedError(
  signal: AbortSignal,
  operation: string,
  context: ErrorContext = {},
): MessagingError {
  const doubt = context.inDoubt ? '; the broker may have done it all the same' : ''
  return new MessagingError('ABORTED', `${operation} was aborted${doubt}`, {
    cause: signal.reason,
    context: { ...context, operation },
  })
}

/** Who waits on a signal; one listener stands for all, because Node warns of a leak from the eleventh on. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `listener` when `signal` aborts, once, or soon where it has; the returned function takes it off again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {}
  if (signal.aborted) return soon(listener)
  const all = waiting.get(signal) ?? watch(signal)
  // Two calls may give the same function.
  const own = (): void => listener()
  all.add(own)
  return () => {
    all.delete(own)
    if (all.size === 0 && waiting.get(signal) === all) unwatch(signal)
  }
}

/** A signal tells of its abort once: who comes later would wait for ever. Not at once: its caller does not have the way off yet. */
function soon(listener: () => void): () => void {
  let waits = true
  queueMicrotask(() => {
    if (waits) listener()
  })
  return () => {
    waits = false
  }
}

function watch(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>()
  waiting.set(signal, all)
  signal.addEventListener('abort', tellAll, { once: true })
  return all
}

function unwatch(signal: AbortSignal): void {
  waiting.delete(signal)
  signal.removeEventListener('abort', tellAll)
}

function tellAll(this: AbortSignal): void {
  const all = waiting.get(this)
  waiting.delete(this)
  for (const listener of all ?? []) listener()
}

/** Settles as `promise` does, but resolves after `ms` at the latest; what it rejects with later is dropped. */
export async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  if (await settledWithin(promise, ms)) await promise
  else promise.catch(() => {})
}

/** Resolves to whether `promise` settled within `ms`. Never rejects. */
export function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timerMs(ms))
    const done = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    promise.then(done, done)
  })
}
