#!/usr/bin/env node
/** The command `drain`. */
import { runProgram } from './command/program.ts'
import { drain } from './verbs/drain/drain.ts'

void runProgram('drain', drain, process.argv.slice(2))
