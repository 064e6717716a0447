/** The outbox under fire, small; large: `npm run soak:outbox`. */
import { afterAll, describe, expect, it } from 'vitest'
import { Commands } from '../cli/commands.ts'
import { isLeftOut } from '../support/brokers.ts'
import { withoutPostgres } from './database.ts'
import { torture } from './torture.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

describe.skipIf(withoutPostgres)(
  'every committed message arrives, no other, in order, worked on once',
  () => {
    // Reason of a skip: the user chose to do without this broker, which the summary of the run says.
    for (const broker of ['redis', 'rabbitmq'] as const)
      it.skipIf(isLeftOut(broker))(
        `on ${broker}`,
        async () => {
          const result = await torture(commands, {
            broker,
            transactions: 900,
            relayKills: 2,
            postgresRestarts: 1,
            brokerKills: 1,
          })
          expect(result).toMatchObject({
            lost: [],
            neverCommitted: [],
            disordered: [],
            otherIds: [],
            notOnce: [],
          })
          expect(result.committed).toBeGreaterThan(300)
          expect(result.rolledBack).toBeGreaterThan(100)
        },
        300_000,
      )
  },
)
