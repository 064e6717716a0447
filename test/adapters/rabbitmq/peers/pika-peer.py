"""An independent AMQP 0-9-1 client, for the tests: pika.

pika-peer.py send URL QUEUE       sends four messages
pika-peer.py receive URL QUEUE N  prints N messages, each as one line of JSON; header values stand with their types
"""
import datetime
import decimal
import json
import sys

import pika

# No floats: pika neither writes them nor reads them whole.
HEADERS = {
    'text': 'ä€\U0001f600', 'empty': '', 'true': True, 'small': 5, 'int': -2**31, 'long': -2**63, 'safe': 2**53 - 1, 'unsafe': 2**53 + 1,
    'decimal': decimal.Decimal('12.34'), 'nothing': None, 'bytes': b'\x00\xff',
    'when': datetime.datetime(2023, 11, 14, 22, 13, 20), '__proto__': 'a name', 'constructor': 'another',
    'table': {'__proto__': {'polluted': True}, 'deep': {'list': [1, 'two', [3]]}}, 'list': [1, 'two', None, {'three': 3}],
}


def shown(value):
    if isinstance(value, dict):
        return ['dict', {key: shown(item) for key, item in value.items()}]
    if isinstance(value, list):
        return ['list', [shown(item) for item in value]]
    if isinstance(value, bytes):
        return ['bytes', value.hex()]
    if isinstance(value, int) and not isinstance(value, bool):
        return ['int', str(int(value))]
    if isinstance(value, datetime.datetime):
        return ['datetime', value.strftime('%Y-%m-%d %H:%M:%S')]
    return [type(value).__name__, None if value is None else str(value)]


def send(channel, queue):
    def publish(body, **fields):
        channel.basic_publish('', queue, body, pika.BasicProperties(**fields), mandatory=True)

    channel.confirm_delivery()
    publish('plain text', content_type='text/plain', content_encoding='utf-8', headers=HEADERS, delivery_mode=2, priority=7,
            correlation_id='c-1', reply_to='answers', expiration='60000', message_id='pika-1', timestamp=1700000000,
            type='order', user_id=parameters.credentials.username, app_id='pika')
    publish(json.dumps({'from': 'pika'}))
    publish(json.dumps({'from': 'pika'}), content_type='application/json')
    publish(b'\x00\xff\x80', content_type='application/octet-stream')


def receive(channel, queue, count):
    for method, fields, body in channel.consume(queue, inactivity_timeout=10):
        if method is None:
            sys.exit('nothing came')
        channel.basic_ack(method.delivery_tag)
        print(json.dumps({
            'id': fields.message_id, 'user': fields.user_id, 'replyTo': fields.reply_to, 'correlationId': fields.correlation_id,
            'contentType': fields.content_type, 'priority': fields.priority, 'expiration': fields.expiration,
            'deliveryMode': fields.delivery_mode, 'timestamp': fields.timestamp, 'routingKey': method.routing_key,
            'headers': shown(fields.headers or {})[1], 'body': body.hex(),
        }))
        count -= 1
        if count == 0:
            break


verb, url, queue, *rest = sys.argv[1:]
parameters = pika.URLParameters(url)
connection = pika.BlockingConnection(parameters)
if verb == 'send':
    send(connection.channel(), queue)
else:
    receive(connection.channel(), queue, int(rest[0]))
connection.close()
