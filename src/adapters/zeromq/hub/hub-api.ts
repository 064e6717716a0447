/** What a program sees of a hub. Names nothing of the client library, which may be absent. */
import type { CurveHubOptions } from './curve.ts'

/** Options of `createHub()`. */
export interface HubOptions {
  /** Where to listen: `tcp://127.0.0.1:5600`, `ipc:///path`, `inproc://name`. A port `*` takes a free one. */
  readonly listen: readonly string[]
  /** Directory of the store. Default: everything in memory. */
  readonly data?: string
  /** Encryption, and the clients that are let in. Default: none of both. */
  readonly curve?: CurveHubOptions
  /** Listen beyond this machine without CURVE. Default false. */
  readonly insecure?: boolean
  /** Larger bodies are refused; a peer that sends them all the same is cut off. Unit: bytes. Default 64 MiB. */
  readonly maxMessageBytes?: number
  /** Clients at once. Default 10,000. */
  readonly maxSessions?: number
}

/** A running hub: the embedded broker, served over ZeroMQ. */
export interface Hub extends AsyncDisposable {
  /** URLs for `connect`, with the real ports. */
  readonly urls: readonly string[]
  /** Clients with a session now. */
  readonly sessions: number
  /** Clients are told, the store is closed; when it resolves another hub can have the address and the directory. Idempotent. */
  close(): Promise<void>
}
