package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// One connection each way, as RabbitMQ advises; a confirm and an acknowledgement for each message.
func rabbitmq(job *work) error {
	url := strings.Replace(job.url, "rabbitmq:", "amqp:", 1)
	out, err := amqp.Dial(url)
	if err != nil {
		return err
	}
	into, err := amqp.Dial(url)
	if err != nil {
		return err
	}
	receiver, err := into.Channel()
	if err != nil {
		return err
	}
	if err := receiver.Qos(job.inFlight, 0, false); err != nil {
		return err
	}
	deliveries, err := receiver.Consume(job.queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	go func() {
		for delivery := range deliveries {
			job.arrived.Add(1)
			fail(delivery.Ack(false))
		}
	}()
	sender, err := out.Channel()
	if err != nil {
		return err
	}
	if err := sender.Confirm(false); err != nil {
		return err
	}
	confirms := sender.NotifyPublish(make(chan amqp.Confirmation, job.inFlight))
	room := make(chan struct{}, job.inFlight)
	go func() {
		for confirm := range confirms {
			if !confirm.Ack {
				fail(fmt.Errorf("a message was refused"))
			}
			<-room
		}
	}()
	for sequence := 0; ; sequence++ {
		room <- struct{}{}
		message := amqp.Publishing{
			ContentType:  "application/octet-stream",
			DeliveryMode: amqp.Persistent,
			Priority:     4,
			MessageId:    fmt.Sprintf("%s-%d", job.queue, sequence),
			Timestamp:    time.Now(),
			Body:         job.body,
		}
		if err := sender.PublishWithContext(context.Background(), "", job.queue, true, false, message); err != nil {
			return err
		}
	}
}
