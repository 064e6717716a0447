/** One time limit for several steps: each gets what the ones before have left. */

/** Starts now; the returned function tells what is left, never less than 0. Unit: ms. */
export function countdown(ms: number): () => number {
  const end = performance.now() + ms
  return () => Math.max(0, end - performance.now())
}
