/**
 * The arrows of the house, by folders (docs/architecture.md draws them). Part of `npm run check`.
 *
 * Types count as imports: who only names the type of another room knows that room all the same.
 */

/** What adapters, the embedded broker and the api stand on. */
const GROUND = '^src/(model|contract|core)/'
/** The package's entry points, by which tools, examples and benchmarks come in. */
const ENTRIES = '^src/(index|hub|contract/adapter|broker/index)\\.ts$'
/** An entry point that knows OpenTelemetry. */
const TELEMETRY = '^src/telemetry/index\\.ts$'
/** Misspelt options and missing packages are told in the same words everywhere; pauses end by an abort; listeners end nothing; ports are asked in one way. */
const TOOL_AIDS =
  '^src/core/(aborts|time/waiting|kept-open|called-safely|options/(known-keys|nearest|typed)|connecting/(client-library|embedded-url|first-words|tls-probe))\\.ts$'
const NODE = '^node:'

/** A folder that may import itself, `allowed` paths and packages; nothing else of the house. */
function room(name, from, allowed, comment) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: '^(src|test|bench|scripts|examples)/', pathNot: [from, ...allowed] },
  }
}

/** A client library is loaded at the time of need, in its own rooms only. */
const library = (name, folder) => [
  {
    name: `${name}-in-its-rooms`,
    comment: `${name} is an optional peer: only ${folder} and the comparison know it`,
    severity: 'error',
    from: { path: '^src/', pathNot: [`^src/${folder}/`, '^src/compare/'] },
    to: { path: `node_modules/${name}/` },
  },
  {
    name: `${name}-at-the-time-of-need`,
    comment: `${name} is an optional peer: load it by import(), so that a program without it starts`,
    severity: 'error',
    from: { path: '^src/' },
    to: { path: `node_modules/${name}/`, dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'] },
  },
]

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Files that import each other cannot be read one after the other',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-other-room',
      comment: 'Every file of the product has its room',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/((model|contract|core|api|broker|adapters|cli|compare|console|telemetry|outbox|tools)/|(index|connect|config|hub)\\.ts$)',
      },
      to: {},
    },
    room('model', '^src/model/', [], 'The model imports nothing of the house'),
    room(
      'core',
      '^src/core/',
      ['^src/model/errors\\.ts$'],
      'A mechanism knows no message; it speaks the one error class',
    ),
    room('contract', '^src/contract/', ['^src/model/'], 'The contract imports the model'),
    room('api', '^src/api/', [GROUND], 'Which adapters exist is none of the api’s business'),
    room('broker', '^src/broker/', [GROUND], 'The embedded broker is free of transport'),
    ...['memory', 'zeromq'].map((name) =>
      room(
        `adapter-${name}`,
        `^src/adapters/${name}/`,
        [GROUND, '^src/broker/'],
        'An adapter never imports a neighbour',
      ),
    ),
    ...['rabbitmq', 'qpid', 'redis'].map((name) =>
      room(
        `adapter-${name}`,
        `^src/adapters/${name}/`,
        [GROUND],
        'An adapter never imports a neighbour or the api',
      ),
    ),
    room(
      'registry',
      '^src/adapters/registry\\.ts$',
      [GROUND, '^src/adapters/[a-z]+/adapter\\.ts$'],
      'The registry names the adapters',
    ),
    room(
      'native-types',
      '^src/adapters/native-types\\.ts$',
      ['^src/adapters/[a-z]+/(options|native)\\.ts$', '^src/broker/index\\.ts$'],
      'The types of what is an adapter’s own stand with the adapter',
    ),
    room(
      'switchboard',
      '^src/(connect|config)\\.ts$',
      [GROUND, '^src/api/', '^src/adapters/(registry|native-types)\\.ts$'],
      'The switchboard joins api and registry',
    ),
    room(
      'front-door',
      '^src/index\\.ts$',
      [
        GROUND,
        '^src/api/',
        '^src/(connect|config)\\.ts$',
        '^src/adapters/(registry|native-types)\\.ts$',
        ENTRIES,
      ],
      'The front door only shows what lies behind it',
    ),
    room('conformance', '^test/conformance/suite/', [ENTRIES], 'The suite uses the library as its users do'),
    room(
      'hub',
      '^src/hub\\.ts$',
      ['^src/adapters/zeromq/hub/(hub|curve)\\.ts$'],
      'The hub is the ZeroMQ adapter’s broker',
    ),
    ...['tools', 'telemetry', 'outbox'].map((name) =>
      room(name, `^src/${name}/`, [ENTRIES, TOOL_AIDS], 'Tools enter by the front door'),
    ),
    room('console', '^src/console/', [ENTRIES, TOOL_AIDS, '^src/tools/'], 'Tools enter by the front door'),
    room('compare', '^src/compare/', [ENTRIES, TOOL_AIDS], 'Tools enter by the front door'),
    room(
      'cli',
      '^src/cli/',
      [ENTRIES, TOOL_AIDS, '^src/tools/', '^src/(compare|console|telemetry|outbox)/index\\.ts$'],
      'Tools enter by the front door',
    ),
    room('examples', '^examples/', [ENTRIES, TELEMETRY], 'Examples show what users can write'),
    room(
      'bench',
      '^bench/',
      [ENTRIES, TELEMETRY, TOOL_AIDS, '^src/compare/', '^src/model/'],
      'Benchmarks measure what users get',
    ),
    ...library('amqplib', 'adapters/rabbitmq'),
    ...library('rhea', 'adapters/qpid'),
    ...library('zeromq', 'adapters/zeromq'),
    ...library('ioredis', 'adapters/redis'),
    ...library('lmdb', 'broker'),
    {
      name: 'pg-at-the-time-of-need',
      comment: 'pg is an optional peer: the outbox takes a pool of the program’s, the command loads it',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/pg/', dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'] },
    },
    {
      name: 'no-development-package',
      comment: 'What the library imports, its users must have; the console is bundled with what it needs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/console/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm-peer', 'npm-optional', 'type-only', 'type-import'],
      },
    },
    {
      name: 'no-missing-file',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: NODE },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node'] },
  },
}
