/**
 * Names at the server: which key holds what of which node, and which channel carries which subject. Pure.
 *
 * All keys of a node share one hash tag, so that a script can change them together in a Cluster. The tag is the node's
 * name up to its first colon: the members of a multicast (`fleet:truck-1`) share a slot, and so do `orders` and
 * `orders:dead`.
 *
 * | Key | Holds |
 * |---|---|
 * | `sluice:q:{orders}` | hash: settings and counters of the queue |
 * | `sluice:q:{orders}#ready` | sorted set: what waits, by rank (priority, then place) |
 * | `sluice:t:{news}`, `#subs` | hashes: a topic, its named subscriptions |
 * | `sluice:s:{news}/archive`, `#ready` … | the queue of a named subscription |
 *
 * The parts behind `#` are those of `scripts/`.
 */
import { memberQueue } from '../../../contract/adapter.ts'

export class Keys {
  readonly prefix: string
  /** Set of `q:NAME` and `t:NAME` of every node that was declared. */
  readonly nodes: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.nodes = `${prefix}:nodes`
  }

  queue(name: string): string {
    return `${this.prefix}:q:${tagged(name)}`
  }

  /** A topic, a broadcast, or the record of a multicast. */
  topic(name: string): string {
    return `${this.prefix}:t:${tagged(name)}`
  }

  /** Channel that tells live subscriptions that their topic was deleted. */
  gone(topic: string): string {
    return `${this.topic(topic)}#gone`
  }

  /** Beside the members of a multicast, in their slot. */
  multicast(name: string): string {
    return `${this.prefix}:m:${tagged(memberQueue(name, ''))}`
  }

  subscription(topic: string, name: string): string {
    return `${this.prefix}:s:${tagged(topic)}/${escapeKey(name).replaceAll('/', '%2F')}`
  }

  /** Exists as long as the requester with this reply address is there. */
  reply(address: string): string {
    return `${this.prefix}:r:{${escapeKey(address)}}`
  }

  /** Channel that tells the receivers of one connection of new work. */
  wake(connection: string): string {
    return `${this.prefix}:wake:${connection}`
  }
}

function tagged(name: string): string {
  const escaped = escapeKey(name)
  const colon = escaped.indexOf(':')
  return colon > 0 ? `{${escaped.slice(0, colon)}}${escaped.slice(colon)}` : `{${escaped}}`
}

/** Braces would change the hash tag, `#` begins a part. */
function escapeKey(name: string): string {
  return /[%{}#]/.test(name) ? name.replace(/[%{}#]/g, hex) : name
}

/** The queue and the topic of one hash tag may be changed by one script. */
export function sameSlot(one: string, other: string): boolean {
  return tagOf(one) === tagOf(other)
}

/** The part of a key that decides its slot. */
export function tagOf(key: string): string {
  return key.slice(key.indexOf('{'), key.indexOf('}'))
}

/**
 * A key that never is, in the slot of `key`. Every script names it, so that the server runs none while the slot is being moved: a master that
 * lacks one of several keys then answers TRYAGAIN. Otherwise a script could see one half of a node at one master and make the
 * other half anew.
 */
export function absentKey(key: string): string {
  return `${key}#none`
}

/** Replies come on a channel of this name, which is also the address that requests carry. */
export const REPLY_PREFIX = 'sluice-reply:'

/** The part of a channel before the subject: dots in the name of a topic are escaped, so that the first dot of a channel always ends it. */
export function channelRoot(topic: string): string {
  return /[%.]/.test(topic) ? topic.replace(/[%.]/g, hex) : topic
}

/** The channel of a subject below `root`: `ROOT.SUBJECT`, and `ROOT` alone for messages without a subject. */
export function channelOf(root: string, subject: string | undefined): string {
  return subject === undefined ? root : `${root}.${subject}`
}

/** The subject in a channel below `root`. */
export function subjectOf(root: string, channel: string): string | undefined {
  return channel.length === root.length ? undefined : channel.slice(root.length + 1)
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
