/** What is used of luaparse, which brings no types. */
declare module 'luaparse' {
  interface Node {
    readonly type: string
    readonly range: readonly [from: number, to: number]
    readonly loc: { readonly start: { readonly line: number } }
  }
  interface Identifier extends Node {
    readonly name: string
  }
  /** A statement of a chunk: `local function name` has an identifier, `local name =` has variables. */
  interface Statement extends Node {
    readonly isLocal?: boolean
    readonly identifier?: Identifier
    readonly variables?: readonly Identifier[]
  }
  interface Chunk {
    readonly body: readonly Statement[]
    readonly comments: readonly Node[]
    /** The first use of every name that is not declared in the chunk; only with `scope`. */
    readonly globals: readonly Identifier[]
  }
  export function parse(
    code: string,
    options: { luaVersion: '5.1'; ranges: true; locations: true; scope: true; comments: true },
  ): Chunk
}
