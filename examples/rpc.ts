/**
 * RPC: a server that computes Fibonacci numbers. Concurrent questions each get their own answer, and what the server throws
 * reaches the one who asked.
 *
 *     npx tsx examples/rpc.ts [URL]
 */
import { connect, isMessagingError, service } from '../src/index.ts'

const fibonacci = service<number, number>('example-fibonacci')

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}

await using connection = await connect(process.argv[2] ?? 'memory:')
await using server = await connection.respond(
  fibonacci,
  ({ body }) => {
    if (!Number.isInteger(body) || body < 0) throw new RangeError(`no Fibonacci number at ${body}`)
    return fib(body)
  },
  { concurrency: 4 },
)

const answers = await Promise.all(
  [10, 20, 30].map(async (n) => ({ n, answer: await connection.request(fibonacci, n) })),
)
for (const { n, answer } of answers) console.log(`fib(${n}) = ${answer.body}`)

try {
  await connection.request(fibonacci, -1, { timeoutMs: 5_000 })
} catch (error) {
  if (!isMessagingError(error, 'REQUEST_FAILED')) throw error
  console.log(`fib(-1): ${error.message}`)
}

await server.close()
await connection.admin.delete(fibonacci)
