/**
 * Scripts of Qpid's users: the session of the article, and every row of the option tables of spout, drain and address strings.
 * A line is what the user types; `Q`, `R`, `T` are names of the script's own. What comes out was seen from the Python originals
 * on Broker-J too, but for the differences that docs/cli.md lists.
 */

/** A command line and what it prints and ends with. */
export interface Line {
  readonly words: readonly string[]
  /** Exit code; default 0. */
  readonly code?: number
  /** stdout; default: not looked at. */
  readonly out?: string | RegExp
  /** stderr; default: empty, or anything where the exit code is not 0. */
  readonly err?: RegExp
  /** Runs beside the following lines, which begin when it is attached; looked at when the script ends. */
  readonly listens?: true
}

export interface Script {
  readonly title: string
  readonly lines: readonly Line[]
  /** The option that these refuse with NOT_SUPPORTED, at the line that has it. */
  readonly refused?: Readonly<Partial<Record<BackEnd, string>>>
}

export type BackEnd = 'file' | 'zmq' | 'redis' | 'rabbitmq' | 'qpid'

type Checks = Omit<Line, 'words'>

function spout(words: readonly string[], checks: Checks = {}): Line {
  return { words: ['spout', ...words], ...checks }
}

function drain(words: readonly string[], checks: Checks = {}): Line {
  return { words: ['drain', ...words], ...checks }
}

const MADE = 'Q; {create: always, node: {durable: True}}'
const TOPIC = 'T; {create: always, node: {type: topic}}'
/** Makes the topic, as `qpid-config add exchange topic` does in the article; nobody listens. */
const topic = spout([TOPIC, 'unheard'])
const CONTENTS = ['-p', '%(C)s']

/** A drain that listens for so many. */
function listening(address: string, count: number, out: string, ...more: string[]): Line {
  return drain(['-t', '20', '-c', String(count), ...CONTENTS, ...more, address], { listens: true, out })
}

const article: Script[] = [
  {
    title: 'hello, world: a queue',
    lines: [
      spout([MADE, 'Hello', 'world!']),
      drain(['Q'], {
        out: /^Message\((durable=True, )?properties=\{'spout-id': '[0-9a-f-]{36}:0'\}, content='Hello world!'\)\n$/,
      }),
      drain(['Q'], { out: '' }),
    ],
  },
  {
    title: 'a queue browsed by one drain is still there for the other',
    lines: [
      spout([MADE, 'one']),
      spout(['Q', 'two']),
      drain([...CONTENTS, 'Q; {mode: browse}'], { out: 'one\ntwo\n' }),
      drain([...CONTENTS, 'Q; {mode: browse}'], { out: 'one\ntwo\n' }),
      drain([...CONTENTS, 'Q'], { out: 'one\ntwo\n' }),
      drain([...CONTENTS, 'Q; {mode: browse}'], { out: '' }),
    ],
  },
  {
    title: 'the news service: two drains on #.news, one spout to news',
    lines: [
      topic,
      listening('T/#.news', 1, 'news\n'),
      listening('T/#.news', 1, 'news\n'),
      spout(['T/news', 'news']),
    ],
  },
  {
    title: 'the news service: each drain gets what its pattern fits',
    lines: [
      topic,
      listening('T/#.news', 3, 'news\neurope.news\nusa.news\n'),
      listening('T/#.sports', 2, 'sports\nusa.sports\n'),
      listening('T/usa.#', 3, 'usa.news\nusa.sports\nusa.faux.news.extra\n'),
      listening('T/*.sports', 1, 'usa.sports\n'),
      listening('T/usa.sports', 1, 'usa.sports\n'),
      ...['news', 'sports', 'europe.news', 'usa.news', 'usa.sports', 'usa.faux.news.extra'].map((subject) =>
        spout([`T/${subject}`, subject]),
      ),
    ],
  },
]

const spoutOptions: Script[] = [
  {
    title: 'spout without content: an empty text',
    lines: [spout([MADE]), drain(['-p', '%(C)r %(M.content_type)s', 'Q'], { out: "'' text/plain\n" })],
  },
  {
    title: 'spout -c -I: so many, numbered from 0',
    lines: [
      spout(['-c', '3', '-I', 'run', MADE, 'x'], {
        out: /^(Message\(.*'spout-id': 'run:\d'.*content='x'\)\n){3}$/,
      }),
      drain(['-p', '%(P["spout-id"])s', 'Q'], { out: 'run:0\nrun:1\nrun:2\n' }),
    ],
  },
  {
    title: 'spout -c 0 -t: without end until the time has passed',
    lines: [
      spout(['-c', '0', '-t', '0.2', MADE, 'x']),
      drain(['-c', '2', ...CONTENTS, 'Q'], { out: 'x\nx\n' }),
    ],
  },
  {
    title: 'spout -t 0, -c -1: none',
    lines: [
      spout(['-t', '0', MADE, 'x'], { out: '' }),
      spout(['-c', '-1', MADE, 'x'], { out: '' }),
      drain(['Q'], { out: '' }),
    ],
  },
  {
    title: 'spout -d: durable',
    lines: [spout(['-d', MADE, 'x']), drain(['-p', '%(M.durable)s', 'Q'], { out: 'True\n' })],
  },
  {
    title: 'spout -S -R -P: subject, reply address, properties',
    lines: [
      spout([
        '-S',
        'sub',
        '-R',
        'answers',
        '-P',
        'a=b=c',
        '-P',
        'empty=',
        '-P',
        'none',
        '-P',
        'twice=1',
        '-P',
        'twice=2',
        MADE,
        'x',
      ]),
      drain(
        ['-p', '%(M.subject)s %(M.reply_to)s %(P["a"])s %(P["empty"])r %(P["none"])r %(P["twice"])r', 'Q'],
        { out: "sub answers b=c '' None '2'\n" },
      ),
    ],
  },
  {
    title: 'spout -P spout-id: instead of the generated one',
    lines: [spout(['-P', 'spout-id=mine', MADE]), drain(['-p', '%(P["spout-id"])s', 'Q'], { out: 'mine\n' })],
  },
  {
    title: 'spout -M: a map, the text under text',
    lines: [
      spout(['-M', 'k=v', '-M', 'none', MADE, 'some', 'text']),
      drain(['-p', '%(C["k"])s %(C["none"])s %(C["text"])s %(len(C))d %(M.content_type)s', 'Q'], {
        out: 'v None some text 3 amqp/map\n',
      }),
    ],
  },
  {
    title: 'spout -r -i -l -v: nothing else on stdout',
    lines: [
      spout(['-r', '-i', '0.1', '-l', '2', '-v', MADE, 'x'], {
        out: /^Message\(.*\)\n$/,
        err: /^\d{4}-.* DEBUG /,
      }),
      drain(['-r', '-i', '0.1', '-l', '2', '-v', ...CONTENTS, 'Q'], { out: 'x\n', err: /^\d{4}-.* DEBUG / }),
    ],
  },
  {
    title: 'long options, joined and apart, cut short',
    lines: [
      spout(['--count=2', '--id', 'long', '--subj', 's', '--prop=k=v', '--durable', MADE, 'x']),
      drain(['--count', '1', '--timeout=0', '--print=%(M.subject)s %(P["k"])s', 'Q'], { out: 's v\n' }),
      drain(['--pri', '%(P["spout-id"])s', 'Q'], { out: 'long:1\n' }),
    ],
  },
]

const drainOptions: Script[] = [
  {
    title: 'drain -c: so many, the rest stays in its place; a negative count none, 0 all',
    lines: [
      spout(['-c', '5', '-I', 'i', MADE, 'x']),
      drain(['-c', '2', '-p', '%(P["spout-id"])s', 'Q'], { out: 'i:0\ni:1\n' }),
      drain(['-c', '-1', 'Q'], { out: '' }),
      drain(['-c', '0', '-p', '%(P["spout-id"])s', 'Q'], { out: 'i:2\ni:3\ni:4\n' }),
    ],
  },
  {
    title: 'drain -f -c: waits for the last one',
    lines: [
      spout([MADE, 'one']),
      drain(['-f', '-c', '2', ...CONTENTS, 'Q'], { listens: true, out: 'one\ntwo\n' }),
      spout(['Q', 'two']),
    ],
  },
  {
    title: 'drain -t: waits so long for a further one',
    lines: [spout([MADE, 'x']), drain(['-t', '0.1', ...CONTENTS, 'Q'], { out: 'x\n' })],
  },
  {
    title: 'drain -p: fields, properties, content, percent',
    lines: [
      spout(['-I', 'i', '-S', 's', MADE, 'x']),
      drain(['-p', '%(M.subject)s|%(P["spout-id"])s|%(C)s|%(len(C))s|%%', 'Q'], { out: 's|i:0|x|1|%\n' }),
    ],
  },
  {
    title: 'drain -p: a wrong expression ends with 1, and the message stays',
    lines: [
      spout([MADE, 'x']),
      drain(['-p', '%(M.nosuch)s', 'Q'], { code: 1, out: '' }),
      drain(['-p', '%(P["nosuch"])s', 'Q'], { code: 1, out: '' }),
      drain([...CONTENTS, 'Q'], { out: 'x\n' }),
    ],
  },
  {
    title: 'drain: further arguments are passed over',
    lines: [spout([MADE, 'x']), drain([...CONTENTS, 'Q', 'more', 'words'], { out: 'x\n' })],
  },
]

const addressOptions: Script[] = [
  {
    title: 'create: never, the default: a missing node is an error on both sides',
    lines: [
      spout(['Q', 'x'], { code: 1, out: '', err: /ADDRESS_NOT_FOUND: no such queue: / }),
      drain(['Q'], { code: 1, out: '', err: /ADDRESS_NOT_FOUND: no such queue: / }),
      drain(['Q; {create: never}'], { code: 1, out: '' }),
    ],
  },
  {
    title: 'create: sender and receiver make it for that side alone',
    lines: [
      spout(['Q; {create: receiver}', 'x'], { code: 1, out: '' }),
      drain(['Q; {create: sender}'], { code: 1, out: '' }),
      spout(['Q; {create: sender}', 'x']),
      drain([...CONTENTS, 'Q; {create: sender}'], { out: 'x\n' }),
      drain(['R; {create: receiver, node: {durable: True}}'], { out: '' }),
      spout(['R; {create: receiver}', 'y']),
      drain([...CONTENTS, 'R; {create: always}'], { out: 'y\n' }),
    ],
  },
  {
    title: 'delete: the node goes with the link of that side',
    lines: [
      spout([MADE, 'x']),
      drain([...CONTENTS, 'Q; {delete: sender}'], { out: 'x\n' }),
      drain(['Q; {delete: receiver}'], { out: '' }),
      drain(['Q'], { code: 1 }),
      spout(['Q; {create: always, delete: sender}', 'x']),
      drain(['Q'], { code: 1 }),
      spout(['Q; {create: always, delete: always}', 'x']),
      drain(['Q'], { code: 1 }),
    ],
  },
  {
    title: 'assert: the type of the node',
    lines: [
      spout([MADE, 'x']),
      drain(['Q; {assert: always, node: {type: topic}}'], {
        code: 1,
        out: '',
        err: /ADDRESS_MISMATCH|ADDRESS_NOT_FOUND/,
      }),
      spout(['Q; {assert: sender, node: {type: topic}}', 'x'], { code: 1, out: '' }),
      drain(['R; {assert: always}'], { code: 1, out: '' }),
      drain([...CONTENTS, 'Q; {assert: always, node: {type: queue}}'], { out: 'x\n' }),
    ],
  },
  {
    title: 'mode: an illegal key for a sender',
    lines: [
      spout(['Q; {create: always, mode: browse}', 'x'], {
        code: 1,
        out: '',
        err: /error in options: mode: illegal key/,
      }),
    ],
  },
  {
    title: 'wrong options: every one is named, and nothing happens',
    lines: [
      spout(['Q; {create: x, node: {foo: 1, durable: []}, link: 5}', 'x'], {
        code: 1,
        out: '',
        err: /create: x not in \('always', 'sender', 'receiver', 'never'\), node: .*foo: illegal key.*, link: 5 is not a map/,
      }),
      drain(['Q; {create: '], { code: 1, out: '', err: /ADDRESS_MALFORMED: .* got EOF line:1,/ }),
    ],
  },
  {
    title: 'node: type, durable, x-declare: a queue of so many messages',
    lines: [
      spout([
        '-c',
        '2',
        "Q; {create: always, node: {type: queue, durable: True, x-declare: {arguments: {'qpid.max_count': 2, 'qpid.policy_type': reject}}}}",
        'x',
      ]),
      spout(['Q', 'x'], { code: 1, out: '', err: /SEND_REJECTED/ }),
      drain([...CONTENTS, 'Q'], { out: 'x\nx\n' }),
    ],
  },
  {
    title: 'node: x-declare: auto-delete: it goes with its last receiver',
    lines: [
      spout(['Q; {create: always, node: {durable: True, x-declare: {auto-delete: True}}}', 'x']),
      drain([...CONTENTS, 'Q'], { out: 'x\n' }),
      drain(['Q'], { code: 1 }),
    ],
  },
  {
    title: 'node: x-bindings: what a topic gets under a key goes to the queue',
    lines: [
      topic,
      spout([
        "Q; {create: always, node: {durable: True, x-bindings: [{exchange: 'T', key: 'us.#'}]}}",
        'own',
      ]),
      spout(['T/us.weather', 'bound']),
      spout(['T/eu.weather', 'other']),
      drain([...CONTENTS, 'Q'], { out: 'own\nbound\n' }),
    ],
  },
  {
    title: 'link: name, durable: a subscription that retains while nobody listens',
    lines: [
      topic,
      drain(
        [
          'T/us.#; {link: {name: Q, durable: True, reliability: at-least-once, x-declare: {exclusive: False}}}',
        ],
        { out: '' },
      ),
      spout(['-d', 'T/us.weather', 'kept']),
      spout(['-d', 'T/eu.weather', 'other']),
      drain(
        [
          ...CONTENTS,
          'T/us.#; {link: {name: Q, durable: True, reliability: at-least-once, x-declare: {exclusive: False}}}',
        ],
        { out: 'kept\n' },
      ),
    ],
  },
  ...['unreliable', 'at-most-once', 'at-least-once', 'exactly-once'].map(
    (reliability): Script => ({
      title: `link: reliability: ${reliability}`,
      lines: [
        spout([
          '-c',
          '2',
          `Q; {create: always, node: {durable: True}, link: {reliability: ${reliability}}}`,
          'x',
        ]),
        drain([...CONTENTS, `Q; {link: {reliability: ${reliability}}}`], { out: 'x\nx\n' }),
        drain(['Q'], { out: '' }),
      ],
    }),
  ),
  {
    title: "link: x-declare: a limit of the subscription's queue",
    lines: [
      topic,
      drain(
        [
          "T; {link: {name: Q, durable: True, reliability: at-least-once, x-declare: {exclusive: False, arguments: {'qpid.max_count': 1}}}}",
        ],
        {
          out: '',
        },
      ),
      spout(['-d', 'T', 'one']),
      drain(
        [
          ...CONTENTS,
          "T; {link: {name: Q, durable: True, reliability: at-least-once, x-declare: {exclusive: False, arguments: {'qpid.max_count': 1}}}}",
        ],
        { out: 'one\n' },
      ),
    ],
  },
  {
    title: 'link: x-bindings: instead of the one by subject',
    lines: [
      topic,
      listening("T; {link: {x-bindings: [{key: 'us.#'}, {key: '*.news'}]}}", 2, 'us.weather\neu.news\n'),
      ...['us.weather', 'eu.weather', 'eu.news'].map((subject) => spout([`T/${subject}`, subject])),
    ],
  },
  {
    title: 'link: x-bindings: from another topic',
    lines: [
      topic,
      spout(['R; {create: always, node: {type: topic}}', 'unheard']),
      listening("T; {link: {x-bindings: [{exchange: 'R', key: 'us.#'}]}}", 1, 'us.weather\n'),
      ...['T/us.weather', 'R/eu.weather', 'R/us.weather'].map((address) =>
        spout([address, address.slice(2)]),
      ),
    ],
    refused: { redis: 'x-bindings', qpid: 'x-bindings' },
  },
  {
    title: 'link: x-subscribe: exclusive',
    lines: [
      spout([MADE, 'x']),
      drain([...CONTENTS, 'Q; {link: {x-subscribe: {exclusive: True}}}'], { out: 'x\n' }),
    ],
    // By AMQP 1.0 Broker-J knows no exclusive receivers of a queue that was not made so.
    refused: { qpid: 'exclusive' },
  },
  {
    title: 'link: selector',
    lines: [
      spout(['-P', 'colour=red', MADE, 'red']),
      spout(['-P', 'colour=blue', 'Q', 'blue']),
      drain([...CONTENTS, `Q; {link: {selector: "colour = 'blue'"}}`], { out: 'blue\n' }),
      drain([...CONTENTS, 'Q'], { out: 'red\n' }),
    ],
    refused: { file: 'selector', zmq: 'selector', redis: 'selector', rabbitmq: 'selector' },
  },
  {
    title: 'link: timeout: the life of an unattended subscription',
    lines: [
      topic,
      drain(['T; {link: {name: Q, timeout: 30}}'], { out: '' }),
      spout(['T', 'kept']),
      drain([...CONTENTS, 'T; {link: {name: Q, timeout: 30}}'], { out: 'kept\n' }),
      listening('T; {link: {timeout: 30}}', 1, 'heard\n'),
      spout(['T', 'heard']),
    ],
    refused: { qpid: 'timeout' },
  },
  {
    title: '# before the name: a node of its own',
    lines: [drain(['#'], { out: '' }), drain(['#mine; {create: always}'], { out: '' })],
  },
]

export const SCRIPTS: readonly Script[] = [...article, ...spoutOptions, ...drainOptions, ...addressOptions]
