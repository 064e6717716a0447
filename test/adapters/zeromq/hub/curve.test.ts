/** Who is let in, and what the others are told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, createCurveKeys, createHub, type Hub, queue } from '../../../../src/index.ts'

describe('a hub with CURVE', () => {
  let hub: Hub
  let server: { publicKey: string; secretKey: string }
  let allowed: { publicKey: string; secretKey: string }
  beforeAll(async () => {
    server = await createCurveKeys()
    allowed = await createCurveKeys()
    const curve = { ...server, allowedKeys: [allowed.publicKey] }
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'], curve })
  })
  afterAll(() => hub.close())

  const as = (keys: { publicKey: string; secretKey: string }, serverKey = server.publicKey) =>
    connect({ url: hub.urls[0]!, native: { curve: { serverKey, ...keys } } })

  it('serves a client whose key is allowed', async () => {
    await using connection = await as(allowed)
    await connection.send(queue('secret', { durable: false }), 'hush')
    await using receiver = await connection.receiver(queue('secret', { durable: false }))
    expect((await receiver.receive({ timeoutMs: 2_000 }))?.body).toBe('hush')
  })

  it('refuses a key that is not allowed: UNAUTHENTICATED', async () => {
    await expect(as(await createCurveKeys())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(hub.sessions).toBe(0)
  })

  it('refuses a client without keys within ten seconds', async () => {
    const begun = performance.now()
    const error = await connect(hub.urls[0]!).catch((failure) => failure)
    expect(['CONNECT_FAILED', 'UNAUTHENTICATED']).toContain(error.code)
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  it('is not taken for another one: a wrong server key ends within ten seconds', async () => {
    const begun = performance.now()
    const error = await as(allowed, (await createCurveKeys()).publicKey).catch((failure) => failure)
    expect(['CONNECT_FAILED', 'UNAUTHENTICATED']).toContain(error.code)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(error.message).not.toContain(allowed.secretKey)
  })
})

describe('a hub without CURVE', () => {
  it('listens beyond this machine only when told that this is meant', async () => {
    await expect(createHub({ listen: ['tcp://0.0.0.0:*'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(/insecure/),
    })
    await using hub = await createHub({ listen: ['tcp://0.0.0.0:*'], insecure: true })
    expect(hub.urls).toHaveLength(1)
  })

  it('a key that is none is refused at the start', async () => {
    const curve = { publicKey: 'x', secretKey: 'y', allowedKeys: ['short'] }
    await expect(createHub({ listen: ['tcp://127.0.0.1:*'], curve })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
