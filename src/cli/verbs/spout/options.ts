/** Options of spout: those of the Python original first, in its order, then what its relatives add. */
import { BROKER, RECONNECT, TRACE, VERBOSE } from '../../broker/connection-options.ts'
import { flag, integer, list, number, type Option, text } from '../../command/option.ts'

const ORIGINAL: readonly Option[] = [
  BROKER,
  ...RECONNECT,
  integer(
    '-c, --count COUNT',
    'stop after this many messages; 0 disables (default 1, with --content-stdin and --restore 0)',
  ),
  flag('-d, --durable', 'make the message persistent'),
  number('-t, --timeout SECONDS', 'stop after this time'),
  text('-I, --id ID', 'use this id in the property spout-id instead of a generated one'),
  text('-S, --subject SUBJECT', 'subject of the message'),
  text('-R, --reply-to ADDRESS', 'address for answers'),
  list('-P, --property NAME=VALUE', 'a property of the message; may be repeated'),
  list('-M, --map KEY=VALUE', 'an entry of the body, which becomes a map; may be repeated'),
  VERBOSE,
]

export const SPOUT_OPTIONS: readonly Option[] = [
  ...ORIGINAL.map((option) => ({ ...option, original: true as const })),
  text('--content TEXT', 'the body, instead of the arguments'),
  flag('--content-stdin', 'send each line of the standard input as a message, byte for byte'),
  integer('--content-size BYTES', 'a body of this size'),
  text('--content-type TYPE', 'media type of the body (default text/plain)'),
  flag('--restore', 'send whole messages as drain --dump wrote them, from the standard input'),
  number('--ttl MS', 'time to live in milliseconds'),
  integer('--priority 0-9', 'larger first'),
  text('--correlation-id ID', 'correlation id of the message'),
  text('--user-id ID', 'user id of the message'),
  flag('--sequence', 'number the messages from 1 in the property sn, for drain --verify-sequence'),
  number('--send-rate PER_SECOND', 'send no faster than this'),
  integer(
    '--capacity N',
    'messages that may be unconfirmed at once (default 1, with --content-stdin, --restore and --content-size 1000)',
  ),
  flag('--print', 'print each message also where many are sent'),
  flag('-q, --quiet', 'print no message'),
  flag('--json', 'print messages as JSON, a line each'),
  flag('--report-total', 'print number and rate on stderr at the end'),
  TRACE,
]
