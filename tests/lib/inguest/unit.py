# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: unit.py NODE refused    bad ioctls of every form; prints "CASE: WANTED GOT" of each, then "done"
       unit.py NODE reader     the same as one who may only read
       unit.py NODE info       struct esv_uapi_info for callers of every size; prints "done" or fails
       unit.py NODE hold N     makes N nonces and N values of a key exchange; prints "holding"

Runs in the virtual machine, and then keeps its descriptors until it is killed:
the ioctls of /dev/espvaultN as no program of ours would send them.
"""

import array
import errno
import fcntl
import os
import signal
import struct
import sys

CMD = "=IHHHHIQQHHI32s12sI"
CMD_SIZE = struct.calcsize(CMD)
INFO_SIZE = 112
CMD_REQUEST = 3 << 30 | CMD_SIZE << 16 | 0xe5 << 8 | 2
INFO_REQUEST = 3 << 30 | INFO_SIZE << 16 | 0xe5 << 8 | 1
BUF_MAX = 4096

READ = {"UNIT_STATUS": 0x40, "SA_LIST": 0x24, "POLICY_LIST": 0x33, "COUNTERS_READ": 0x15}
NEVER = {"FEATURES_SET": 0x03, "ABORT": 0x04, "QUEUE_CREATE": 0x10, "QUEUE_DESTROY": 0x11,
         "RSS_SET": 0x12, "RX_FILTER_SET": 0x13, "PORT_SET": 0x14, "SA_ADD": 0x20, "SA_DELETE": 0x21,
         "SA_UPDATE": 0x22, "POLICY_ADD": 0x30, "POLICY_DELETE": 0x31, "POLICY_FREEZE": 0x34,
         "SESSION_OPEN": 0x41, "SESSION_CLOSE": 0x42, "zero": 0, "unknown": 0xffff}
WRITE = {"NOP": 0x01, "IDENTIFY": 0x02, "SPD_LOCK": 0x35, "BYPASS_SET": 0x36, "NONCE_GEN": 0x43,
         "KE_GEN": 0x44, "KE_FINISH": 0x45, "IKE_DERIVE": 0x46, "AUTH_ASSERT": 0x47, "CHILD_DERIVE": 0x48,
         "DESTROY": 0x49, "ZEROIZE": 0x4a, "HANDLE_QUERY": 0x4b}

LOW = 0x1000
KERNEL = 0xffff888000000000


def mappings():
    """(first address, end, rights, name) of all of this program's memory."""
    with open("/proc/self/maps", encoding="ascii") as maps:
        for line in maps:
            span, rights, *_, name = line.rstrip("\n").split(" ", 5)
            yield (*(int(n, 16) for n in span.split("-")), rights, name.strip())


def edge():
    """Where memory that can be written to ends, with nothing behind it."""
    found = [*mappings(), (1 << 47, 1 << 47, "", "")]
    return [m[1] for m, after in zip(found, found[1:])
            if m[2].startswith("rw") and m[3] != "[heap]" and m[1] < after[0]][-1]


BUFFER = array.array("B", bytes(4096))
OUT = BUFFER.buffer_info()[0]
IN = OUT + 4000
EDGE = edge()
FIXED = next(m[0] for m in mappings() if m[2].startswith("r-xp"))


def ioctl(fd, request, where):
    """0 or the name of the error."""
    try:
        fcntl.ioctl(fd, request, where)
        return 0
    except OSError as e:
        return errno.errorcode[e.errno]


def command(opcode, size=CMD_SIZE, src=0, out=0, in_len=0, out_cap=0, rsvd=0, rsvd1=0, tail=b""):
    """struct esv_uapi_cmd, and what lies behind it."""
    return struct.pack(CMD, size, opcode, 0, 0, 0, 0, src, out, in_len, out_cap, rsvd, b"", b"",
                       rsvd1) + tail


def send(fd, opcode, **more):
    return ioctl(fd, CMD_REQUEST, bytearray(command(opcode, **more)))


def payload(words):
    """A payload of 8 bytes that begins with a le16; its address."""
    BUFFER[4000:4008] = array.array("B", struct.pack("<H6x", words))
    return IN


def nonce(fd, **more):
    """A nonce of 32 bytes, unless something is wrong."""
    return send(fd, 0x43, **{"src": payload(32), "in_len": 8, "out": OUT, "out_cap": 272, **more})


def refusals(fd):
    """(case, wanted, got)"""
    for name, opcode in NEVER.items():
        yield f"opcode {name}", "EPERM", send(fd, opcode)
    for length in (BUF_MAX + 1, 0xffff):
        yield f"in_len {length}", "EMSGSIZE", nonce(fd, in_len=length)
        yield f"out_cap {length}", "EMSGSIZE", nonce(fd, out_cap=length)
    for size in (0, 4, CMD_SIZE - 1):
        yield f"size {size}", "EMSGSIZE", nonce(fd, size=size)
    yield "rsvd", "E2BIG", nonce(fd, rsvd=1)
    yield "rsvd1", "E2BIG", nonce(fd, rsvd1=1 << 31)
    yield "unknown field", "E2BIG", nonce(fd, size=CMD_SIZE + 8, tail=bytes(7) + b"\1")
    yield "size of everything", "E2BIG", nonce(fd, size=0xffffffff, tail=b"\1")
    for name, at in (("null", 0), ("low", LOW), ("edge", EDGE), ("half", EDGE - 4), ("kernel", KERNEL)):
        yield f"in at {name}", "EFAULT", nonce(fd, src=at)
        yield f"out at {name}", "EFAULT", nonce(fd, out=at)
    yield "out in read-only memory", "EFAULT", nonce(fd, out=FIXED)
    for name, at in (("null", 0), ("low", LOW)):
        yield f"command at {name}", "EFAULT", ioctl(fd, CMD_REQUEST, at)
        yield f"info at {name}", "EFAULT", ioctl(fd, INFO_REQUEST, at)
    for request in (CMD_REQUEST + 1, CMD_REQUEST + (8 << 16)):
        yield f"ioctl {request:#x}", "ENOTTY", ioctl(fd, request, bytearray(200))


def reader_refusals(fd):
    for name, opcode in {**NEVER, **WRITE}.items():
        yield f"opcode {name}", "EPERM", send(fd, opcode)
    for name, opcode in READ.items():
        yield f"opcode {name}", 0, send(fd, opcode, out=OUT, out_cap=2048)
    yield "unknown field that is zero", 0, send(fd, 0x40, out=OUT, out_cap=2048,
                                                size=CMD_SIZE + 8, tail=bytes(8))


def info(fd):
    """A caller gets what it has room for, not a byte more, and learns the driver's size (UAPI-2)."""
    def ask(size):
        data = bytearray(struct.pack("=I", size) + b"\xa5" * 2000)
        return ioctl(fd, INFO_REQUEST, data), bytes(data)

    whole = ask(INFO_SIZE)[1]
    assert struct.unpack_from("=I", whole)[0] == INFO_SIZE
    for size in (INFO_SIZE + 64, INFO_SIZE, 88, 24, 4):
        answer, data = ask(size)
        got = min(size, INFO_SIZE)
        assert not answer and data[:got] == whole[:got] and not data[got:].strip(b"\xa5"), size
    for size in (0, 3):
        answer, data = ask(size)
        assert answer == "EMSGSIZE" and not data[4:].strip(b"\xa5"), size


def hold(fd, count):
    for _ in range(count):
        assert nonce(fd) == 0
        assert send(fd, 0x44, src=payload(1), in_len=8, out=OUT, out_cap=2064) == 0


node, what = sys.argv[1:3]
unit = os.open(node, os.O_RDONLY if what == "reader" else os.O_RDWR)
if what == "hold":
    hold(unit, int(sys.argv[3]))
    print("holding", flush=True)
else:
    if what == "info":
        info(unit)
    else:
        for case, wanted, got in (refusals if what == "refused" else reader_refusals)(unit):
            print(f"{case}: {wanted} {got}")
    print("done", flush=True)
signal.pause()
