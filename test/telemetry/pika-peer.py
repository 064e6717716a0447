"""An independent producer and consumer that traces, for the tests: pika.

pika-peer.py send URL QUEUE TRACEPARENT   sends a message within that trace; prints the traceparent that it wrote
pika-peer.py receive URL QUEUE            takes one; prints the traceparent that it found

With OpenTelemetry's instrumentation of pika where it is installed; else the header is written and read as that does: text under its name.
"""
import sys

import pika

try:
    from opentelemetry import context, propagate, trace
    from opentelemetry.instrumentation.pika import PikaInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider())
    PikaInstrumentor().instrument()
    instrumented = True
except ImportError:
    instrumented = False


def send(channel, queue, traceparent):
    fields = pika.BasicProperties(headers={})
    if instrumented:
        token = context.attach(propagate.extract({'traceparent': traceparent}))
        channel.basic_publish('', queue, b'from pika', fields)
        context.detach(token)
    else:
        fields.headers['traceparent'] = traceparent
        channel.basic_publish('', queue, b'from pika', fields)
    print(fields.headers['traceparent'])


def receive(channel, queue):
    found = []

    def handle(channel, method, fields, body):
        # The span of the instrumentation is the child of what it found.
        span = trace.get_current_span() if instrumented else None
        parent = fields.headers.get('traceparent')
        found.append((parent, format(span.get_span_context().trace_id, '032x') if span else parent.split('-')[1]))
        channel.basic_ack(method.delivery_tag)
        channel.stop_consuming()

    channel.basic_consume(queue, handle)
    channel.start_consuming()
    parent, trace_id = found[0]
    print(type(parent).__name__, parent, trace_id)


verb, url, queue, *rest = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(url))
if verb == 'send':
    send(connection.channel(), queue, *rest)
else:
    receive(connection.channel(), queue)
connection.close()
print('instrumented' if instrumented else 'by hand', file=sys.stderr)
