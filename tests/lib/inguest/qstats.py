# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: qstats.py INTERFACE

Runs in the virtual machine, without privilege: prints what the kernel counts
for an interface (netlink family "netdev", qstats-get) as JSON: "sum", one
dictionary of all queues' counters, and "queues", one for each queue, with its
"type" and "id", of an interface that is up.
"""

import json
import socket
import struct
import sys

NETLINK_GENERIC, GENL_ID_CTRL = 16, 16
REQUEST, DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
CTRL_CMD_GETFAMILY, FAMILY_ID, FAMILY_NAME = 3, 1, 2
QSTATS_GET = 12
IFINDEX, TYPE, ID, SCOPE = 1, 2, 3, 4
BY_QUEUE = 1
NAMES = {IFINDEX: "ifindex", TYPE: "type", ID: "id", 8: "rx-packets", 9: "rx-bytes", 10: "tx-packets",
         11: "tx-bytes"}

sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)


def attribute(number, data):
    return struct.pack("=HH", 4 + len(data), number) + data + b"\0" * (-len(data) % 4)


def attributes(data):
    found = {}
    while data:
        size, number = struct.unpack_from("=HH", data)
        found[number] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


def ask(family, command, flags, body):
    """The attributes of each answer."""
    head = struct.pack("=BBH", command, 1, 0)
    sock.send(struct.pack("=IHHII", 20 + len(body), family, REQUEST | flags, 1, 0) + head + body)
    found = []
    while True:
        data = sock.recv(1 << 16)
        while data:
            size, kind = struct.unpack_from("=IH", data)
            if kind == NLMSG_DONE:
                return found
            if kind == NLMSG_ERROR:
                sys.exit(f"refused: {struct.unpack_from('=i', data, 16)[0]}")
            found.append(attributes(data[20:size]))
            data = data[(size + 3) & ~3:]
        if not flags & DUMP:
            return found


def counters(family, ifindex, scope):
    body = attribute(IFINDEX, struct.pack("=I", ifindex))
    if scope:
        body += attribute(SCOPE, struct.pack("=I", scope))
    return [{NAMES.get(k, k): int.from_bytes(v, sys.byteorder) for k, v in entry.items() if k in NAMES}
            for entry in ask(family, QSTATS_GET, DUMP, body)]


netdev = ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, attribute(FAMILY_NAME, b"netdev\0"))[0]
family_id = struct.unpack("=H", netdev[FAMILY_ID])[0]
index = socket.if_nametoindex(sys.argv[1])
print(json.dumps({"sum": counters(family_id, index, 0)[0], "queues": counters(family_id, index, BY_QUEUE)}))
