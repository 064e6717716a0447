/** The addresses a workload uses, by the name of its run: the same in every process, and for the one who sweeps up. */
import {
  type AnyAddress,
  broadcast,
  type CloseOptions,
  type Connection,
  multicast,
  queue,
  type Source,
  service,
  type Target,
  type TopicAddress,
  topic,
} from '../../index.ts'
import { bystanderPatterns, type Plan, SUBSCRIBER_PATTERN } from '../arm.ts'

export interface Places {
  readonly target: Target<Buffer>
  /** One for each receiver, or one that they compete for. */
  readonly sources: readonly Source<Buffer>[]
  /** What is deleted at the end. */
  readonly nodes: readonly AnyAddress[]
}

export function placesOf({ name, workload }: Pick<Plan, 'name' | 'workload'>): Places {
  const { pattern, receivers, durable } = workload
  switch (pattern) {
    case 'fan-out': {
      const node = broadcast<Buffer>(name)
      return { target: node, sources: Array.from({ length: receivers }, () => node), nodes: [node] }
    }
    case 'topic': {
      const node = topic<Buffer>(name)
      const sources = Array.from({ length: receivers }, () => node.matching(SUBSCRIBER_PATTERN))
      return { target: node, sources, nodes: [node] }
    }
    case 'multicast': {
      const node = multicast<Buffer>(name)
      const members = Array.from({ length: receivers }, (_, index) => `member-${index}`)
      const sources = members.map((member) => node.member(member))
      return { target: node.to(...members), sources, nodes: sources }
    }
    case 'request-response':
      return { target: name, sources: [], nodes: [service<Buffer, Uint8Array>(name)] }
    default: {
      const node = queue<Buffer>(name, { durable })
      return { target: node, sources: [node], nodes: [node] }
    }
  }
}

/** Longest wait for one deletion: a broker that does not answer must not hold the report. Unit: ms. */
const DELETE_MS = 3_000
/** Longest wait for a connection to delete over: a try that goes on would keep the process alive. Unit: ms. */
export const SWEEP_CONNECT_MS = 3_000

/** Deletes every node it can; rejects with the first failure once all were tried. */
export async function deleteAll(connection: Connection, nodes: readonly AnyAddress[]): Promise<void> {
  const deletions = nodes.map((node) => connection.admin.delete(node, { timeoutMs: DELETE_MS }))
  const failure = (await Promise.allSettled(deletions)).find(({ status }) => status === 'rejected')
  if (failure?.status === 'rejected') throw failure.reason
}

/** Links attached at once. */
const ATTACHING = 16

/** Attaches those whose patterns never fit; resolves to what ends them. */
export async function attachBystanders(
  connection: Connection,
  node: TopicAddress,
  count: number,
  close: CloseOptions,
): Promise<(() => Promise<unknown>)[]> {
  const closers: (() => Promise<unknown>)[] = []
  const links = bystanderPatterns(count)
  const lane = async (): Promise<void> => {
    for (let link = links.pop(); link; link = links.pop()) {
      const [first, ...more] = link
      const receiver = await connection.receiver(node.matching(first!, ...more))
      closers.push(() => receiver.close(close))
    }
  }
  await Promise.all(Array.from({ length: ATTACHING }, lane))
  return closers
}
