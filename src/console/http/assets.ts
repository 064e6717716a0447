/** The files of the page: beside the bundle; where the console runs from its sources, made from theirs. */
import { readFile } from 'node:fs/promises'

interface Asset {
  readonly type: string
  readonly content: Uint8Array<ArrayBuffer>
}

export type Assets = ReadonlyMap<string, Asset>

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/app.css', 'app.css', 'text/css; charset=utf-8'],
] as const

/** By path. */
export async function loadAssets(): Promise<Assets> {
  const read = import.meta.url.endsWith('.ts') ? await fromSources() : besideTheBundle
  const entries = FILES.map(
    async ([path, name, type]): Promise<[string, Asset]> => [
      path,
      { type, content: new Uint8Array(await read(name)) },
    ],
  )
  return new Map(await Promise.all(entries))
}

type FileName = (typeof FILES)[number][1]

function besideTheBundle(name: FileName): Promise<Uint8Array> {
  return readFile(new URL(`./page/${name}`, import.meta.url))
}

/** Not named as a text, so that no bundler takes the script along. */
async function fromSources(): Promise<(name: FileName) => Uint8Array> {
  const root = new URL('../../../', import.meta.url)
  const { buildPage } = await import(new URL('scripts/console/page.ts', root).href)
  const { fileURLToPath } = await import('node:url')
  const { files } = await buildPage(fileURLToPath(root))
  return (name) => files[name]
}
