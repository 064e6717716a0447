/** Shapes of the calls that look. */
import type {
  BodyRequest,
  BrowseRequest,
  CompareRequest,
  DeadLettersRequest,
  LoginRequest,
  NodesWindow,
  WatchRequest,
} from '../protocol.ts'
import { flag, list, oneOf, optional, record, type Shape, text, whole } from './shapes.ts'

/** Of an address, a condition and the like. Unit: characters. */
const address = text()
const brokerName = text(200)
const MOST = Number.MAX_SAFE_INTEGER

export const place = record<{ broker: string; address: string }>({ broker: brokerName, address })

export const loginRequest = record<LoginRequest>({ password: text(1_024) })

export const browseRequest = record<BrowseRequest>({
  address,
  skip: optional(whole(0, MOST)),
  limit: optional(whole(1, 500)),
  where: optional(text()),
  disturb: optional(flag),
})

export const bodyRequest = record<BodyRequest>({
  address,
  position: whole(0, MOST),
  id: optional(text(1024 * 1024)),
  disturb: optional(flag),
})

export const deadLettersRequest = record<DeadLettersRequest>({ address, disturb: optional(flag) })

export const compareRequest = record<CompareRequest>({ left: place, right: place, disturb: optional(flag) })

const nodesWindowFields = {
  filter: optional(text(500)),
  type: optional(oneOf('queue', 'topic', 'broadcast', 'multicast')),
  sort: optional(oneOf('name', 'depth', 'receivers', 'rate')),
  offset: optional(whole(0, MOST)),
  limit: optional(whole(1, 500)),
}

export const watchRequest = record<WatchRequest>({
  nodes: optional(
    list(record<{ broker: string } & NodesWindow>({ broker: brokerName, ...nodesWindowFields }), 64),
  ),
  tap: optional(
    record<NonNullable<WatchRequest['tap']>>({ broker: brokerName, address, where: optional(text()) }),
  ),
})

const fromText =
  (shape: Shape<NodesWindow[keyof NodesWindow]>): Shape<NodesWindow[keyof NodesWindow]> =>
  (value, path) =>
    shape(value === undefined ? undefined : Number(value), path)

/** The same window from a query, where everything is text. */
export const nodesQuery = record<NodesWindow>({
  ...nodesWindowFields,
  offset: fromText(nodesWindowFields.offset) as typeof nodesWindowFields.offset,
  limit: fromText(nodesWindowFields.limit) as typeof nodesWindowFields.limit,
})
