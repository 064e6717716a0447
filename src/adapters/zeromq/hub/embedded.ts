/** Hubs inside this process, one for each address, for as long as somebody uses them. */
import { createHub } from './hub.ts'
import type { Hub } from './hub-api.ts'

const hubs = new Map<string, { opening: Promise<Hub>; shares: number }>()

/** A share in the hub at `address`; the returned function gives it back, the last one closes the hub. */
export async function embeddedHub(address: string, data: string | undefined): Promise<() => Promise<void>> {
  let shared = hubs.get(address)
  if (!shared) {
    shared = { opening: createHub({ listen: [address], data }), shares: 0 }
    hubs.set(address, shared)
  }
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
