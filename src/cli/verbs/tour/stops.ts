/** The stops of the tour: the six patterns, then browse versus consume. */
import { next } from '../../broker/throw-away-nodes.ts'
import { type Stage, type Stop, take, takeAll } from './stage.ts'

const pointToPoint: Stop = {
  title: '1  Point-to-point',
  code: "queue('jobs')",
  promise: 'Each message goes to one of the competing receivers.',
  needs: ['queue'],
  async run(stage) {
    const jobs = stage.made(stage.library.queue<string>(stage.name('jobs')))
    const { connection } = stage
    const work = ['job-1', 'job-2', 'job-3', 'job-4']
    for (const job of work) await connection.send(jobs, job)
    await stage.tell('sent', work)
    // One message each at a time: whoever has finished gets the next one.
    await using ann = await connection.receiver(jobs, { credit: 1 })
    const first = await next(ann)
    await using ben = await connection.receiver(jobs, { credit: 1 })
    const second = await next(ben)
    await first.accept()
    const third = await next(ann)
    await second.accept()
    const fourth = await next(ben)
    await third.accept()
    await fourth.accept()
    await stage.tell('Ann worked on', [first.body, third.body])
    await stage.tell('Ben worked on', [second.body, fourth.body])
  },
}

const broadcast: Stop = {
  title: '2  Broadcast',
  code: "broadcast('alerts')",
  promise: 'Every receiver attached now gets every message.',
  needs: ['broadcast'],
  async run(stage) {
    const alerts = stage.made(stage.library.broadcast<string>(stage.name('alerts')))
    await using ann = await stage.connection.receiver(alerts)
    await using ben = await stage.connection.receiver(alerts)
    await stage.connection.send(alerts, 'fire drill')
    await stage.tell('sent', 'fire drill')
    await stage.tell('Ann heard', await take(ann, 1))
    await stage.tell('Ben heard', await take(ben, 1))
  },
}

const multicast: Stop = {
  title: '3  Multicast',
  code: "multicast('fleet').to('truck-1', 'truck-3')",
  promise: 'The members named get it, each once, and nobody else.',
  needs: ['multicast'],
  async run(stage) {
    const { connection } = stage
    const fleet = stage.made(stage.library.multicast<string>(stage.name('fleet')))
    const trucks = ['truck-1', 'truck-2', 'truck-3']
    const receivers = await Promise.all(
      trucks.map((truck) => connection.receiver(stage.made(fleet.member(truck)))),
    )
    await connection.send(fleet.to('truck-1', 'truck-3'), 'return to base')
    await stage.tell('sent', 'return to base  to truck-1 and truck-3')
    for (const [index, truck] of trucks.entries()) {
      const receiver = receivers[index]!
      const got = truck === 'truck-2' ? await takeAll(receiver) : await take(receiver, 1)
      await stage.tell(`${truck} got`, got.length > 0 ? got : 'nothing')
      await receiver.close()
    }
  },
}

const publishSubscribe: Stop = {
  title: '4  Publish-subscribe',
  code: "topic('news').matching('#.weather', 'us.*')",
  promise:
    'Every subscription gets the messages whose subject fits one of its patterns: * one word, # any number.',
  needs: ['topic'],
  async run(stage) {
    const { connection } = stage
    const news = stage.made(stage.library.topic<string>(stage.name('news')))
    await using weather = await connection.receiver(news.matching('#.weather'))
    await using usa = await connection.receiver(news.matching('us.*'))
    for (const subject of ['us.weather', 'us.sports', 'europe.weather']) {
      await connection.send(news, subject, { subject })
    }
    await stage.tell('published', ['us.weather', 'us.sports', 'europe.weather'])
    await stage.tell('#.weather got', await take(weather, 2))
    await stage.tell('us.* got', await take(usa, 2))
  },
}

const requestResponse: Stop = {
  title: '5  Request/response',
  code: "service('quotes')",
  promise: 'A question, and its own answer; a handler that throws reaches the asker as an error.',
  needs: ['request'],
  async run(stage) {
    const { connection, library } = stage
    const quotes = stage.made(library.service<string, number>(stage.name('quotes')))
    const prices: Record<string, number> = { ACME: 42, INITECH: 17 }
    await using _responder = await connection.respond(quotes, ({ body }) => {
      const price = prices[body]
      if (price === undefined) throw new Error(`no such share: ${body}`)
      return price
    })
    const answers = await Promise.all(['ACME', 'INITECH'].map((share) => connection.request(quotes, share)))
    await stage.tell('asked', ['ACME', 'INITECH', 'NOSUCH'])
    await stage.tell(
      'answers',
      answers.map(({ body }) => String(body)),
    )
    const failure = await connection.request(quotes, 'NOSUCH').then(
      () => 'none',
      (error: unknown) =>
        error instanceof library.MessagingError ? `${error.code}: ${error.message}` : String(error),
    )
    await stage.tell('error', failure)
  },
}

const storeAndForward: Stop = {
  title: '6  Store-and-forward',
  code: "mailbox('alice')",
  promise: 'Kept until its owner comes; the sender may be gone by then.',
  needs: ['queue'],
  async run(stage) {
    const alice = stage.made(stage.library.mailbox<string>(stage.name('alice')))
    const sender = await stage.connectAgain()
    await sender.send(alice, 'see you on Monday')
    await sender.close()
    await stage.tell('sent', 'see you on Monday')
    await stage.tell('then', 'the sender closed its connection')
    await using receiver = await stage.connection.receiver(alice)
    await stage.tell('Alice reads', await take(receiver, 1))
  },
}

const browseVersusConsume: Stop = {
  title: '   Browse or consume',
  code: 'connection.browse(queue) · connection.receiver(queue)',
  promise: 'Browsing looks and leaves; consuming takes.',
  needs: ['queue', 'browse'],
  async run(stage) {
    const { connection } = stage
    const orders = stage.made(stage.library.queue<string>(stage.name('orders')))
    for (const order of ['one', 'two', 'three']) await connection.send(orders, order)
    await stage.tell('browse', await look(stage, orders))
    await stage.tell('browse again', await look(stage, orders))
    const receiver = await connection.receiver(orders)
    await stage.tell('consume', await take(receiver, 3))
    await receiver.close()
    const left = await look(stage, orders)
    await stage.tell('browse', left.length > 0 ? left : 'nothing is left')
  },
}

async function look(stage: Stage, address: Parameters<Stage['connection']['browse']>[0]): Promise<string[]> {
  const bodies: string[] = []
  for await (const { body } of stage.connection.browse(address)) bodies.push(String(body))
  return bodies
}

export const STOPS: readonly Stop[] = [
  pointToPoint,
  broadcast,
  multicast,
  publishSubscribe,
  requestResponse,
  storeAndForward,
  browseVersusConsume,
]
