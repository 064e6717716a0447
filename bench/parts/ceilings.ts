/**
 * What the broker can do: a fast native client on the same work as ours and the bare client, with the processor time of a message on both
 * sides. Where the native client is no faster than ours, the broker is the limit; where it is, the client is.
 *
 * The native clients are in bench/ceilings: Go (`go`), and C on libzmq (`cc`). Without those tools their rows are left out, with the reason.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workload } from '../../src/compare/index.ts'
import { connect, queue } from '../../src/index.ts'
import { type CellFigure, runApart } from '../run/cell-process.ts'
import { listeningAt, processorTimeOf } from '../run/processor-time.ts'
import { type Given, type Part, type Several, several } from './part.ts'

const run = promisify(execFile)
const BYTES = 200
const IN_FLIGHT = 1_000
const SECONDS = 2
const BUILD_MS = 180_000
const DECLARED = ['rabbitmq', 'qpid']

/** Libraries of a backend by what they are; the native one last. */
const ARMS: Readonly<Record<string, { readonly bare: string; readonly native: string }>> = {
  rabbitmq: { bare: 'amqplib', native: 'amqp091-go' },
  qpid: { bare: 'rhea', native: 'go-amqp' },
  redis: { bare: 'ioredis', native: 'go-redis' },
  zeromq: { bare: 'zeromq, two hops', native: 'libzmq in C, two hops' },
}

export interface CeilingRow {
  readonly library: string
  /** Unit: messages per second. */
  readonly rate: Several
  /** Processor time of a message. Unit: µs; 0: not known. */
  readonly clientUs: Several
  readonly brokerUs: Several
}

export const ceilings: Part = async (given) => {
  const { backend, url, rounds } = given
  const { bare, native } = ARMS[backend]!
  const shape = {
    pattern: 'point-to-point',
    bytes: BYTES,
    inFlight: IN_FLIGHT,
    credit: IN_FLIGHT,
  } as const
  const workloads = [
    workload({ ...shape, name: 'warm-up', count: 20_000, warmUp: 0 }),
    workload({ ...shape, name: 'queue', durationMs: SECONDS * 1000, warmUp: 1_000 }),
  ]
  const brokerPids = listeningAt(Number(new URL(url.replace(/^\w+:/, 'http:')).port))
  const node = (library: string) => async (): Promise<CellFigure> =>
    (await runApart({ backend, url, library, workloads, brokerPids })).at(-1)!
  const arms: Record<string, () => Promise<CellFigure>> = { sluice: node('sluice'), [bare]: node(bare) }
  let leftOut: string | undefined
  try {
    arms[native] = await nativeArm(given, brokerPids)
  } catch (error) {
    leftOut = `${native} could not be built: ${(error as Error).message.trim().split('\n').at(-1)}`
    console.log(leftOut)
  }
  const figures = new Map<string, CellFigure[]>(Object.keys(arms).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(arms)) figures.get(name)!.push(await measure())
    console.log(`ceilings, ${backend}: round ${round + 1} of ${rounds}`)
  }
  const rows = [...figures].map(([library, all]): CeilingRow => {
    const read = (key: keyof CellFigure): Several => several(all.map((one) => one[key]))
    return { library, rate: read('rate'), clientUs: read('clientUs'), brokerUs: read('brokerUs') }
  })
  return { bytes: BYTES, inFlight: IN_FLIGHT, rows, leftOut }
}

/** @throws when it cannot be built */
async function nativeArm(
  { backend, url, folder, checkout }: Given,
  brokerPids: readonly number[],
): Promise<() => Promise<CellFigure>> {
  const sources = join(checkout, 'bench', 'ceilings')
  const program = join(folder, 'ceiling')
  if (backend === 'zeromq') {
    // The library without its headers is enough: the program says itself what it calls.
    const library = process.env.LIBZMQ ?? '-l:libzmq.so.5'
    await run('cc', ['-O2', '-o', program, join(sources, 'libzmq', 'zeromq.c'), library, '-lpthread'])
  } else await run('go', ['build', '-o', program, '.'], { cwd: sources, timeout: BUILD_MS })
  return async () => {
    const name = `sluice-bench-${randomUUID()}`
    // Of RabbitMQ and Qpid the queue that the others have as well; the clients of Redis and ZeroMQ make their own.
    await using connection = await connect(url)
    const node = queue(name)
    if (DECLARED.includes(backend)) await connection.admin.declare(node)
    const before = processorTimeOf(brokerPids)
    const { stdout } = await run(program, [backend, url, name, ...[BYTES, IN_FLIGHT, SECONDS].map(String)])
    const spent = processorTimeOf(brokerPids) - before
    if (DECLARED.includes(backend)) await connection.admin.delete(node)
    // Messages counted, messages in all (warm-up included), seconds, processor time of the client and of a broker that is its own in ms.
    const { counted, all, seconds, cpuMs, brokerMs } = JSON.parse(stdout) as Record<string, number>
    return {
      rate: counted! / seconds!,
      clientUs: (cpuMs! * 1000) / counted!,
      brokerUs: brokerMs === undefined ? (spent * 1000) / all! : (brokerMs * 1000) / counted!,
    }
  }
}
