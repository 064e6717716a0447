/** Why a connection fails, as far as it can be told from here, and what to do. */
import { connect } from 'node:net'

const PORTS: Readonly<Record<string, number>> = {
  rabbitmq: 5672,
  rabbitmqs: 5671,
  amqp: 5672,
  amqps: 5671,
  qpid: 5672,
  qpids: 5671,
  amqp10: 5672,
  amqp10s: 5671,
  redis: 6379,
  rediss: 6379,
}

/** Looks at the port itself, which tells a missing broker from one that refuses. `undefined`: nothing to add. */
export async function likelyCause(url: string): Promise<string | undefined> {
  const match = /^([a-z0-9+]+):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/,?#]*)(?::(\d+))?/i.exec(url)
  if (!match) return undefined
  const port = Number(match[3] ?? PORTS[match[1]!.toLowerCase()] ?? 0)
  const host = (match[2] || 'localhost').replace(/^\[|\]$/g, '')
  if (port === 0) return undefined
  const problem = await knock(host, port)
  if (problem === undefined) {
    return `something listens at ${host}:${port}, so the network is fine: check that it is this kind of broker (scheme, TLS or not), user, password and virtual host`
  }
  if (problem === 'ECONNREFUSED')
    return `nothing listens at ${host}:${port}: start the broker, or correct host and port`
  if (problem === 'ENOTFOUND' || problem === 'EAI_AGAIN')
    return `the name ${host} has no address: correct it, or check the name service`
  return `${host}:${port} does not answer (${problem}): check the network, a firewall, or whether the broker hangs`
}

function knock(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (problem: string | undefined): void => {
      socket.destroy()
      resolve(problem)
    }
    socket.setTimeout(3_000, () => done('no answer within 3 s'))
    socket.once('connect', () => done(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
  })
}
