import { describe, expect, it } from 'vitest'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { endpointOf } from '../../../src/adapters/redis/options.ts'
import { MessagingError } from '../../../src/model/errors.ts'
import { target } from '../../support/contract.ts'

function refusal(url: string, changes: Parameters<typeof target>[1] = {}): string {
  try {
    redisAdapter.validate(target(url, changes))
  } catch (error) {
    expect(error).toBeInstanceOf(MessagingError)
    expect((error as MessagingError).code).toBe('CONFIG_INVALID')
    return (error as MessagingError).message
  }
  throw new Error('It was not refused')
}

describe('options', () => {
  it('read host, port, login, database and mode from the URL', () => {
    expect(endpointOf(target('redis://u%40:p%2F@h:1/3'))).toMatchObject({
      mode: 'single',
      nodes: [{ host: 'h', port: 1 }],
      username: 'u@',
      password: 'p/',
      db: 3,
      tls: undefined,
    })
    expect(endpointOf(target('rediss://[::1]'))).toMatchObject({
      nodes: [{ host: '::1', port: 6379 }],
      tls: {},
    })
    for (const scheme of ['redis+unix', 'redis+socket', 'unix']) {
      expect(endpointOf(target(`${scheme}://u:p@/run/a%20b.sock?db=2`))).toMatchObject({
        mode: 'single',
        nodes: [],
        socket: '/run/a b.sock',
        username: 'u',
        password: 'p',
        db: 2,
        place: '/run/a b.sock',
      })
    }
    expect(endpointOf(target('redis://h?sentinel=main'))).toMatchObject({
      mode: 'sentinel',
      master: 'main',
      nodes: [{ host: 'h', port: 26_379 }],
    })
    expect(endpointOf(target('redis://h?cluster=true&waitReplicas=1&waitMs=300'))).toMatchObject({
      mode: 'cluster',
      waitReplicas: 1,
      waitMs: 300,
    })
    expect(
      endpointOf(target('redis://h:1?cluster=true', { native: { nodes: ['i:2', '[::1]:3'] } })),
    ).toMatchObject({
      mode: 'cluster',
      nodes: [
        { host: 'h', port: 1 },
        { host: 'i', port: 2 },
        { host: '::1', port: 3 },
      ],
    })
  })

  it('refuse what is misspelt, naming it and the nearest', () => {
    expect(refusal('redis://h', { native: { leasMs: 1 } })).toMatch(/leasMs.*leaseMs/)
    expect(refusal('redis://h?clster=true')).toMatch(/clster.*cluster/)
  })

  it.each([
    ['redis://h/news', {}, /path/],
    ['redis:///run/r.sock', {}, /redis\+unix:\/\/\/path/],
    ['redis+unix:///run/r.sock?virtual_host=1', {}, /virtual_host.*db/],
    ['unix:///run/r.sock', { tls: {} }, /rediss/],
    ['unix:///run/r.sock?sentinel=m', {}, /socket/],
    ['redis://h', { tls: {} }, /rediss/],
    ['redis://h', { native: { nodes: ['x:1'] } }, /nodes/],
    ['redis://h?cluster=true', { native: { nodes: ['x'] } }, /nodes/],
    ['redis://h?cluster=true&sentinel=m', {}, /cluster/],
    ['redis://h/1?cluster=true', {}, /db/],
    ['redis://h', { native: { leaseMs: 1 } }, /leaseMs/],
    ['redis://h', { native: { prefix: "a'b" } }, /prefix/],
    ['redis://h', { native: { envelope: 'never' } }, /envelope/],
    ['redis://h:port', {}, /URL/],
  ] as const)('refuse %s %j', (url, changes, text) => {
    expect(refusal(url, changes)).toMatch(text)
  })
})
