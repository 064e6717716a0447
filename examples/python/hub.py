"""Sends a message to a Sluice hub and receives it again: python hub.py tcp://127.0.0.1:5600 (needs: pip install pyzmq)"""
import json, struct, sys, zmq

HELLO, CALL, SEND, ACCEPT, BYE, WELCOME, REPLY, CONFIRM, DELIVER = 1, 2, 3, 4, 7, 32, 34, 35, 37
hub = zmq.Context().socket(zmq.DEALER)
hub.connect(sys.argv[1])
arrived = []  # records: (kind, link, payload)

def put(kind, link, payload):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    hub.send(struct.pack(">BII", kind, link, len(payload)) + payload)

def take(kind):
    while not any(record[0] == kind for record in arrived):
        if not hub.poll(5000):
            sys.exit("the hub does not answer")
        batch, at = hub.recv(), 0
        while at < len(batch):
            op, link, length = struct.unpack_from(">BII", batch, at)
            arrived.append((op, link, batch[at + 9 : at + 9 + length]))
            at += 9 + length
    return arrived.pop(next(i for i, record in enumerate(arrived) if record[0] == kind))[2]

def call(verb, link, **args):
    put(CALL, link, {"call": 1, "verb": verb, "args": args})
    return json.loads(take(REPLY))

queue = {"name": "greetings", "type": "queue"}
put(HELLO, 0, {"protocol": 1, "name": "python", "heartbeatMs": 10000})
print("connected to", json.loads(take(WELCOME))["product"])
call("declare", 0, node={**queue, "durable": False, "bindings": [], "native": {}})
call("attachSender", 1, spec={"target": queue, "capacity": 100, "reliability": "at-least-once"})
put(SEND, 1, struct.pack(">IBIHB", 0, 0, 3, 0, 2) + "hello from Python".encode())  # sequence, resend; header: length, fields, type text
print("confirmed", struct.unpack(">I", take(CONFIRM)))
call("attachReceiver", 2, spec={"source": queue, "mode": "consume", "credit": 10, "reliability": "at-least-once", "limits": {"native": {}}})
delivery = take(DELIVER)
print("received", delivery[13 + struct.unpack_from(">I", delivery, 9)[0] :].decode())
put(ACCEPT, 2, delivery[:4])
put(BYE, 0, b"")
