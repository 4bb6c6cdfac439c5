#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No IV is used twice under one key (invariant I4): the counter belongs to the
key, and nothing that a host does with SAs rewinds it.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

KEYS = [dict(keys="host"), dict(keys="unit")]
PORT = 5004

rig = tap.fixture(lambda: flow.installed(Rig()))


def pings(esp, count=5):
    """Echoes that are answered: the far window accepts what the counter gives."""
    esp.left.check(f"ping -n -q -c {count} -i 0.02 -W 5 {esp.addr(esp.right)}")


def sent(path, *spis):
    """ESP frames of these SPIs in the order of the wire."""
    return [f for f in wire.frames(path) if f.spi in spis]


def check_unique(frames, sequence=True):
    """All frames are under one key: no IV twice, and no sequence number of one SA twice."""
    assert frames, "nothing was sent"
    ivs = {f.iv for f in frames}
    assert len(ivs) == len(frames), f"{len(frames) - len(ivs)} of {len(frames)} IVs repeated"
    if sequence:
        numbers = [f.seq for f in frames]
        assert sorted(set(numbers)) == numbers, f"sequence numbers go back: {numbers[:40]}"


def again(esp, sa, key=None):
    """Deletes an SA of the left side and adds it again."""
    esp.left.check(sa.delete(esp.left))
    esp.left.check(sa.command(esp.left, key=key))


@tap.test(rig)
def flows_side_by_side_share_one_counter(rig):
    esp = xfrm.Esp(rig.a, rig.b).up()
    flow.serve(rig.b, PORT)
    with rig.capture() as capture:
        load = inguest.offer(rig.a, PORT + 1, rig.b.v4)
        senders = [rig.a.spawn(f"flow send --bytes 400000 {rig.b.v4} {PORT}") for _ in range(4)]
        for sender in senders:
            sender.check()
        load.stop()
    assert not wire.repeated_ivs(capture.path)
    check_unique(sent(capture.path, esp.out.spi))
    check_unique(sent(capture.path, esp.back.spi))


@tap.test(rig, cases=KEYS)
def a_dump_holds_no_key_and_adds_no_sa(rig, keys):
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    with rig.capture() as capture:
        pings(esp)
        dump = rig.a.check(f"ip xfrm state get {esp.out.ident}")
        shown = re.search(r"aead \S+ (0x[0-9a-f]*) ", dump + " ")
        assert not shown or not shown[1].strip("0x"), f"the dump shows a key: {dump}"
        for key in ("", "00" * 36):
            refused = rig.a.run(esp.out.command(rig.a, "update", key=key))
            assert refused.rc and refused.err.strip(), f"an update to the key that the dump shows was accepted: {key!r}"
        pings(esp)
        rig.a.check(esp.out.delete(rig.a))
        for key in ("", "00" * 36):
            refused = rig.a.run(esp.out.command(rig.a, key=key))
            assert refused.rc and refused.err.strip(), f"the dumped SA was added again: {key!r}"
        rig.a.run(f"ping -c 1 -W 1 {esp.addr(rig.b)}")
        rig.a.run("ip xfrm state flush")
        rig.a.check(esp.out.command(rig.a) + ";" + esp.back.command(rig.a))
        pings(esp)
    check_unique(sent(capture.path, esp.out.spi))
    assert not wire.clear_frames(capture.path)


@tap.test(rig, cases=KEYS)
def an_sa_that_is_added_again_goes_on(rig, keys):
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    with rig.capture() as capture:
        for _ in range(3):
            pings(esp)
            again(esp, esp.out)
            again(esp, esp.back)
        pings(esp)
    frames = sent(capture.path, esp.out.spi)
    check_unique(frames)
    assert frames[-1].seq == 20, frames[-1].seq


@tap.test(rig, cases=KEYS)
def an_update_of_a_live_sa_rewinds_nothing(rig, keys):
    """The kernel has the device take the SA once more for this; the device refuses in words."""
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    with rig.capture() as capture:
        for extra in ("", "replay-oseq 1"):
            pings(esp)
            refused = rig.a.run(esp.out.command(rig.a, "update", extra=extra))
            assert refused.rc and "exists" in refused.err, refused.describe()
        pings(esp)
    frames = sent(capture.path, esp.out.spi)
    check_unique(frames)
    assert frames[-1].seq == 15, frames[-1].seq


@tap.test(rig)
def a_key_under_another_spi_goes_on(rig):
    esp = xfrm.Esp(rig.a, rig.b).up()
    first = esp.out.spi
    with rig.capture() as capture:
        pings(esp)
        for side in (rig.a, rig.b):
            side.check(esp.out.delete(side))
        esp.out.spi += 0x1000
        for side in (rig.a, rig.b):
            side.check(esp.out.command(side))
        pings(esp)
    check_unique(sent(capture.path, first, esp.out.spi), sequence=False)


@tap.test(rig)
def two_units_with_one_key_draw_different_ivs(rig):
    esp = xfrm.Esp(rig.a, rig.b, same_key=True).up()
    with rig.capture() as capture:
        pings(esp, 20)
    check_unique(sent(capture.path, esp.out.spi, esp.back.spi), sequence=False)


@tap.test(rig, cases=KEYS)
def a_link_bounce_rewinds_nothing(rig, keys):
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    with rig.capture() as capture:
        pings(esp)
        xfrm.bounce(rig.a)
        assert not rig.a.check("ip xfrm state"), "the kernel keeps SAs of a port that went down"
        rig.a.check("\n".join(["set -e"] + esp.state_lines(rig.a) + esp.policy_lines(rig.a)))
        pings(esp)
    frames = sent(capture.path, esp.out.spi)
    check_unique(frames)
    assert frames[-1].seq == 10, frames[-1].seq


@tap.test(rig, cases=KEYS)
def a_function_reset_rewinds_nothing(rig, keys):
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    with rig.capture() as capture:
        pings(esp)
        xfrm.function_reset(rig.a)
        rig.a.run(f"ping -c 3 -i 0.02 -W 1 {esp.addr(rig.b)}")
        before = len(sent(capture.path, esp.out.spi))
        rig.a.run("ip xfrm state flush")
        added = rig.a.run(esp.out.command(rig.a))
        if keys == "unit":
            assert added.rc and added.err.strip(), "a token outlived the reset"
        else:
            assert added.ok, added.describe()
            # Sequence numbers begin again; the far window may refuse them.
            rig.a.run(f"ping -c 3 -i 0.02 -W 1 {esp.addr(rig.b)}")
    frames = sent(capture.path, esp.out.spi)
    check_unique(frames, sequence=False)
    assert len(frames) == 5 + 3 * (keys == "host"), (before, len(frames))
    assert not wire.clear_frames(capture.path)


@tap.test(rig)
def sequence_numbers_run_out_and_do_not_wrap(rig):
    esp = xfrm.Esp(rig.a, rig.b)
    esp.up()
    rig.a.check(esp.out.delete(rig.a))
    esp.out.key_out = xfrm.host_key(256)
    rig.a.check(esp.out.command(rig.a, extra="replay-oseq 0xfffffff0"))
    counted = xfrm.Counted(rig.a)
    with rig.capture() as capture:
        rig.a.run(f"ping -c 30 -i 0.02 -W 1 {rig.b.v4}")
    frames = sent(capture.path, esp.out.spi)
    check_unique(frames)
    assert frames[-1].seq == 0xFFFFFFFF and len(frames) == 15, [f.seq for f in frames]
    assert counted.moved().get("tx_drop_seq", 0) > 0 or \
        counted.moved().get("XfrmOutNoStates", 0) > 0, counted.moved()
    assert not wire.clear_frames(capture.path)


if __name__ == "__main__":
    tap.main()
