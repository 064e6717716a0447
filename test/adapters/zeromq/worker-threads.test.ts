/** Connections that are open when their worker thread ends: the process goes on. */
import { describe, expect, it } from 'vitest'
import { Child } from '../../support/child.ts'

const WORKER = `
import { parentPort } from 'node:worker_threads'
import { connect, createHub, queue } from 'src/index.ts'
const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
const connection = await connect(hub.urls[0])
await connection.receiver(queue('jobs', { durable: false }))
`
const ENDS = { 'an exception': `throw new Error('boom')`, 'process.exit()': 'process.exit(3)' }

describe('a worker thread with an open connection and a hub', () => {
  for (const [how, code] of Object.entries(ENDS)) {
    it(`that ends by ${how} does not take the process along`, { timeout: 60_000 }, async () => {
      await using program = Child.run(`
        import { Worker } from 'node:worker_threads'
        import { writeFileSync } from 'node:fs'
        const file = new URL('./worker.mts', import.meta.url)
        writeFileSync(file, ${JSON.stringify(WORKER + code)})
        const worker = new Worker(file, { execArgv: process.execArgv })
        worker.on('error', () => {})
        worker.on('exit', (code) => {
          console.log('thread ended', code)
          setTimeout(() => console.log('process goes on'), 200)
        })
      `)
      expect(await program.line()).toMatch(/^thread ended [13]$/)
      expect(await program.line()).toBe('process goes on')
      expect(await program.ended).toMatchObject({ code: 0, signal: null })
    })
  }
})
