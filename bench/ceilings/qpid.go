package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/Azure/go-amqp"
)

// One session for each link, an outcome awaited for each message, each accepted on its own.
func qpid(job *work) error {
	ctx := context.Background()
	place, err := url.Parse(job.url)
	if err != nil {
		return err
	}
	password, _ := place.User.Password()
	conn, err := amqp.Dial(ctx, "amqp://"+place.Host, &amqp.ConnOptions{
		SASLType: amqp.SASLTypePlain(place.User.Username(), password),
	})
	if err != nil {
		return err
	}
	receiving, err := conn.NewSession(ctx, nil)
	if err != nil {
		return err
	}
	receiver, err := receiving.NewReceiver(ctx, job.queue, &amqp.ReceiverOptions{Credit: int32(job.inFlight)})
	if err != nil {
		return err
	}
	go func() {
		for {
			message, err := receiver.Receive(ctx, nil)
			fail(err)
			job.arrived.Add(1)
			fail(receiver.AcceptMessage(ctx, message))
		}
	}()
	sending, err := conn.NewSession(ctx, nil)
	if err != nil {
		return err
	}
	sender, err := sending.NewSender(ctx, job.queue, nil)
	if err != nil {
		return err
	}
	receipts := make(chan amqp.SendReceipt, job.inFlight)
	go func() {
		for receipt := range receipts {
			state, err := receipt.Wait(ctx)
			fail(err)
			if _, ok := state.(*amqp.StateAccepted); !ok {
				fail(fmt.Errorf("a message was refused: %v", state))
			}
		}
	}()
	contentType := "application/octet-stream"
	for sequence := 0; ; sequence++ {
		now := time.Now()
		message := amqp.NewMessage(job.body)
		message.Header = &amqp.MessageHeader{Durable: true, Priority: 4}
		message.Properties = &amqp.MessageProperties{
			MessageID:    fmt.Sprintf("%s-%d", job.queue, sequence),
			ContentType:  &contentType,
			CreationTime: &now,
		}
		receipt, err := sender.SendWithReceipt(ctx, message, nil)
		if err != nil {
			return err
		}
		receipts <- receipt
	}
}
