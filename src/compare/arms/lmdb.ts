/**
 * The control arm on `file:`: lmdb by itself as a hand-written queue inside one process. A message is put, handed over once the
 * commit is on the disk, and removed. No priorities, no time limits, no redelivery: what a queue on that store costs at least.
 */
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { clientLibrary } from '../../core/connecting/client-library.ts'
import type { Arm, ArmEvents, ArmRun, Plan } from '../arm.ts'

export function lmdbArm(url: string): Arm {
  const place = ({ name }: Plan): string => `${directoryOf(url)}-${name}`
  return {
    library: 'lmdb',
    kind: 'bare',
    adapter: 'file',
    url,
    patterns: ['point-to-point'],
    open: (plan, events) => openQueue(place(plan), plan, events),
    sweep: (plan) => rm(place(plan), { recursive: true, force: true }),
  }
}

/** Beside the store of the library under test, so on the same disk. */
function directoryOf(url: string): string {
  return url.startsWith('file://') ? fileURLToPath(url) : decodeURIComponent(url.slice('file:'.length))
}

async function openQueue(path: string, { workload }: Plan, events: ArmEvents): Promise<ArmRun> {
  const { open } = await clientLibrary('lmdb', () => import('lmdb'))
  const options = {
    path,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'uint32',
    cache: false,
    // A commit is told when it is synced, as the library under test asks it to.
    overlappingSync: false,
    eventTurnBatching: false,
  } as const
  const queue = open<Buffer, number>(options as Parameters<typeof open>[0] & { path: string })
  let key = 0
  let receiver = 0
  return {
    settings: {
      broker: 'none',
      capacity: workload.inFlight,
      durable: true,
      confirmed: 'each, on the disk',
      accepted: 'each',
    },
    tier: 'T3',
    attachReceivers: async () => {},
    async send(_sequence, body) {
      const own = key++
      await queue.put(own, body)
      events.arrived(body, false, 0, receiver++ % workload.receivers)
      queue.remove(own).catch((error) => events.failed(error as Error))
    },
    async close() {
      await queue.flushed
      await queue.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}
