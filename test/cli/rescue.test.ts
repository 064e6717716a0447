/** `sluice doctor --rescue`: a damaged store by the command. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileBroker } from '../../src/broker/index.ts'
import { Hand } from '../unit/broker/harness.ts'
import { Commands, type Ended } from './commands.ts'

const commands = new Commands()
afterAll(() => commands[Symbol.dispose]())

function doctor(...args: string[]): Promise<Ended> {
  return commands.run('sluice', 'doctor', ...args)
}

describe('a damaged store', () => {
  it('is read into a new one with --rescue, and what could not be read is told', {
    timeout: 60_000,
  }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-doctor-'))
    try {
      const lease = await fileBroker(join(directory, 'store'))
      const hand = new Hand(lease.broker)
      await hand.queue('orders')
      for (const body of ['one', 'the-damaged-one', 'three']) await hand.send('orders', body)
      await lease.release()
      const data = join(directory, 'store', 'data.mdb')
      const bytes = await readFile(data)
      // Every copy, since pages that are no longer in use hold older ones.
      for (let at = bytes.indexOf('the-damaged-one'); at >= 0; at = bytes.indexOf('the-damaged-one', at))
        bytes[at]! ^= 1
      await writeFile(data, bytes)
      const { code, err, text } = await doctor(`file:${directory}/store`, '--rescue', join(directory, 'new'))
      expect({ code, err }).toEqual({ code: 1, err: '' })
      expect(text).toContain('2 messages written to')
      expect(text).toMatch(/orders, position 2: the checksum does not match/)
      const again = await fileBroker(join(directory, 'new'))
      expect(await new Hand(again.broker).browse('orders')).toEqual(['one', 'three'])
      await again.release()
      const refused = await doctor(`file:${directory}/store`, '--rescue', join(directory, 'new'))
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') })
      expect((await doctor('memory:', '--rescue', join(directory, 'x'))).code).toBe(2)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
