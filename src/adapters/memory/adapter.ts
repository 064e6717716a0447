/** The embedded broker inside this process: in memory (`memory:`), or on a crash-safe store (`file:`). */

import { type BrokerLease, fileBroker, memoryBroker } from '../../broker/index.ts'
import type { Adapter } from '../../contract/adapter.ts'
import { fileDirectory, memoryName } from '../../core/connecting/embedded-url.ts'
import { fileCapabilities, memoryCapabilities } from './capabilities.ts'
import { EmbeddedConnection } from './connection.ts'
import { checkTarget } from './options.ts'

export const memoryAdapter: Adapter = {
  name: 'memory',
  schemes: ['memory'],
  capabilities: memoryCapabilities,
  validate(target) {
    checkTarget(target)
    memoryName(target.url)
  },
  async connect(target, events, signal) {
    const lease = await memoryBroker(memoryName(target.url))
    await giveUpIfAborted(lease, signal)
    return new EmbeddedConnection(lease, events, memoryCapabilities)
  },
}

export const fileAdapter: Adapter = {
  name: 'file',
  schemes: ['file'],
  capabilities: fileCapabilities,
  validate(target) {
    checkTarget(target)
    fileDirectory(target.url)
  },
  async connect(target, events, signal) {
    const lease = await fileBroker(fileDirectory(target.url))
    await giveUpIfAborted(lease, signal)
    return new EmbeddedConnection(lease, events, fileCapabilities)
  },
}

async function giveUpIfAborted(lease: BrokerLease, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) return
  await lease.release()
  throw signal.reason
}
