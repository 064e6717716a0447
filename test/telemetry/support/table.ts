/** The spans of every pattern, as they are on every adapter; `orders`, `quotes` … stand for the names of a run. */
import type { SpanLine } from './recording.ts'

interface Row {
  readonly span: string
  readonly kind: 'PRODUCER' | 'CLIENT' | 'CONSUMER'
  readonly parent?: string
  readonly links?: readonly string[]
  /** Attributes beside those that follow from the name of the span and from the broker. */
  readonly more?: Readonly<Record<string, unknown>>
  readonly without?: string
  readonly error?: string
}

const TYPE_OF: Readonly<Record<string, string>> = {
  send: 'send',
  request: 'send',
  receive: 'receive',
  process: 'process',
  respond: 'process',
  accept: 'settle',
  release: 'settle',
  reject: 'settle',
}
const ASKED = { 'messaging.message.conversation_id': '<correlation>' }
const TWO = { 'messaging.batch.message_count': 2 }
const ARCHIVE = { 'messaging.destination.subscription.name': 'archive' }
const MADE = 'send orders'

const ROWS = {
  'send, receive, accept': [
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    { span: 'receive orders', kind: 'CLIENT', links: [MADE] },
    { span: 'accept orders', kind: 'CLIENT', parent: MADE, links: [MADE] },
  ],
  'consume, and send from the handler': [
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    { span: 'process orders', kind: 'CONSUMER', parent: MADE, links: [MADE] },
    { span: 'send next', kind: 'PRODUCER', parent: 'process orders' },
    { span: 'accept orders', kind: 'CLIENT', parent: 'process orders', links: [MADE] },
  ],
  'consumeBatch: one span for the batch, linked to every message': [
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    {
      span: 'process orders',
      kind: 'CONSUMER',
      links: [MADE, MADE],
      more: TWO,
      without: 'messaging.message.id',
    },
    { span: 'accept orders', kind: 'CLIENT', parent: 'process orders', links: [MADE] },
    { span: 'accept orders', kind: 'CLIENT', parent: 'process orders', links: [MADE] },
  ],
  'request and respond': [
    { span: 'request quotes', kind: 'PRODUCER', parent: 'app', more: ASKED },
    {
      span: 'respond quotes',
      kind: 'CONSUMER',
      parent: 'request quotes',
      links: ['request quotes'],
      more: ASKED,
    },
    { span: 'send', kind: 'PRODUCER', parent: 'respond quotes', more: ASKED },
    {
      span: 'accept quotes',
      kind: 'CLIENT',
      parent: 'request quotes',
      links: ['request quotes'],
      more: ASKED,
    },
  ],
  'a request whose handler throws': [
    { span: 'request quotes', kind: 'PRODUCER', parent: 'app', more: ASKED, error: 'REQUEST_FAILED' },
    {
      span: 'respond quotes',
      kind: 'CONSUMER',
      parent: 'request quotes',
      links: ['request quotes'],
      more: ASKED,
      error: 'HANDLER_FAILED',
    },
    { span: 'send', kind: 'PRODUCER', parent: 'respond quotes', more: ASKED },
    {
      span: 'accept quotes',
      kind: 'CLIENT',
      parent: 'request quotes',
      links: ['request quotes'],
      more: ASKED,
    },
  ],
  'a throw, tried again, and the dead letter': [
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    { span: 'process orders', kind: 'CONSUMER', parent: MADE, links: [MADE], error: 'HANDLER_FAILED' },
    { span: 'release orders', kind: 'CLIENT', parent: 'process orders', links: [MADE] },
    { span: 'process orders', kind: 'CONSUMER', parent: MADE, links: [MADE], error: 'HANDLER_FAILED' },
    { span: 'reject orders', kind: 'CLIENT', parent: 'process orders', links: [MADE] },
    { span: 'receive dead', kind: 'CLIENT', links: [MADE] },
  ],
  'publish, a subscription by its name': [
    { span: 'send news', kind: 'PRODUCER', parent: 'app' },
    { span: 'receive news', kind: 'CLIENT', links: ['send news'], more: ARCHIVE },
  ],
  'forward keeps the context': [
    { span: 'send orders', kind: 'PRODUCER', parent: 'app' },
    { span: 'receive orders', kind: 'CLIENT', links: [MADE] },
    { span: 'send next', kind: 'CLIENT', parent: MADE, links: [MADE] },
    { span: 'receive next', kind: 'CLIENT', links: [MADE] },
  ],
  'a send that fails': [{ span: 'send missing', kind: 'PRODUCER', parent: 'app', error: 'SEND_UNROUTABLE' }],
} as const satisfies Record<string, readonly Row[]>

export type Pattern = keyof typeof ROWS
export const PATTERNS = Object.keys(ROWS) as Pattern[]

/** What a run of the pattern must give, on a broker that spans describe by `server`. */
export function expected(pattern: Pattern, server: Readonly<Record<string, unknown>>): SpanLine[] {
  return ordered((ROWS[pattern] as readonly Row[]).map((row) => lineOf(row, server)))
}

function lineOf({ span, kind, parent, links = [], more, without, error }: Row, server: object): SpanLine {
  const [operation, destination] = span.split(' ') as [string, string | undefined]
  const attributes: Record<string, unknown> = {
    ...server,
    'messaging.operation.name': operation,
    'messaging.operation.type': TYPE_OF[operation],
    ...(destination === undefined
      ? { 'messaging.destination.temporary': true }
      : { 'messaging.destination.name': destination }),
    'messaging.message.id': '<id>',
    ...more,
    ...(error !== undefined && { 'error.type': error }),
  }
  if (without !== undefined) delete attributes[without]
  return { name: span, kind, parent, links: [...links], error: error !== undefined, events: [], attributes }
}

/** Recorded spans in the words of the table: `names` says what the names of the run stand for. */
export function inWordsOfTheTable(
  lines: readonly SpanLine[],
  names: ReadonlyMap<string, string>,
): SpanLine[] {
  const said = (text: string): string => {
    const [operation, ...rest] = text.split(' ')
    const destination = rest.join(' ')
    const known = names.get(destination)
    // An answer: its span is named by the broker, where that has a place.
    return known === undefined ? (operation as string) : `${operation} ${known}`
  }
  const own = lines.filter(({ attributes }) => 'messaging.system' in attributes)
  return ordered(
    own.map((line) => ({
      ...line,
      name: said(line.name),
      parent: line.parent && said(line.parent),
      links: line.links.map(said),
      attributes: Object.fromEntries(
        Object.entries(line.attributes).map(([key, value]) => [key, shown(key, value)]),
      ),
    })),
  )

  function shown(key: string, value: unknown): unknown {
    if (key === 'messaging.destination.name') return names.get(String(value))
    if (key === 'messaging.message.id') return '<id>'
    return key === 'messaging.message.conversation_id' ? '<correlation>' : value
  }
}

/** Spans that begin within the same millisecond have no order that can be relied on. */
function ordered(lines: SpanLine[]): SpanLine[] {
  return lines
    .map((line) => ({ ...line, attributes: Object.fromEntries(Object.entries(line.attributes).sort()) }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
