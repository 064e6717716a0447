/** Functions of the application: what they throw, or their promises reject with, is told, and ends nothing. */
import { messageOfThrown } from '../model/errors.ts'

/** Calls one that nobody waits for. */
export function calledSafely(call: () => unknown, fault: (fault: unknown) => void = warnProcess): void {
  try {
    const result = call()
    if (isPromiseLike(result)) Promise.resolve(result).catch(fault)
  } catch (error) {
    fault(error)
  }
}

/** Also one of another realm, or of another library. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

/** The last place to tell it: a warning of the process, whatever was thrown. */
export function warnProcess(fault: unknown): void {
  process.emitWarning(isError(fault) ? fault : messageOfThrown(fault))
}

function isError(fault: unknown): fault is Error {
  try {
    return fault instanceof Error
  } catch {
    return false
  }
}
