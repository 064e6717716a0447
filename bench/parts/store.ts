/**
 * What a sync to the disk costs alone, and a durable send that waits for it, one after the other: through the embedded broker, by a put
 * on bare lmdb. With many sends open the figures of the table say how many messages share a sync.
 */
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'lmdb'
import { connect, queue } from '../../src/index.ts'
import { type Part, type Several, several } from './part.ts'

const BYTES = 200
const PAGE = 4096
const TURNS = 300

export interface StoreResult {
  /** Each: time of one, waited for. Unit: µs. */
  readonly syncUs: Several
  readonly lmdbPutUs: Several
  readonly sendUs: Several
}

/** Disks have moods: the three take turns, one of each. */
export const store: Part = async ({ url, folder }) => {
  await using connection = await connect(url)
  await using sender = await connection.sender(queue('syncs'))
  await using plain = await openFile(join(folder, 'plain'), 'w')
  const lmdb = open<Buffer, number>({
    path: join(folder, 'lmdb'),
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'uint32',
    overlappingSync: false,
    eventTurnBatching: false,
  } as never)
  const [page, body] = [Buffer.alloc(PAGE, 'x'), Buffer.alloc(BYTES, 'x')]
  const times: Record<string, number[]> = { sync: [], put: [], send: [] }
  const ways: Record<string, (turn: number) => Promise<unknown>> = {
    sync: async (turn) => {
      await plain.write(page, 0, PAGE, (turn % 100) * PAGE)
      await plain.datasync()
    },
    put: (turn) => lmdb.put(turn, body),
    send: () => sender.send(body),
  }
  for (let turn = -TURNS / 3; turn < TURNS; turn++) {
    for (const [name, way] of Object.entries(ways)) {
      const begun = performance.now()
      await way(turn + TURNS)
      if (turn >= 0) times[name]!.push((performance.now() - begun) * 1000)
    }
  }
  await lmdb.close()
  const result: StoreResult = {
    syncUs: quarters(times.sync!),
    lmdbPutUs: quarters(times.put!),
    sendUs: quarters(times.send!),
  }
  return result
}

/** The middle half: the least and the most of hundreds say little. */
function quarters(values: readonly number[]): Several {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice(sorted.length >> 2, (sorted.length * 3) >> 2)
  return several(middle)
}
