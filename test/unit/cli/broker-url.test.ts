import { describe, expect, it } from 'vitest'
import { brokerUrl } from '../../../src/cli/broker/broker-url.ts'
import { endPoint } from '../../../src/cli/verbs/bridge/end-point.ts'
import { subjectMap } from '../../../src/cli/verbs/bridge/subject-map.ts'
import { placeMark } from '../../../src/tools/bridge/place-mark.ts'

describe('the broker of -b', () => {
  it.each([
    ['localhost', 'qpid://localhost'],
    ['host:5673', 'qpid://host:5673'],
    ['user@host', 'qpid://user@host'],
    ['user/pass@host:1', 'qpid://user:pass@host:1'],
    ['us%r/p#ss@host', 'qpid://us%25r:p%23ss@host'],
    ['[::1]:5672', 'qpid://[::1]:5672'],
    ['amqp://user/pass@host', 'qpid://user:pass@host'],
    ['amqps://user/pass@host:5671', 'qpids://user:pass@host:5671'],
    ['amqp://host', 'amqp://host'],
    ['amqp://user:pass@host/vhost', 'amqp://user:pass@host/vhost'],
    ['rabbitmq://host', 'rabbitmq://host'],
    ['redis://a:1,b:2', 'redis://a:1,b:2'],
    ['memory:', 'memory:'],
    ['memory:5672', 'memory:5672'],
    ['file:./dir', 'file:./dir'],
    ['zmq:tcp://127.0.0.1:5555', 'zmq:tcp://127.0.0.1:5555'],
    ['zmq+ipc:///tmp/x', 'zmq+ipc:///tmp/x'],
  ])('%s is %s', (given, url) => {
    expect(brokerUrl(given)).toBe(url)
  })

  it('a configured name goes before a host of that name', () => {
    expect(brokerUrl('production', ['production'])).toBe('production')
    expect(brokerUrl('production', [])).toBe('qpid://production')
  })

  it.each(['user:secret@host', 'host/vhost', '', 'a b@', 'host:port'])(
    '%s is neither, and not repeated',
    (given) => {
      expect(() => brokerUrl(given)).toThrow(expect.objectContaining({ name: 'UsageError' }))
      expect(() => brokerUrl(given)).not.toThrow(/secret/)
    },
  )
})

describe('the ends of a bridge', () => {
  it('the first # divides', () => {
    expect(endPoint('rabbitmq://h#orders', 'FROM')).toEqual({ broker: 'rabbitmq://h', address: 'orders' })
    expect(endPoint('qpid://h#news/#.us', 'FROM')).toEqual({ broker: 'qpid://h', address: 'news/#.us' })
    for (const wrong of ['orders', '#orders', 'qpid://h#'])
      expect(() => endPoint(wrong, 'FROM')).toThrow('FROM is no URL#ADDRESS')
  })

  it('a place has one mark, whoever logs in there', () => {
    const mark = placeMark('redis://me:secret@Host:1', 'q')
    expect(mark).toBe(placeMark('redis://host:1', 'q'))
    expect(mark).not.toBe(placeMark('redis://host:1', 'r'))
    expect(mark).toMatch(/^[\w-]{12}$/)
  })

  it.each([
    ['us.*=usa.$1', 'us.weather', 'usa.weather'],
    ['us.*=usa.$1', 'us.weather.today', 'us.weather.today'],
    ['us.#=usa.$1', 'us.weather.today', 'usa.weather.today'],
    ['us.#=usa.$1', 'us', 'usa'],
    ['#.weather=w.$1', 'a.b.weather', 'w.a.b'],
    ['#.weather=w.$1', 'weather', 'w'],
    ['a.#.z=$1', 'a.b.c.z', 'b.c'],
    ['a.#.z=x.$1.y', 'a.z', 'x.y'],
    ['*.*=$2.$1', 'a.b', 'b.a'],
    ['#=all', 'x.y', 'all'],
    ['a+b=c', 'a+b', 'c'],
    ['*foo=x', 'a', 'a'],
    ['us*=x', 'us*', 'x'],
    ['#.a.#=$1|$2', 'x.a.y.a.z', 'x|y.a.z'],
    ['#.#=$1|$2', 'x.y', 'x|y'],
    ['a.*=old.$0', 'a.b', 'old.a.b'],
    ['=none', undefined, 'none'],
    ['#.a.#.b.#.c=long', 'a.'.repeat(20_000), 'a.'.repeat(20_000)],
    ['x=y', undefined, undefined],
  ])('--map %s makes of %s %s', (rule, subject, mapped) => {
    expect(subjectMap([rule])(subject)).toBe(mapped)
  })

  it('the first rule that fits decides', () => {
    const map = subjectMap(['us.weather=first', 'us.*=second'])
    expect([map('us.weather'), map('us.sports'), map('eu.sports')]).toEqual(['first', 'second', 'eu.sports'])
    expect(() => subjectMap(['nothing'])).toThrow('is no PATTERN=SUBJECT')
  })
})
