/** Options of spout: those of the Python original first, in its order, then what its relatives add. */
import { BROKER, RECONNECT, TRACE, VERBOSE } from '../broker/connection-options.ts'
import type { Option } from '../command/option.ts'

const ORIGINAL: readonly Option[] = [
  BROKER,
  ...RECONNECT,
  {
    name: 'count',
    short: 'c',
    kind: 'integer',
    help: 'stop after this many messages; 0 disables (default 1, with --content-stdin and --restore 0)',
  },
  { name: 'durable', short: 'd', kind: 'flag', help: 'make the message persistent' },
  {
    name: 'timeout',
    short: 't',
    kind: 'number',
    metavar: 'SECONDS',
    help: 'stop after this time',
  },
  {
    name: 'id',
    short: 'I',
    kind: 'text',
    help: 'use this id in the property spout-id instead of a generated one',
  },
  { name: 'subject', short: 'S', kind: 'text', help: 'subject of the message' },
  { name: 'reply-to', short: 'R', kind: 'text', metavar: 'ADDRESS', help: 'address for answers' },
  {
    name: 'property',
    short: 'P',
    kind: 'list',
    metavar: 'NAME=VALUE',
    help: 'a property of the message; may be repeated',
  },
  {
    name: 'map',
    short: 'M',
    kind: 'list',
    metavar: 'KEY=VALUE',
    help: 'an entry of the body, which becomes a map; may be repeated',
  },
  VERBOSE,
]

export const SPOUT_OPTIONS: readonly Option[] = [
  ...ORIGINAL.map((option) => ({ ...option, original: true as const })),
  { name: 'content', kind: 'text', metavar: 'TEXT', help: 'the body, instead of the arguments' },
  {
    name: 'content-stdin',
    kind: 'flag',
    help: 'send each line of the standard input as a message, byte for byte',
  },
  { name: 'content-size', kind: 'integer', metavar: 'BYTES', help: 'a body of this size' },
  {
    name: 'content-type',
    kind: 'text',
    metavar: 'TYPE',
    help: 'media type of the body (default text/plain)',
  },
  {
    name: 'restore',
    kind: 'flag',
    help: 'send whole messages as drain --dump wrote them, from the standard input',
  },
  { name: 'ttl', kind: 'number', metavar: 'MS', help: 'time to live in milliseconds' },
  { name: 'priority', kind: 'integer', metavar: '0-9', help: 'larger first' },
  { name: 'correlation-id', kind: 'text', metavar: 'ID', help: 'correlation id of the message' },
  { name: 'user-id', kind: 'text', metavar: 'ID', help: 'user id of the message' },
  {
    name: 'sequence',
    kind: 'flag',
    help: 'number the messages from 1 in the property sn, for drain --verify-sequence',
  },
  { name: 'send-rate', kind: 'number', metavar: 'PER_SECOND', help: 'send no faster than this' },
  {
    name: 'capacity',
    kind: 'integer',
    metavar: 'N',
    help: 'messages that may be unconfirmed at once (default 1, with --content-stdin, --restore and --content-size 1000)',
  },
  { name: 'print', kind: 'flag', help: 'print each message also where many are sent' },
  { name: 'quiet', short: 'q', kind: 'flag', help: 'print no message' },
  { name: 'json', kind: 'flag', help: 'print messages as JSON, a line each' },
  { name: 'report-total', kind: 'flag', help: 'print number and rate on stderr at the end' },
  TRACE,
]
