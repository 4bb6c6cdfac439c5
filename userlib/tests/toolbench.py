# SPDX-License-Identifier: GPL-2.0-or-later
"""A network namespace with a broker in it, and the tool that asks it. For check-* programs."""

import fcntl
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1])
WORK = pathlib.Path(tempfile.mkdtemp(prefix="tool-"))
SOCKET = WORK / "run/s"
USER = {"user": 1000, "group": 1000, "extra_groups": []}
LIMIT = 20  # seconds that nothing here should take

count = failures = 0
broker = None


def check(name, trouble):
    """One line of TAP; trouble is a list of what went wrong."""
    global count, failures
    count += 1
    failures += bool(trouble)
    print(f"{'not ' if trouble else ''}ok {count} - {name}")
    for line in trouble:
        print(f"# {line}")
    sys.stdout.flush()


def lacks(text, *wanted):
    """What of wanted is not in text."""
    return [f"{w!r} is not in {text!r}" for w in wanted if w not in text]


def command(*words):
    return [str(BUILD / "ipsecapi"), "--socket", str(SOCKET), *(str(w) for w in words)]


def ask(*words, **how):
    return subprocess.run(command(*words), capture_output=True, timeout=LIMIT, text=True, check=False,
                          stdin=subprocess.DEVNULL, **how)


def ask_json(*words, **how):
    done = ask("--json", *words, **how)
    return json.loads(done.stdout) if done.stdout else done.stderr


def interface(name, up=True):
    """SIOCSIFFLAGS"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", name.encode(), int(up)))


def make_tun():
    """tun0 at 10.0.0.1/8, with nobody behind it; there as long as the returned file."""
    tun = open("/dev/net/tun", "r+b", buffering=0)
    fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH14x", b"tun0", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for request, value in (0x8916, "10.0.0.1"), (0x891c, "255.0.0.0"):  # address and mask
            fcntl.ioctl(s, request, struct.pack("16sHH4s8x", b"tun0", socket.AF_INET, 0, socket.inet_aton(value)))
    interface("tun0")
    return tun


def enter_namespace():
    os.unshare(os.CLONE_NEWNET)
    interface("lo")
    return make_tun()


def start_broker(*options):
    global broker
    broker = subprocess.Popen([str(BUILD / "ipsecapid"), "--socket", str(SOCKET), "--user", "nobody",
                               "--defaults", str(BUILD / "policy.conf"), *options])
    while ask("status").returncode:
        assert broker.poll() is None, "the broker does not start"


def stop_broker():
    broker.send_signal(signal.SIGTERM)
    assert broker.wait(LIMIT) == 0, "the broker failed"


def may_become():
    """Root of a user namespace may have nobody but itself in there."""
    try:
        return not subprocess.run(["true"], check=False, **USER).returncode
    except OSError:
        return False


def main(tests):
    os.environ["LD_LIBRARY_PATH"] = str(BUILD)
    if os.geteuid() or not may_become():
        print("1..0 # SKIP needs a root that can become other users, for a network namespace")
        return 0
    WORK.chmod(0o755)
    try:
        tests()
    finally:
        if broker and broker.poll() is None:
            broker.kill()
        # What is mounted below is not ours to delete.
        subprocess.run(["rm", "-rf", "--one-file-system", str(WORK)], check=False)
    print(f"1..{count}")
    return 1 if failures else 0
