/** Options of drain: those of the Python original first, in its order, then what its relatives add. */
import { BROKER, RECONNECT, TRACE, VERBOSE } from '../broker/connection-options.ts'
import type { Option } from '../command/option.ts'

/** How messages are printed, for every command that prints them. */
export const PRINTING: readonly Option[] = [
  {
    name: 'print',
    short: 'p',
    kind: 'text',
    metavar: 'FORMAT',
    help: 'format for printing messages: %(M)s %(M.subject)s %(P["spout-id"])s %(C)s %(len(C))d %%, conversions s r d f j',
  },
  {
    name: 'content-only',
    kind: 'flag',
    help: 'print the body and a line feed, nothing else; byte for byte unless on a terminal',
  },
  { name: 'json', kind: 'flag', help: 'print messages as JSON, a line each' },
  { name: 'dump', kind: 'flag', help: 'print whole messages as JSON, a line each, for spout --restore' },
  { name: 'quiet', short: 'q', kind: 'flag', help: 'print no message' },
]

/** For the other commands that print messages. */
export const COUNT: Option = {
  name: 'count',
  short: 'c',
  kind: 'integer',
  help: 'stop after this many messages; 0: no limit',
  fallback: 0,
}

const ORIGINAL: readonly Option[] = [
  BROKER,
  { name: 'count', short: 'c', kind: 'integer', help: 'number of messages to drain; 0: no limit' },
  { name: 'forever', short: 'f', kind: 'flag', help: 'ignore timeout and wait forever' },
  ...RECONNECT,
  {
    name: 'timeout',
    short: 't',
    kind: 'number',
    metavar: 'SECONDS',
    fallback: 0,
    help: 'how long to wait for a further message before exiting',
  },
  ...PRINTING.slice(0, 1),
  VERBOSE,
]

export const DRAIN_OPTIONS: readonly Option[] = [
  ...ORIGINAL.map((option) => ({ ...option, original: true as const })),
  ...PRINTING.slice(1),
  { name: 'capacity', kind: 'integer', metavar: 'N', help: 'messages fetched ahead (default 100)' },
  { name: 'receive-rate', kind: 'number', metavar: 'PER_SECOND', help: 'receive no faster than this' },
  { name: 'ready-address', kind: 'text', metavar: 'ADDRESS', help: 'send one message there once attached' },
  {
    name: 'verify-sequence',
    kind: 'flag',
    help: 'fail when the property sn has a gap, or a repetition that is not marked as redelivered',
  },
  { name: 'report-total', kind: 'flag', help: 'print number, rate and latency on stderr at the end' },
  TRACE,
]
