/** `sluice hub`: the embedded broker behind a ZeroMQ socket, until it is told to stop. */

import { aborted } from '../../core/time/waiting.ts'
import type { Command } from '../command/command.ts'
import { CommandError } from '../command/errors.ts'
import { flag, list, text } from '../command/option.ts'
import { expectOnly } from '../command/positionals.ts'
import { jsonText } from '../print/terminal-text.ts'

export const hub: Command = {
  usage: '[options]',
  description:
    'Listen for clients with zmq: URLs and serve them queues, topics, browsing and store-and-forward until interrupted. With --data what is durable is kept on disk. Keys come from the environment: SLUICE_CURVE_PUBLIC and SLUICE_CURVE_SECRET.',
  options: [
    list('--listen ADDRESS', 'tcp://host:port or ipc:///path, repeatable; default tcp://127.0.0.1:5600'),
    text('--data DIR', 'keep durable messages in this directory'),
    list('--allow KEY', 'let in the client with this public CURVE key, repeatable'),
    flag('--curve-keys', 'print a new pair of CURVE keys and end'),
    flag('--insecure', 'listen beyond this machine without CURVE'),
    flag('--json', 'print as JSON'),
  ],
  examples: [
    ['sluice hub --listen tcp://127.0.0.1:5600 --data ./hub-data', 'a hub that keeps its messages'],
    ['sluice hub --curve-keys', 'keys for a hub or a client'],
  ],
  async run({ args, out, signal }) {
    const json = args.flag('json')
    expectOnly(args)
    const { createCurveKeys, createHub } = await import('../../index.ts')
    if (args.flag('curve-keys')) {
      const keys = await createCurveKeys()
      await out.line(json ? jsonText(keys) : `public key: ${keys.publicKey}\nsecret key: ${keys.secretKey}`)
      return 0
    }
    const listen = args.list('listen')
    const allowedKeys = args.list('allow')
    const running = await createHub({
      listen: listen.length > 0 ? listen : ['tcp://127.0.0.1:5600'],
      data: args.text('data'),
      insecure: args.flag('insecure'),
      curve: allowedKeys.length > 0 ? { ...curveKeys(), allowedKeys } : undefined,
    })
    for (const url of running.urls) await out.line(json ? jsonText({ url }) : `listening: ${url}`)
    await aborted(signal)
    await running.close()
    return 0
  },
}

function curveKeys(): { publicKey: string; secretKey: string } {
  const { SLUICE_CURVE_PUBLIC: publicKey, SLUICE_CURVE_SECRET: secretKey } = process.env
  if (publicKey && secretKey) return { publicKey, secretKey }
  throw new CommandError(
    '--allow needs the keys of the hub',
    'Set SLUICE_CURVE_PUBLIC and SLUICE_CURVE_SECRET; make a pair with sluice hub --curve-keys.',
  )
}
