/** Options of drain: those of the Python original first, in its order, then what its relatives add. */
import { BROKER, RECONNECT, TRACE, VERBOSE } from '../../broker/connection-options.ts'
import { flag, integer, number, type Option, text } from '../../command/option.ts'

/** How messages are printed, for every command that prints them. */
export const PRINTING: readonly Option[] = [
  text(
    '-p, --print FORMAT',
    'format for printing messages: %(M)s %(M.subject)s %(P["spout-id"])s %(C)s %(len(C))d %%, conversions s r d f j',
  ),
  flag('--content-only', 'print the body and a line feed, nothing else; byte for byte unless on a terminal'),
  flag('--json', 'print messages as JSON, a line each'),
  flag('--dump', 'print whole messages as JSON, a line each, for spout --restore'),
  flag('-q, --quiet', 'print no message'),
]

/** For the other commands that print messages. */
export const COUNT: Option = integer('-c, --count COUNT', 'stop after this many messages; 0: no limit', {
  fallback: 0,
  least: 0,
})

const ORIGINAL: readonly Option[] = [
  BROKER,
  integer('-c, --count COUNT', 'number of messages to drain; 0: no limit'),
  flag('-f, --forever', 'ignore timeout and wait forever'),
  ...RECONNECT,
  number('-t, --timeout SECONDS', 'how long to wait for a further message before exiting', { fallback: 0 }),
  ...PRINTING.slice(0, 1),
  VERBOSE,
]

export const DRAIN_OPTIONS: readonly Option[] = [
  ...ORIGINAL.map((option) => ({ ...option, original: true as const })),
  ...PRINTING.slice(1),
  integer('--capacity N', 'messages fetched ahead (default 100)'),
  number('--receive-rate PER_SECOND', 'receive no faster than this'),
  text('--ready-address ADDRESS', 'send one message there once attached'),
  flag(
    '--verify-sequence',
    'fail when the property sn has a gap, or a repetition that is not marked as redelivered',
  ),
  flag('--report-total', 'print number, rate and latency on stderr at the end'),
  TRACE,
]
