// Command ceilings does the queue work of the benchmark with a fast native client: every message confirmed, every message accepted.
//
//	ceilings BACKEND URL QUEUE BYTES IN-FLIGHT SECONDS
//
// The queue exists already (of Redis it is made here). Prints one line of JSON: messages counted, messages in all, seconds, and the
// processor time of this process while it counted.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Messages before anything is counted: the broker and this program are warm by then.
const warmUp = 20_000

// work is what a client does; it ends with the process.
type work struct {
	url, queue string
	body       []byte
	inFlight   int
	arrived    atomic.Int64
}

func main() {
	args := os.Args[1:]
	bytes, inFlight, seconds := number(args[3]), number(args[4]), number(args[5])
	job := &work{url: args[1], queue: args[2], body: make([]byte, bytes), inFlight: inFlight}
	clients := map[string]func(*work) error{"rabbitmq": rabbitmq, "qpid": qpid, "redis": redisStream}
	go func() { fail(clients[args[0]](job)) }()
	for job.arrived.Load() < warmUp {
		time.Sleep(time.Millisecond)
	}
	from, begun, cpu := job.arrived.Load(), time.Now(), processorTime()
	time.Sleep(time.Duration(seconds) * time.Second)
	all, took, spent := job.arrived.Load(), time.Since(begun), processorTime()-cpu
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"counted": all - from, "all": all, "seconds": took.Seconds(), "cpuMs": spent.Seconds() * 1000,
	}))
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	fail(err)
	return value
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
