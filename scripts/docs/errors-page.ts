/** The page of error codes, from the table that the library itself uses. Pure. */
import { ERROR_CODES } from '../../src/model/errors.ts'

const SCOPE = {
  nothing: 'only this call failed',
  delivery: 'the delivery',
  link: 'the sender or receiver',
  connection: 'the connection',
} as const

export function errorsPage(): string {
  return [
    '# Errors',
    '',
    '<!-- Generated from src/model/errors.ts (npm run docs:errors); do not edit. -->',
    '',
    'Every error is a `MessagingError` with `code`, `scope` (what is dead after it), `retryable` (whether the same call may succeed later), `hint`, `context`',
    "(adapter, address, operation, ids; no bodies, no secrets) and `cause` (the client library's own error). Codes are for programs and stay; texts are for people and may change.",
    'A wrong type of argument is a `TypeError`.',
    '',
    '```ts',
    "import { connect, isMessagingError } from 'sluice'",
    '',
    'try {',
    "  await using connection = await connect('memory:')",
    "  await connection.send('no-such-queue', 'hello')",
    '} catch (error) {',
    "  if (!isMessagingError(error, 'SEND_UNROUTABLE')) throw error",
    '  console.error(error.message, error.hint)',
    '}',
    '```',
    '',
    '| code | what is dead | retryable | what to do |',
    '|---|---|---|---|',
    ...Object.entries(ERROR_CODES).map(
      ([code, { scope, retryable, hint }]) =>
        `| \`${code}\` | ${SCOPE[scope]} | ${retryable ? 'yes' : 'no'} | ${hint.replaceAll('|', '\\|')} |`,
    ),
    '',
  ].join('\n')
}
