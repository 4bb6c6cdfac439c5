#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What GRO may put together: segments of one TCP flow that came under one SA, or
all in clear; never decrypted ones with clear ones, nor those of two SAs.

The segments adjoin and arrive in one poll of the queue: the poll is put off
until all of a batch lie in the ring. The device's watchdog may poll in between
and part a batch, so each is sent several times: no merge may ever cross the
border, and the allowed ones must be seen.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import frames  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT, FAR_PORT = 5008, 40000
SEGMENT = 100
BATCHES = 8
STRANGER = {4: "10.9.0.77", 6: "fd09::77"}

# How long the kernel puts off a poll, in ns.
PUT_OFF = 400_000_000

rig = tap.fixture(Rig)


def put_off_polls(r):
    r.guest.check(f"""ip netns exec a sh -ec '
        echo {PUT_OFF} > /sys/class/net/esv0/gro_flush_timeout
        echo 10 > /sys/class/net/esv0/napi_defer_hard_irqs'""")


class Flow:
    """A TCP flow from b to a whose segments come in clear or under one of two SAs of one entry."""

    def __init__(self, r, family):
        self.r, self.family = r, family
        esp = xfrm.Esp(r.a, r.b, family)
        first = esp.back
        second = xfrm.Sa(r.b, r.a, "transport", xfrm.host_key(256), family=family, reqid=first.reqid)
        self.esp, self.sas, self.numbers = esp, {"1": first, "2": second}, {"1": 0, "2": 0}
        r.a.check("\n".join(["set -e"] + [sa.command(r.a) for sa in (first, second)]))
        put_off_polls(r)
        self.seq = 1000
        self.total = 0
        self.wire = inguest.Frames(r.b)
        self.stack = inguest.received_segments(r.a, PORT)

    def segment(self, kind):
        """The next segment: kind "c" is clear, "1" and "2" are the SAs."""
        src, dst = self.r.b.addr(self.family), self.r.a.addr(self.family)
        body = frames.tcp(src, dst, FAR_PORT, PORT, self.seq, bytes(SEGMENT))
        self.seq += SEGMENT
        proto = wire.TCP
        if kind != "c":
            self.numbers[kind] += 1
            body = frames.esp(self.sas[kind], self.numbers[kind], proto, body)
            proto = wire.ESP
        return frames.ethernet(self.r.a.mac, self.r.b.mac, frames.ip(src, dst, proto, body))

    def rule(self, verb):
        """Adds or deletes the entry by which the device takes ESP, and nothing in clear."""
        self.r.a.check(self.esp.policy(self.r.a, verb, "in"))

    def prime(self):
        """After this poll the next one is put off."""
        src, dst = STRANGER[self.family], self.r.a.addr(self.family)
        body = frames.tcp(src, dst, FAR_PORT, PORT + 1, 0, b"")
        self.wire.send(frames.ethernet(self.r.a.mac, self.r.b.mac, frames.ip(src, dst, wire.TCP, body)))

    def batch(self, kinds, change=None):
        """
        Sends segments of these kinds, doing something before the first one of
        the second half; returns the lengths in which the stack got them.
        """
        half = len(kinds) // 2
        start, before = self.seq, self.stack.out.count("\n")
        packets = [self.segment(kind) for kind in kinds]
        self.prime()
        self.wire.send(*packets[:half])
        if change:
            change()
        self.wire.send(*packets[half:])
        self.total += SEGMENT * len(kinds)
        self.stack.wait_output(rf" {self.total}$")
        lines = [tuple(map(int, line.split())) for line in self.stack.out.splitlines()[before:]]
        return sorted(((seq - start) // SEGMENT, length // SEGMENT) for seq, length, _ in lines)


def check_borders(kinds, got):
    """No packet of the stack holds segments of two kinds."""
    for first, count in got:
        held = kinds[first:first + count]
        assert len(set(held)) == 1, f"of {kinds}, {held} became one packet: {got}"


def whole(kinds):
    """The packets if all that may be merged is: (first segment, count)."""
    found = []
    for i, kind in enumerate(kinds):
        if found and kinds[i - 1] == kind:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((i, 1))
    return found


def check_batches(kinds, results):
    for got in results:
        check_borders(kinds, got)
    assert whole(kinds) in results, f"{kinds}: GRO did not merge all that it may: {results}"


@tap.test(rig, cases=[dict(family=f, kinds=k) for f in (4, 6)
                      for k in ("1111", "2222", "1122", "2211", "112211")])
def segments_of_two_sas(rig, family, kinds):
    flow = Flow(rig, family)
    flow.rule("add")
    check_batches(kinds, [flow.batch(kinds) for _ in range(BATCHES)])


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def clear_segments_are_merged(rig, family):
    flow = Flow(rig, family)
    check_batches("cccc", [flow.batch("cccc") for _ in range(BATCHES)])


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def clear_segments_behind_decrypted_ones(rig, family):
    """What the device accepts changes in between, as it does when an administrator removes a policy."""
    flow, results = Flow(rig, family), []
    for _ in range(BATCHES):
        flow.rule("add")
        results.append(flow.batch("11cc", change=lambda: flow.rule("delete")))
    check_batches("11cc", results)


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def decrypted_segments_behind_clear_ones(rig, family):
    flow, results = Flow(rig, family), []
    for _ in range(BATCHES):
        results.append(flow.batch("cc11", change=lambda: flow.rule("add")))
        flow.rule("delete")
    check_batches("cc11", results)


if __name__ == "__main__":
    tap.main()
