/** The broker's management plugin over HTTP: another client, and the administrator. */

const given = process.env.SLUICE_TEST_RABBITMQ_MANAGEMENT

/** `undefined`: the broker under test has no management plugin. */
export const management = given === undefined ? undefined : peer(new URL(given))

export interface ManagementPeer {
  /** Resolves with what it answered, if anything. `path` begins behind `/api/`. */
  call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>
}

function peer({ origin, username, password }: URL): ManagementPeer {
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
    'base64',
  )
  return {
    async call(method, path, body) {
      const answer = await fetch(`${origin}/api/${path}`, {
        method,
        headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
  }
}
