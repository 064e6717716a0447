/** Text between marks in a page: what a command writes there. */
import { readFile, writeFile } from 'node:fs/promises'

/** @throws when the page has no marks of that name */
export async function writeBetween(page: string, name: string, content: string): Promise<void> {
  const text = await readFile(page, 'utf8')
  await writeFile(page, replaceBetween(text, name, content, page))
}

export function replaceBetween(text: string, name: string, content: string, page: string): string {
  const [begin, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${begin} and ${end} are not in ${page}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
