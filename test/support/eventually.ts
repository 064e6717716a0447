/** Awaits a condition, where a fixed sleep would be too long or too short. */
import { setTimeout as delay } from 'node:timers/promises'

export interface EventuallyOptions {
  /** Default 5000. */
  readonly timeoutMs?: number
  /** Pause between two looks. Default 20. */
  readonly intervalMs?: number
  /** What is awaited, for the error. */
  readonly what?: string
}

/**
 * Looks until `condition` gives something truthy, and resolves to that. A condition that throws is looked at
 * again. Rejects at the deadline, with what it threw last as the cause.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 5000, intervalMs = 20, what = condition.toString() }: EventuallyOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    try {
      cause = undefined
      const value = await condition()
      if (value) return value
    } catch (error) {
      cause = error
    }
    if (performance.now() >= deadline) {
      const reason = cause instanceof Error ? `: ${cause.message}` : ''
      throw new Error(`Not within ${timeoutMs} ms: ${what}${reason}`, { cause })
    }
    await delay(intervalMs)
  }
}
