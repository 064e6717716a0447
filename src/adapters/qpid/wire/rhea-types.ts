/** The part of rhea this adapter uses, typed strictly: rhea's own types are loose and lack what matters here. */
import type { AmqpError } from '../errors.ts'

export interface Emitter {
  on(event: string, listener: (context: RheaContext) => void): this
  once(event: string, listener: (context: RheaContext) => void): this
  removeAllListeners(event?: string): this
}

export interface RheaDelivery {
  readonly id: number
  readonly remote_state?: { readonly error?: AmqpError }
  /** Our verdict. */
  readonly state?: { readonly descriptor: { readonly value: number } }
  settled: boolean
  /** The peer has settled it: it hears no verdict. */
  readonly remote_settled?: boolean
  /** What has come of it, while it is on its way. */
  readonly frames?: Buffer[]
  accept(): void
  release(params?: { delivery_failed?: boolean; undeliverable_here?: boolean }): void
}

export interface RheaContext {
  readonly delivery?: RheaDelivery
  /** Raw bytes: see `raw-session.ts`; where rhea is built otherwise, what it has decoded. */
  readonly message?: Buffer | object
  readonly error?: unknown
  readonly connection: RheaConnection
  readonly receiver?: RheaReceiver
  readonly sender?: RheaSender
}

export interface RheaLink extends Emitter {
  readonly error?: AmqpError
  readonly session: RheaSession
  /** Credit the peer gave, or we gave; charged when a transfer is written. */
  credit: number
  delivery_count: number
  readonly max_message_size?: number
  /** What the peer said. */
  readonly remote: { readonly attach?: { readonly initial_delivery_count?: number | null } | undefined }
  is_open(): boolean
  is_closed(): boolean
  close(error?: AmqpError): void
  /** A flow is to be written. */
  issue_flow: boolean
}

export interface RheaSender extends RheaLink {
  readonly target?: { readonly address?: string | null } | null
  send(message: Buffer, tag: Buffer | undefined, format: number): RheaDelivery
  sendable(): boolean
  /** Credit that is not used up is given back to a peer that drains. */
  set_drained(drained: boolean): void
}

export interface RheaReceiver extends RheaLink {
  /** As the peer has it. */
  readonly source?: {
    readonly address?: string | null
    readonly distribution_mode?: string | null
    readonly filter?: unknown
  } | null
  drain: boolean
  add_credit(credit: number): void
  drain_credit(): void
  /** The delivery of which more is to come. */
  _incomplete?: RheaDelivery | undefined
  dispatch(event: 'aborted' | 'too_large'): boolean
  /** Called by rhea for every flow of the peer. */
  on_flow(frame: FlowFrame): void
}

export interface RheaSession extends Emitter {
  readonly outgoing: { available(): number; readonly next_delivery_id: number }
  readonly incoming: {
    deliveries: unknown
    /** Settled by us, not told to the peer yet. */
    updated: RheaDelivery[]
    /** Number of the next delivery; `undefined` before the first. */
    next_delivery_id?: number | undefined
    on_transfer(frame: TransferFrame, receiver: RheaReceiver): void
    /** Tells the peer what was settled. */
    process(session: RheaSession): void
  }
  readonly error?: AmqpError
  connection: RheaConnection
  readonly local: { readonly channel: number }
  begin(): void
  close(): void
  on_flow(frame: FlowFrame): void
  on_disposition(frame: DispositionFrame): void
  _get_link(frame: FlowFrame): RheaLink
  _write_flow(): void
  /** Writes what there is to write, and tells of outcomes. */
  _process(): void
  /** Forgets a link that has ended. */
  remove_link(link: RheaLink): void
  open_sender(options: object): RheaSender
  /** Without attaching it; rhea makes those of the peer so, without options. */
  create_sender(name: string, options?: object): RheaSender
  create_receiver(name: string, options?: object): RheaReceiver
  open_receiver(options: object): RheaReceiver
}

export interface FlowFrame {
  readonly performative: {
    readonly drain?: boolean | null
    readonly delivery_count?: number | null
    readonly link_credit?: number | null
    readonly available?: number | null
    readonly echo?: boolean | null
    readonly handle?: number | null
  }
}

export interface DispositionFrame {
  readonly performative: {
    /** Of who settles: true for a receiver. */
    readonly role: boolean
    readonly first: number
    last?: number | null
  }
}

export interface TransferFrame {
  readonly performative: {
    message_format?: number | null
    more?: boolean | null
    readonly aborted?: boolean | null
  }
  payload?: Buffer | undefined
}

export interface OpenFrame {
  /** Unit: ms. */
  idle_time_out?: number | null
  /** Unit: bytes. */
  max_frame_size?: number | null
}

export interface RheaConnection extends Emitter {
  readonly error?: AmqpError
  readonly properties?: Readonly<Record<string, unknown>>
  readonly max_frame_size?: number
  /** Highest number of a session that the peer takes. */
  readonly channel_max?: number | null
  /** Open sessions by number, those that are being closed included. */
  readonly local_channel_map: Readonly<Record<number, RheaSession>>
  create_session(bufferSize?: { incoming: number; outgoing: number }): RheaSession
  readonly socket?: { cork?(): void; uncork?(): void; destroy(): void }
  close(): void
  is_open(): boolean
  is_closed(): boolean
  readonly local: { readonly open: OpenFrame }
  readonly remote: { readonly open: OpenFrame }
  heartbeat_in?: NodeJS.Timeout
  heartbeat_out?: NodeJS.Timeout
  /** Asks for `_process` soon. */
  _register(): void
  /** Does so for all sessions. */
  _process(): void
  /** Without arguments: an empty frame. */
  _write_frame(...frame: unknown[]): void
  /** Forgets a session that has ended. */
  remove_session(session: RheaSession): void
  dispatch(event: 'error', error: unknown): boolean
  /** Gives up a peer that says nothing. */
  idle(): void
}

export interface RheaContainer extends Emitter {
  connect(options: object): RheaConnection
  readonly sasl: {
    client_mechanisms(): {
      enable_plain(username: string, password: string): void
      enable_anonymous(trace: string): void
      enable_external(): void
    }
  }
}

export interface Rhea {
  readonly message: { encode(message: object): Buffer }
  create_container(options: object): RheaContainer
  readonly types: {
    wrap_described(value: unknown, descriptor: number): unknown
    wrap_symbol(value: string): unknown
    wrap_uint(value: number): unknown
    wrap_symbolic_map(value: object): unknown
    wrap_list(value: unknown[]): unknown
  }
}
