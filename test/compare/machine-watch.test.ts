/** A comparison on a machine that has other work says so. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { MachineWatch } from '../../src/compare/figures/machine-watch.ts'

test('programs that keep every processor busy are noticed', async () => {
  const busy: ChildProcess[] = []
  try {
    for (let at = 0; at < availableParallelism() * 2; at++) {
      const child = spawn(process.execPath, ['-e', 'console.log(0); for (;;);'])
      busy.push(child)
      await once(child.stdout!, 'data')
    }
    expect(new MachineWatch().end().waited).toBeGreaterThan(1.2)
  } finally {
    for (const child of busy) child.kill('SIGKILL')
  }
}, 60_000)
