/**
 * What the console's page and its server say to each other: JSON over `/api/…`, and one stream of events per tab.
 *
 * Both sides import these types, so a change here that one side does not follow does not compile. Every call carries the
 * header `sluice-console: 1` and the cookie of the session; a refusal is an {@link ApiError} with a status of 400 or more.
 */

/** Names a broker of the configuration; never a URL. */
export type BrokerName = string

export interface ApiError {
  /**
   * One of the library's error codes, or `FORBIDDEN`, `READ_ONLY`, `NOT_FOUND`, `CONFIRMATION_NEEDED`, `TOO_LARGE`, `TOO_MANY`
   * (streams, sessions or tasks), `REQUEST_INVALID`.
   */
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** With `UNAUTHENTICATED` (401): how a session is begun. `link`: by the link that the command printed. */
  readonly login?: 'link' | 'password'
  /** With `CONFIRMATION_NEEDED`: the name that the user has to type. */
  readonly confirm?: string
}

/** `POST /api/login`, where the console has a password; sets the cookie. */
export interface LoginRequest {
  readonly password: string
}

/** `POST /api/link`: a further link that lets one browser in once. */
export interface LinkView {
  readonly url: string
}

/** `GET /api/session`. */
export interface SessionView {
  readonly version: string
  /** `false`: every act is refused, and the page shows no button for one. */
  readonly write: boolean
  /** `false`: no body leaves the server. */
  readonly bodies: boolean
  /** Named addresses of the configuration, for completion. */
  readonly addresses: Readonly<Record<string, string>>
}

/** `GET /api/brokers`, and the event `brokers`. */
export interface BrokerView {
  readonly name: BrokerName
  /** Redacted. */
  readonly url: string
  readonly adapter: string
  /** Product and version as the broker tells them, where it does. */
  readonly product?: string
  readonly state: 'connecting' | 'connected' | 'reconnecting' | 'closed' | 'failed'
  readonly error?: ApiError
  readonly tiers: readonly string[]
  /** The last probe's round trip. Unit: ms. */
  readonly latencyMs?: number
  /** Marked `production` in the configuration: every act asks for the node's name. */
  readonly production: boolean
}

/** `GET /api/brokers/:broker/capabilities`. */
export interface CapabilitiesView {
  readonly features: readonly {
    readonly feature: string
    readonly level: 'native' | 'emulated' | 'unsupported'
    readonly reason?: string
  }[]
  readonly limits: Readonly<Record<string, number | string>>
  readonly maxUnsettled?: number
}

/**
 * A part of a broker's nodes. As a query: `GET /api/brokers/:broker/nodes?filter=&type=&sort=&offset=&limit=`.
 *
 * `filter` is a part of a name, or a name with `*` for anything.
 */
export interface NodesWindow {
  readonly filter?: string
  readonly type?: NodeView['type']
  /** Default `name`, from a to z; the others from large to small. */
  readonly sort?: 'name' | 'depth' | 'receivers' | 'rate'
  readonly offset?: number
  /** Default 100, at most 500. */
  readonly limit?: number
}

export interface NodesPage {
  /** Of all that fit the filter. */
  readonly total: number
  readonly nodes: readonly NodeView[]
  /** Why not all nodes are here: the broker cannot list them. Those that were opened by their address are. */
  readonly unlisted?: ApiError
}

export interface NodeView {
  readonly broker: BrokerName
  /** As the address grammar writes it. */
  readonly address: string
  readonly name: string
  readonly type: 'queue' | 'topic' | 'broadcast' | 'multicast'
  /** Messages waiting; absent where the broker does not tell. */
  readonly depth?: number
  readonly receivers?: number
  /** Change of the depth since the look before. Unit: messages per second. */
  readonly rate?: number
  /**
   * The last looks, oldest first: time in ms since the epoch, depth. At most 120. In an event `nodes` the newest look only,
   * to be put behind those that are there.
   */
  readonly history: readonly (readonly [at: number, depth: number])[]
}

/** `GET /api/brokers/:broker/nodes/:address`. */
export interface NodeDetail extends NodeView {
  /** Whether looking at its messages disturbs it, and how: then it needs a click first. */
  readonly browse: { readonly level: 'native' | 'emulated' | 'unsupported'; readonly reason?: string }
  readonly native: Readonly<Record<string, unknown>>
}

/**
 * `POST /api/brokers/:broker/browse`: one page of waiting messages, from position `after`. The server keeps no link open
 * between two pages.
 */
export interface BrowseRequest {
  readonly address: string
  /** Position of the page: how many messages to pass over. Default: 0. */
  readonly skip?: number
  /** Default: 50, at most 500. */
  readonly limit?: number
  /** A condition in the field language of `drain -p`; only what matches is in the page. */
  readonly where?: string
  /** Needed where browsing disturbs; the page asks first. */
  readonly disturb?: boolean
}

export interface BrowsePage {
  readonly messages: readonly MessageView[]
  /** Where the next page begins; absent at the end. With `where` a page may end early, after much that did not match. */
  readonly next?: number
  /** How many messages were looked at for this page, those that did not match included. */
  readonly looked: number
}

/** A message as the page shows it. Text is raw; the page escapes control and direction characters. */
export interface MessageView {
  /** Its place in the browse it came from. */
  readonly position: number
  readonly id?: string
  readonly subject?: string
  readonly contentType?: string
  readonly correlationId?: string
  readonly replyTo?: string
  readonly priority?: number
  readonly durable?: boolean
  readonly ttlMs?: number
  readonly createdAt?: number
  readonly redelivered?: boolean
  readonly deliveryCount?: number
  readonly properties: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, unknown>>
  readonly body: BodyView
}

/** The first part of a body, at most 64 KiB. */
export interface BodyView {
  readonly kind: 'text' | 'json' | 'binary' | 'damaged' | 'hidden'
  /** Text, JSON text, or hexadecimal of the first bytes. */
  readonly text: string
  /** Unit: bytes of the whole body as it was on the wire, where known. */
  readonly bytes?: number
  readonly truncated: boolean
  readonly error?: ApiError
}

/** `POST /api/brokers/:broker/body` answers with `application/octet-stream`: the whole body of the message. */
export interface BodyRequest {
  readonly address: string
  readonly position: number
  /** The message at that place must still be this one. */
  readonly id?: string
  readonly disturb?: boolean
}

/** `POST /api/brokers/:broker/dead-letters`: the dead letters of a queue, grouped. */
export interface DeadLettersRequest {
  readonly address: string
  readonly disturb?: boolean
}

export interface DeadLettersPage {
  /** The largest first, at most 500. */
  readonly groups: readonly DeadLetterGroup[]
  /** Messages that were looked at, and those among them that say no reason. */
  readonly looked: number
  readonly others: number
}

export interface DeadLetterGroup {
  readonly reason: string
  readonly origin?: string
  readonly error?: string
  readonly count: number
}

/** `POST /api/compare`: two nodes side by side, by id, then by a hash of the body. */
export interface CompareRequest {
  readonly left: { readonly broker: BrokerName; readonly address: string }
  readonly right: { readonly broker: BrokerName; readonly address: string }
  readonly disturb?: boolean
}

export interface ComparePage {
  readonly same: number
  readonly onlyLeft: readonly MessageView[]
  readonly onlyRight: readonly MessageView[]
  readonly different: readonly {
    readonly left: MessageView
    readonly right: MessageView
    readonly fields: readonly string[]
  }[]
  /** The lists hold the first 500 each; these are the whole numbers. */
  readonly counts: { readonly onlyLeft: number; readonly onlyRight: number; readonly different: number }
  /** More than the console keeps in memory (200,000 a side) was there: the numbers are of what was looked at. */
  readonly cut: boolean
}

/**
 * `POST /api/acts`: everything that changes a broker. Long ones go on as a {@link TaskView}.
 *
 * `confirm` is the name of the node that is changed, typed by the user: `purge` and `delete` need it, and on a broker that is
 * marked `production` every act does. Without it the answer is `CONFIRMATION_NEEDED`.
 */
export type Act = { readonly confirm?: string } & ActKind

type ActKind =
  | {
      readonly act: 'send'
      readonly broker: BrokerName
      readonly address: string
      readonly messages: readonly OutgoingView[]
    }
  | {
      readonly act: 'request'
      readonly broker: BrokerName
      readonly address: string
      readonly message: OutgoingView
      readonly timeoutMs?: number
    }
  | {
      readonly act: 'copy' | 'move'
      readonly from: { readonly broker: BrokerName; readonly address: string }
      readonly to: { readonly broker: BrokerName; readonly address: string }
      /** Chosen messages by id; absent: all that match `where`, or all. */
      readonly ids?: readonly string[]
      readonly where?: string
      readonly limit?: number
      /** `copy` looks; needed where that disturbs. */
      readonly disturb?: boolean
    }
  | {
      readonly act: 'replay'
      readonly broker: BrokerName
      readonly address: string
      readonly reason?: string
      readonly origin?: string
      readonly where?: string
      /** Absent: each to where it came from. */
      readonly to?: string
      readonly dryRun?: boolean
      readonly limit?: number
      /** A dry run looks; needed where that disturbs. */
      readonly disturb?: boolean
    }
  | {
      readonly act: 'delete-messages'
      readonly broker: BrokerName
      readonly address: string
      readonly ids: readonly string[]
    }
  | {
      readonly act: 'purge' | 'delete'
      readonly broker: BrokerName
      readonly address: string
    }
  | { readonly act: 'declare'; readonly broker: BrokerName; readonly address: string }
  | {
      /** What the topic gets under the pattern (all without one) goes to the queue `to` as well. */
      readonly act: 'bind'
      readonly broker: BrokerName
      readonly address: string
      readonly to: string
      readonly pattern?: string
    }

export interface OutgoingView {
  readonly body: { readonly kind: 'text' | 'json' | 'base64'; readonly text: string }
  readonly fields?: Readonly<Record<string, unknown>>
}

/** The answer to an act: it is done, or it goes on as a task. */
export interface ActResult {
  /** The command line that does the same. */
  readonly command: string
  readonly done?: {
    readonly text: string
    readonly ids?: readonly string[]
    readonly answer?: MessageView
    readonly count?: number
  }
  readonly task?: TaskView
}

/** A long act. `POST /api/tasks/:id/stop` ends it after the message at hand; nothing is lost. */
export interface TaskView {
  readonly id: string
  readonly act: string
  readonly text: string
  readonly command: string
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  /** Messages handled; `total` where it is known. */
  readonly count: number
  readonly total?: number
  readonly error?: ApiError
  readonly startedAt: number
}

/** `GET /api/tasks`: those that run, and the last ones that ended. */
export interface TasksView {
  readonly tasks: readonly TaskView[]
}

/**
 * `GET /api/stream` (server-sent events): one per tab, read by `fetch`, because it carries the header of all calls. The text of
 * an event is a {@link StreamEvent} in JSON. `POST /api/stream/:id/watch` says what this tab wants to see;
 * the first event `hello` tells the id.
 */
export interface WatchRequest {
  /** What of the nodes is on the page, one window a broker; told again after every look. */
  readonly nodes?: readonly ({ readonly broker: BrokerName } & NodesWindow)[]
  /** A topic, or a queue where a following browse is native. */
  readonly tap?: { readonly broker: BrokerName; readonly address: string; readonly where?: string }
}

export type StreamEvent =
  | { readonly event: 'hello'; readonly id: string }
  | { readonly event: 'brokers'; readonly brokers: readonly BrokerView[] }
  | ({ readonly event: 'nodes'; readonly broker: BrokerName } & NodesPage)
  | {
      readonly event: 'tap'
      readonly messages: readonly MessageView[]
      /** How many the tap left out since the event before. */
      readonly leftOut: number
    }
  | { readonly event: 'tap-ended'; readonly error?: ApiError }
  | { readonly event: 'task'; readonly task: TaskView }
