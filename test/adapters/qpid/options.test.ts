import { describe, expect, it } from 'vitest'
import { qpidAdapter } from '../../../src/adapters/qpid/adapter.ts'
import { endpointOf } from '../../../src/adapters/qpid/options.ts'
import { target } from '../../support/contract.ts'

describe('options', () => {
  it('read host, port, login and virtual host from the URL', () => {
    expect(endpointOf(target('qpid://u%40:p%2F@h:1/v'))).toMatchObject({
      host: 'h',
      port: 1,
      virtualHost: 'v',
      username: 'u@',
      password: 'p/',
    })
    expect(endpointOf(target('qpids://[::1]'))).toMatchObject({
      host: '::1',
      port: 5671,
      virtualHost: '::1',
      place: '[::1]:5671',
    })
  })

  it.each([
    ['qpid://u:p@h', {}, 'PLAIN'],
    ['qpid://u@h', {}, 'ANONYMOUS'],
    ['qpid://h', {}, undefined],
    ['qpid://h?mechanism=ANONYMOUS', {}, 'ANONYMOUS'],
    ['qpid://h', { native: { mechanism: 'ANONYMOUS' } }, 'ANONYMOUS'],
    ['qpids://h', { tls: { cert: 'c', key: 'k' } }, 'EXTERNAL'],
    ['qpids://h', { tls: { pfx: 'p' } }, 'EXTERNAL'],
    ['qpids://u:p@h', { tls: { cert: 'c', key: 'k' } }, 'PLAIN'],
    ['qpids://h?mechanism=EXTERNAL', {}, 'EXTERNAL'],
  ] as const)('log in to %s with %j by %s', (url, changes, mechanism) => {
    expect(endpointOf(target(url, changes)).mechanism).toBe(mechanism)
  })

  it.each([
    ['qpid://h', { native: { virtualHost: 1 } }, 'virtualHost'],
    ['qpid://h', { native: { containerId: {} } }, 'containerId'],
    ['qpid://h', { native: { maxFrameBytes: 'large' } }, 'maxFrameBytes'],
    ['qpid://h', { native: { maxFrameBytes: 511 } }, 'maxFrameBytes'],
    ['qpid://h', { tls: {} }, 'tls'],
    ['qpid://h', { native: { mechanism: 'external' } }, 'mechanism'],
    ['qpid://h', { native: { mechanism: 'EXTERNAL' } }, 'mechanism'],
    ['qpids://h?mechanism=PLAIN', {}, 'mechanism'],
    ['qpid://u%:p@h', {}, 'url'],
  ] as const)('refuse %s %j', (url, changes, option) => {
    expect(() => qpidAdapter.validate(target(url, changes))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        context: expect.objectContaining({ adapter: 'qpid', option }),
      }),
    )
  })
})
