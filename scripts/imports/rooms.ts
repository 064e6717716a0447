/**
 * The rooms of the house and the arrows between them: who may import whom. `type` after a room allows
 * `import type` only.
 */

export interface Room {
  readonly name: string
  /** Matched against the path from the checkout's root; the first room that fits has the file. */
  readonly files: RegExp
  /** Names of rooms. Its own is always allowed. */
  readonly mayImport: readonly string[]
  /** What the rule is for, shown with a violation. */
  readonly because: string
}

const ADAPTER = ['values', 'contract', 'core']
/** What the package's exports map offers to everybody. */
const ENTRIES = ['front door', 'contract', 'broker entry', 'conformance entry']

function adapter(name: string, ...more: string[]): Room {
  return {
    name: `adapter ${name}`,
    files: new RegExp(`^src/adapters/${name}/`),
    mayImport: [...ADAPTER, ...more],
    because: 'an adapter imports values, the contract, core and its own client library, never a neighbour',
  }
}

export const ROOMS: readonly Room[] = [
  {
    name: 'contract',
    files: /^src\/api\/adapter\.ts$/,
    mayImport: ['values'],
    because: 'the contract is what an adapter must know, and nothing more',
  },
  {
    name: 'values',
    files:
      /^src\/api\/(errors|message|copy|annotations|ranges|capabilities|address|structured-text|codec|address-text\/.*)(\.ts)?$/,
    mayImport: ['core', 'contract type'],
    because: 'values import values',
  },
  {
    name: 'api',
    files: /^src\/api\//,
    mayImport: ['values', 'contract', 'core'],
    because:
      'api classes import values, the contract and core; which adapters exist is none of their business',
  },
  {
    name: 'core',
    files: /^src\/core\//,
    mayImport: ['values', 'contract type'],
    because: 'mechanisms know neither the api classes nor any adapter',
  },
  {
    name: 'broker entry',
    files: /^src\/broker\/index\.ts$/,
    mayImport: ['broker', 'values', 'contract', 'core'],
    because: 'the embedded broker is free of transport',
  },
  {
    name: 'broker',
    files: /^src\/broker\//,
    mayImport: ['broker entry', 'values', 'contract', 'core'],
    because: 'the embedded broker imports values, the contract and core: it is free of transport',
  },
  adapter('memory', 'broker', 'broker entry'),
  adapter('zeromq', 'broker', 'broker entry'),
  adapter('rabbitmq'),
  adapter('qpid'),
  adapter('redis'),
  {
    name: 'registry',
    files: /^src\/adapters\/registry\.ts$/,
    mayImport: ['values', 'contract', 'core', 'adapter *'],
    because: 'the registry names the adapters and is told of by the switchboard',
  },
  {
    name: 'switchboard',
    files: /^src\/(connect|config)\.ts$/,
    mayImport: ['values', 'contract', 'core', 'api', 'registry'],
    because: 'the switchboard joins api and registry',
  },
  {
    name: 'front door',
    files: /^src\/index\.ts$/,
    mayImport: ['values', 'contract', 'api', 'switchboard', 'registry', 'hub entry'],
    because: 'the front door only shows what lies behind it',
  },
  {
    name: 'conformance entry',
    files: /^src\/conformance\/index\.ts$/,
    mayImport: ['conformance', ...ENTRIES],
    because: 'the suite uses the library as strangers do',
  },
  {
    name: 'conformance',
    files: /^src\/conformance\//,
    mayImport: ENTRIES,
    because: 'the suite uses the library as strangers do: by its entry points',
  },
  {
    name: 'compare entry',
    files: /^src\/compare\/index\.ts$/,
    mayImport: ['compare', 'tool aids', ...ENTRIES],
    because: 'tools enter by the front door',
  },
  {
    name: 'compare',
    files: /^src\/compare\//,
    mayImport: ['compare entry', 'tool aids', ...ENTRIES],
    because: 'tools enter by the front door: one of the package’s entry points',
  },
  {
    name: 'cli',
    files: /^src\/cli\//,
    mayImport: ['compare entry', 'hub entry', 'tool aids', ...ENTRIES],
    because: 'tools enter by the front door: one of the package’s entry points',
  },
  {
    name: 'examples',
    files: /^examples\//,
    mayImport: ENTRIES,
    because: 'examples show what users can write: they import the package’s entry points',
  },
  {
    name: 'bench',
    files: /^bench\//,
    mayImport: ['compare', 'compare entry', 'tool aids', 'values type', ...ENTRIES],
    because: 'benchmarks measure what users get: they import the package’s entry points',
  },
]

/** Single files with a name of their own as a goal, besides the room they belong to. */
export const ALIASES: Readonly<Record<string, RegExp>> = {
  // Misspelt options and missing packages are told in the same words everywhere.
  'tool aids': /^src\/core\/(known-keys|nearest|client-library)\.ts$/,
  // The hub is a broker for others to start, in a program of theirs or by a tool.
  'hub entry': /^src\/adapters\/zeromq\/hub\/(hub|curve)\.ts$/,
}

/** Optional client libraries, each with the only folders that may load it. */
export const CLIENT_LIBRARIES: Readonly<Record<string, RegExp>> = {
  amqplib: /^src\/(adapters\/rabbitmq|compare)\//,
  rhea: /^src\/(adapters\/qpid|compare)\//,
  zeromq: /^src\/(adapters\/zeromq|compare)\//,
  ioredis: /^src\/(adapters\/redis|compare)\//,
  lmdb: /^src\/(broker|compare)\//,
}

/** Runtime dependencies, each with its place. */
export const DEPENDENCIES: Readonly<Record<string, RegExp>> = {
  '@standard-schema/spec': /^src\/(api|index\.ts)/,
}

/** Tools may load further packages by `import()`, at the time of need: what is absent is told with the way to install it. */
export const MAY_TRY_PACKAGES = /^src\/(compare|cli)\//
