import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { CLUSTERS, leftOut } from './scripts/brokers/kind.ts'
import { kindOf } from './scripts/brokers/kinds.ts'

/** The runs of the conformance suite take minutes each: they come first, so that no worker is left alone with one at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/conformance/')
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  // The conformance suite names the library as its users do.
  resolve: { alias: [{ find: /^sluice$/, replacement: join(import.meta.dirname, 'src/index.ts') }] },
  test: {
    include: ['test/**/*.test.ts'],
    // Tests of a broker that the user chose to do without; the choice is printed in the summary.
    // Clusters of RabbitMQ take long: npm run test:editions brings them up.
    exclude: [...leftOut(), ...CLUSTERS.filter((name) => !process.env[kindOf(name).variable])].flatMap(
      (name) => [`test/adapters/${name}/**`, `test/conformance/${name}.test.ts`],
    ),
    globalSetup: ['test/support/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    // Processes, not threads: native client libraries, signals and exits are per process.
    pool: 'forks',
    // Brokers work on the same processor cores.
    maxWorkers: Math.min(2, availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 120_000,
    // A promise nobody handles is a defect of the library: it fails the run.
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
