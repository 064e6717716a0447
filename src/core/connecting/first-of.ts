/** Several ways to the same thing, of which one may be silent for long. */

/**
 * Tries one after the other, and resolves to the first that succeeds. The next begins when the one before has failed, or has been silent for
 * `silenceMs`: then both go on. Those still under way in the end are aborted.
 *
 * @param giveBack takes what such a one brings all the same
 * @throws what the last of them failed with, when all have
 */
export function firstOf<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T>)[],
  silenceMs: number,
  giveBack: (late: T) => void,
): Promise<T> {
  const others = new AbortController()
  return new Promise((resolve, reject) => {
    let begun = 0
    let failed = 0
    let over = false
    let silence: NodeJS.Timeout | undefined
    const succeeded = (value: T): void => {
      if (over) {
        giveBack(value)
        return
      }
      over = true
      clearTimeout(silence)
      others.abort()
      resolve(value)
    }
    const failedWith = (error: unknown): void => {
      if (++failed === attempts.length) reject(error)
      else if (!over) next()
    }
    const next = (): void => {
      clearTimeout(silence)
      const attempt = attempts[begun]
      if (!attempt) return
      begun++
      if (begun < attempts.length) silence = setTimeout(next, silenceMs)
      attempt(others.signal).then(succeeded, failedWith)
    }
    next()
  })
}
