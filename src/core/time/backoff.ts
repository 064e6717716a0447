/** Delays between attempts: exponential with jitter, so that many clients do not come back at the same moment. */
interface BackoffOptions {
  /** First delay at most. Unit: ms. */
  readonly minDelayMs: number
  /** Upper bound. Unit: ms. */
  readonly maxDelayMs: number
}

/** Delay before attempt number `attempt` (1 is the first repeat). Between half of the step and the whole of it. */
export function backoffDelay(attempt: number, { minDelayMs, maxDelayMs }: BackoffOptions): number {
  const step = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt - 1, 30))
  return step / 2 + Math.random() * (step / 2)
}
