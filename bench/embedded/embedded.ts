/**
 * The embedded broker alone and through the API: throughput, and that cost does not grow with backlog or subscriptions.
 *
 *   npx tsx bench/embedded/embedded.ts [engine] [api] [file] [backlog] [subscriptions] [--json] [--rounds 5]
 *
 * Each figure is the median of several rounds in one process, with the least and the most beside it. The rounds of
 * figures that are compared with each other (depths, numbers of subscriptions) take turns. Progress goes to standard
 * error, figures to standard output. All of it runs as plain JavaScript.
 */
import { runCompiled } from '../run/compiled.ts'

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else await import('./figures.ts')
