/** A server that reads its data from disk, or is busy with another program's script, serves again soon: what is asked of it waits. */
import { pause } from '../../../core/time/waiting.ts'
import { textOf } from '../errors.ts'

/** Between two tries. Unit: ms. */
const PAUSE_MS = 100

/** Does `work` again until the server is ready for it, or `signal` ends the wait. Rejects with what else is wrong. */
export async function whenServing<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted || !/^(LOADING|BUSY)\b/.test(textOf(error))) throw error
      await pause(PAUSE_MS, signal)
    }
  }
}
