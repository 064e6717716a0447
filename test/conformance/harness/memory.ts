/** The embedded broker on the memory store. */
import { memoryAdapter } from '../../../src/adapters/memory/adapter.ts'
import type { Harness } from '../suite/index.ts'
import { severable } from './severable.ts'

const IN_PROCESS = 'the broker lives in this process: there is no other way to it'

export function memoryHarness(name = 'conformance'): Harness {
  const url = (): string => `memory:${name}`
  return {
    name: 'memory',
    target: () => ({ url: url() }),
    faults: severable(memoryAdapter, `cut-memory-${name}`, url),
    without: {
      silence: 'a call within the process cannot fall silent',
      broker: 'the broker ends with its process, and its messages with it',
      liveRestart: 'the broker ends with its process, and its messages with it',
      kill: 'the broker ends with its process, and its messages with it',
      witness: 'no other client library speaks to a broker in this process',
      process: IN_PROCESS,
      processRefusal: IN_PROCESS,
      deadAddress: 'there is no address to be dead: the broker comes with the connection',
      wrongLogin: 'there is no login',
      otherPort: 'there is no port',
    },
  }
}
