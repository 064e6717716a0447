package main

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Entries of one pipeline: so many are written in one go.
const together = 100

// The loop of the bare client: XADD; XREADGROUP, XACK and XDEL.
func redisStream(job *work) error {
	ctx := context.Background()
	options, err := redis.ParseURL(job.url)
	if err != nil {
		return err
	}
	options.ReadTimeout = -1
	client := redis.NewClient(options)
	if err := client.XGroupCreateMkStream(ctx, job.queue, "group", "0").Err(); err != nil {
		return err
	}
	for lane := 0; lane < job.inFlight/together; lane++ {
		go func() {
			for {
				_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
					for at := 0; at < together; at++ {
						pipe.XAdd(ctx, &redis.XAddArgs{Stream: job.queue, Values: []any{"body", job.body, "headers", "{}"}})
					}
					return nil
				})
				fail(err)
			}
		}()
	}
	question := &redis.XReadGroupArgs{
		Group: "group", Consumer: "one", Streams: []string{job.queue, ">"}, Count: int64(job.inFlight),
	}
	for {
		streams, err := client.XReadGroup(ctx, question).Result()
		if err != nil {
			return err
		}
		ids := make([]string, len(streams[0].Messages))
		for at, message := range streams[0].Messages {
			ids[at] = message.ID
		}
		job.arrived.Add(int64(len(ids)))
		if _, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.XAck(ctx, job.queue, "group", ids...)
			pipe.XDel(ctx, job.queue, ids...)
			return nil
		}); err != nil {
			return err
		}
	}
}
