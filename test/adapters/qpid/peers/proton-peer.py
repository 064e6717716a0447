"""An independent AMQP 1.0 client, for the tests: qpid-proton.

proton-peer.py send URL QUEUE       sends two messages
proton-peer.py receive URL QUEUE N  prints N messages, each as one line of JSON; values stand with their types
"""
import json
import sys
import uuid

from proton import (Array, Data, Message, UNDESCRIBED, byte, char, decimal64, float32, int32, short, symbol,
                    timestamp, ubyte, uint, ulong, ushort)
from proton.utils import BlockingConnection

VALUES = {
    'null': None, 'true': True, 'ubyte': ubyte(255), 'byte': byte(-128), 'ushort': ushort(65535),
    'short': short(-32768), 'uint': uint(2**32 - 1), 'int': int32(-2**31), 'ulong': ulong(2**64 - 1),
    'long': -2**63, 'small': 5, 'float': float32(0.5), 'double': -0.0, 'nan': float('nan'),
    'decimal64': decimal64(1), 'char': char('\U0001f600'), 'timestamp': timestamp(1700000000123),
    'uuid': uuid.UUID('00112233-4455-6677-8899-aabbccddeeff'), 'binary': b'\x00\xff',
    'string': 'ä€\U0001f600', 'symbol': symbol('sym'),
}


def shown(value):
    if isinstance(value, dict):
        return ['map', {str(key): shown(item) for key, item in value.items()}]
    if isinstance(value, list):
        return ['list', [shown(item) for item in value]]
    if isinstance(value, (bytes, memoryview)):
        return ['binary', bytes(value).hex()]
    if isinstance(value, int) and not isinstance(value, bool):
        return [type(value).__name__, str(int(value))]
    return [type(value).__name__, None if value is None else str(value)]


def send(connection, queue):
    sender = connection.create_sender(queue)
    fields = dict(id='proton-1', user_id=b'sluice', subject='news.eu', reply_to='answers', correlation_id='c-1',
                  priority=7, ttl=60.0, durable=True, group_id='g', creation_time=1700000000.5)
    properties = {name: value for name, value in VALUES.items() if name != 'null'}
    sender.send(Message(body='plain text', properties=properties, **fields))
    nested = {'list': [1, {'deep': []}], 'empty': {}, 'array': Array(UNDESCRIBED, Data.INT, 1, 2)}
    sender.send(Message(body={**VALUES, **nested}, content_type=symbol('amqp/map')))


def receive(connection, queue, count):
    receiver = connection.create_receiver(queue)
    for _ in range(count):
        message = receiver.receive(timeout=10)
        receiver.accept()
        print(json.dumps({
            'id': message.id, 'user': bytes(message.user_id).decode(), 'subject': message.subject, 'replyTo': message.reply_to,
            'correlationId': message.correlation_id, 'contentType': message.content_type, 'group': message.group_id,
            'priority': message.priority, 'ttl': message.ttl, 'durable': message.durable,
            'created': message.creation_time, 'properties': shown(message.properties or {})[1],
            'body': shown(message.body),
        }))


verb, url, queue, *rest = sys.argv[1:]
connection = BlockingConnection(url, timeout=10, allowed_mechs='PLAIN')
if verb == 'send':
    send(connection, queue)
else:
    receive(connection, queue, int(rest[0]))
connection.close()
