/** The library as commands hold it: loaded when the first one needs it. */
export type Library = typeof import('../../index.ts')
