/** Reads and checks what `connect` was given. Pure. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { placeText, readBrokerUrl } from '../../core/connecting/broker-url.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { optionReader } from '../../core/options/option-reader.ts'
import { ADAPTER } from './errors.ts'
import { peerAddresses } from './peer/addresses.ts'
import { decodeZ85 } from './wire/z85.ts'

/** Keys of CURVE, in Z85 text. */
export interface CurveClientOptions {
  /** The hub's public key. */
  readonly serverKey: string
  readonly publicKey: string
  readonly secretKey: string
}

/** The adapter's own options: `connect({ url, native: { ... } })`. */
export interface ZeromqOptions {
  /** `embedded`: run a hub at the URL's address inside this process, for as long as the connection lives. */
  hub?: 'embedded'
  /** Directory of the embedded hub's store. Default: memory. */
  data?: string
  /** Encrypt and authenticate. */
  curve?: CurveClientOptions
  /** `peer`: no hub; ZeroMQ's own patterns directly between processes. Default: `hub`. */
  mode?: 'hub' | 'peer'
  /** Of a peer: one binds, the others connect. Default: `connect`. */
  role?: 'bind' | 'connect'
  /** A peer may bind where other machines can reach it, without encryption or login. Default: false. */
  insecure?: boolean
}

export interface Endpoint {
  /** As ZeroMQ takes it: `tcp://host:port`, `ipc:///path`, `inproc://name`. */
  readonly address: string
  readonly embedded: boolean
  readonly data: string | undefined
  readonly curve: CurveClientOptions | undefined
  readonly heartbeatMs: number
  readonly clientName: string
  /** No hub: what this peer does at the address. */
  readonly peer: 'bind' | 'connect' | undefined
}

const OPTIONS = ['hub', 'data', 'curve', 'mode', 'role', 'insecure'] as const
const URL_FORM = {
  adapter: ADAPTER,
  form: 'zmq://host:port, zmq+ipc:///path or zmq+inproc://name',
  query: ['hub', 'data', 'mode', 'role', 'insecure'],
}
const CURVE_KEYS = ['serverKey', 'publicKey', 'secretKey'] as const
const DEFAULT_PORT = 5600
/** What «never» means on the wire: a day. Unit: ms. */
const NEVER_MS = 86_400_000
/** ZeroMQ does not tell the hub whose connection ended: what a dead client holds comes back after twice this. Unit: ms. */
const MOST_HEARTBEAT_MS = 2_500
/** TCP addresses that no other machine can reach. */
export const LOOPBACK = /^tcp:\/\/(127\.|localhost[:]|\[::1\])/

const { invalid, text } = optionReader(ADAPTER, 'connect()')

/** ZeroMQ takes such an address only when the socket is told before. */
export function isIpv6(address: string): boolean {
  return address.startsWith('tcp://[')
}

/** `zmq://host:port`, `zmq+ipc:///path`, `zmq+inproc://name`; ZeroMQ's own address after `zmq:` is taken as well. @throws `CONFIG_INVALID` naming the wrong part */
export function endpointOf(target: ConnectTarget): Endpoint {
  checkKnownKeys(target.native, OPTIONS, 'connect(): native')
  const native = target.native as ZeromqOptions
  if (target.tls !== undefined) throw invalid('tls', 'is not for ZeroMQ: use native.curve')
  if (native.curve) {
    checkKnownKeys(native.curve, CURVE_KEYS, 'connect(): native.curve')
    for (const key of CURVE_KEYS) decodeZ85(native.curve[key])
  }
  const { address, query } = addressOf(target.url)
  const hub = native.hub ?? query.hub
  if (hub !== undefined && hub !== 'embedded') throw invalid('hub', "is not 'embedded'")
  return {
    address,
    embedded: hub === 'embedded',
    data: text('data', native.data) ?? query.data,
    curve: native.curve,
    heartbeatMs: target.heartbeatMs === 0 ? NEVER_MS : Math.min(target.heartbeatMs, MOST_HEARTBEAT_MS),
    clientName: target.clientName,
    peer: peerRole({ ...query, ...native }, address),
  }
}

function peerRole(
  given: { readonly [key in (typeof OPTIONS)[number]]?: unknown },
  address: string,
): Endpoint['peer'] {
  const { mode = 'hub', role = 'connect', insecure = false } = given
  if (mode !== 'hub' && mode !== 'peer') throw invalid('mode', "is neither 'hub' nor 'peer'")
  if (role !== 'bind' && role !== 'connect') throw invalid('role', "is neither 'bind' nor 'connect'")
  const others = mode === 'peer' ? (['hub', 'data', 'curve'] as const) : (['role', 'insecure'] as const)
  for (const key of others)
    if (given[key] !== undefined) throw invalid(key, mode === 'peer' ? 'is for a hub' : 'is for mode: peer')
  if (mode === 'hub') return undefined
  // It has no handshake, which tells that a peer is there.
  if (address.startsWith('inproc:')) throw invalid('url', 'is inproc, which is for a hub, not for peers')
  peerAddresses(address)
  const open = role === 'bind' && address.startsWith('tcp:') && !LOOPBACK.test(address)
  if (open && String(insecure) !== 'true')
    throw invalid(
      'url',
      'can be reached from other machines, without encryption or login: say insecure: true',
    )
  return role
}

function addressOf(url: string): { address: string; query: Readonly<Record<string, string>> } {
  // ZeroMQ's own address behind `zmq:` is the same as with a plus.
  const { scheme, host, port, path, query, ...login } = readBrokerUrl(
    url.replace(/^zmq:(?=[a-z]+:\/\/)/i, 'zmq+'),
    URL_FORM,
  )
  if (login.username !== undefined || login.password !== undefined)
    throw invalid('url', 'holds a login, which ZeroMQ does not have: use native.curve')
  if (scheme === 'zmq+ipc') {
    if (host !== undefined || path.length < 2) throw invalid('url', 'names no file: write zmq+ipc:///path')
    return { address: `ipc://${path}`, query }
  }
  if (scheme === 'zmq+inproc') {
    if (host === undefined || port !== undefined) throw invalid('url', 'has no name: write zmq+inproc://name')
    return { address: `inproc://${host}${path}`, query }
  }
  if (scheme !== 'zmq' && scheme !== 'zmq+tcp')
    throw invalid('url', 'has a transport other than tcp, ipc and inproc')
  if (host === undefined) throw invalid('url', 'names no host: write zmq://host:port')
  if (path.length > 1) throw invalid('url', 'has a path, which a hub has no use for')
  return { address: `tcp://${placeText(host, port ?? DEFAULT_PORT)}`, query }
}
