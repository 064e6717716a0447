/** Hubs inside this process, one for each address, for as long as somebody uses them. */
import { resolve } from 'node:path'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { createHub } from './hub.ts'
import type { Hub } from './hub-api.ts'

interface Shared {
  readonly opening: Promise<Hub>
  /** Whole path of its store. */
  readonly place: string | undefined
  shares: number
}

const hubs = new Map<string, Shared>()

/**
 * A share in the hub at `address`; the returned function gives it back, the last one closes the hub.
 *
 * @throws `CONFIG_INVALID` where the hub that is there keeps its messages elsewhere
 */
export async function embeddedHub(address: string, data: string | undefined): Promise<() => Promise<void>> {
  const place = data === undefined ? undefined : resolve(data)
  let shared = hubs.get(address)
  if (!shared) {
    shared = { opening: createHub({ listen: [address], data }), place, shares: 0 }
    hubs.set(address, shared)
  }
  if (shared.place !== place) throw otherStore(address, shared.place)
  const mine = shared
  mine.shares++
  const release = async (): Promise<void> => {
    if (--mine.shares > 0) return
    if (hubs.get(address) === mine) hubs.delete(address)
    const hub = await mine.opening.catch(() => undefined)
    await hub?.close()
  }
  try {
    await mine.opening
  } catch (error) {
    await release()
    throw error
  }
  let released: Promise<void> | undefined
  return () => {
    released ??= release()
    return released
  }
}

function otherStore(address: string, place: string | undefined): MessagingError {
  const where = place === undefined ? 'in memory' : `in '${place}'`
  return new MessagingError(
    'CONFIG_INVALID',
    `The embedded hub at ${address} keeps its messages ${where}, which is not the data asked for`,
    {
      hint: 'Give the same data, or another address.',
      context: { adapter: ADAPTER, address, operation: 'connect', option: 'data' },
    },
  )
}
