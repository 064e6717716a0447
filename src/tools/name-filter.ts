/** A filter on names as people write it: a part of the name, or the whole name with `*` for anything. Looked for in steps, so that no filter takes long. */
export function nameFilter(filter: string): (name: string) => boolean {
  if (!filter.includes('*')) return (name) => name.includes(filter)
  const [head = '', ...rest] = filter.split('*')
  const tail = rest.pop() ?? ''
  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length)
      return false
    let at = head.length
    for (const part of rest) {
      const found = name.indexOf(part, at)
      if (found < 0 || found + part.length > name.length - tail.length) return false
      at = found + part.length
    }
    return true
  }
}
