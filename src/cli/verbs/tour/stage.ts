/** What every stop of the tour has at hand: a connection, names of its own, and a page to write on. */
import type { AnyAddress, Connection, Receiver } from '../../../index.ts'
import type { Library } from '../../broker/library.ts'
import { next, ThrowAwayNodes } from '../../broker/throw-away-nodes.ts'
import type { Output } from '../../print/output.ts'
import { type Style, styleFor } from '../../print/style.ts'
import { visible } from '../../print/terminal-text.ts'

export interface Stop {
  readonly title: string
  /** How it is written in a program. */
  readonly code: string
  /** What it promises, in one line. */
  readonly promise: string
  readonly needs: readonly (keyof Connection['capabilities']['features'])[]
  run(stage: Stage): Promise<void>
}

export class Stage {
  readonly connection: Connection
  readonly library: Library
  /** Opens a second connection to the same broker. */
  readonly connectAgain: () => Promise<Connection>
  readonly #out: Output
  readonly #style: Style
  readonly #nodes: ThrowAwayNodes

  constructor(
    connection: Connection,
    library: Library,
    out: Output,
    connectAgain: () => Promise<Connection>,
  ) {
    this.connection = connection
    this.library = library
    this.connectAgain = connectAgain
    this.#out = out
    this.#style = styleFor(out)
    this.#nodes = new ThrowAwayNodes(connection, 'tour')
  }

  /** A name nobody else has. */
  name(name: string): string {
    return this.#nodes.name(name)
  }

  /** Remembers a node to be deleted at the end. */
  made<A extends AnyAddress>(address: A): A {
    return this.#nodes.made(address)
  }

  async visit(stop: Stop): Promise<void> {
    const { bold, dim } = this.#style
    await this.#out.line(`\n${bold(stop.title)}  ${dim(stop.code)}\n  ${stop.promise}`)
    const missing = stop.needs.find(
      (need) => this.connection.capabilities.features[need].level === 'unsupported',
    )
    if (missing === undefined) return stop.run(this)
    const { note } = this.connection.capabilities.features[missing]
    await this.tell('not here', note ?? 'this broker cannot do it')
  }

  /** Who, and what happened. */
  async tell(who: string, what: string | readonly string[]): Promise<void> {
    const text = typeof what === 'string' ? what : what.join('  ')
    await this.#out.line(`    ${who.padEnd(14)} ${visible(text)}`)
  }

  /** Deletes what the tour has made. */
  clear(): Promise<void> {
    return this.#nodes.clear()
  }
}

/** Takes so many and tells their bodies. */
export async function take<Body>(receiver: Receiver<Body>, count: number): Promise<Body[]> {
  const bodies: Body[] = []
  while (bodies.length < count) {
    const delivery = await next(receiver)
    bodies.push(delivery.body)
    await delivery.accept()
  }
  return bodies
}

/** Takes what is there and tells the bodies. */
export async function takeAll<Body>(receiver: Receiver<Body>): Promise<Body[]> {
  const bodies: Body[] = []
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 0 })
    if (!delivery) return bodies
    bodies.push(delivery.body)
    await delivery.accept()
  }
}
