# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: lock.py NODE

Runs in the virtual machine: the SPD command SPD_LOCK, by the ioctl of struct
esv_uapi_cmd, for no program of ours sends it yet.
"""

import fcntl
import struct
import sys

FORMAT = "=IHHHHIQQHHI32s12sI"
SIZE = struct.calcsize(FORMAT)
ESV_IOC_CMD = 3 << 30 | SIZE << 16 | 0xe5 << 8 | 2
ESV_OP_SPD_LOCK = 0x35

command = bytearray(struct.pack(FORMAT, SIZE, ESV_OP_SPD_LOCK, *[0] * 9, b"", b"", 0))
with open(sys.argv[1], "r+b", buffering=0) as node:
    fcntl.ioctl(node, ESV_IOC_CMD, command)
status = struct.unpack(FORMAT, command)[2]
sys.exit(f"status {status}" if status else 0)
