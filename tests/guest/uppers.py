#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Interfaces that take the port only while it is down, when the kernel has flushed
what there was: an SA or a policy that was added since keeps them off.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import xfrm  # noqa: E402

rig = tap.fixture(lambda: Rig(name="uppers"))


@tap.test(rig, cases=[dict(kind=kind, what=what) for kind in ("bond", "team") for what in ("SA", "policy")])
def none_is_put_on_top_while_there_is_one(rig, kind, what):
    esp = xfrm.Esp(rig.a, rig.b)
    rig.a.check(f"ip link add up0 type {kind} && ip link set esv0 down")
    rig.a.check(esp.out.command(rig.a) if what == "SA" else
                esp.policy(rig.a, "add", "out", sa=None))
    try:
        refused = rig.a.run("ip link set esv0 master up0")
        assert refused.rc and f"be part of a {kind}" in refused.err, refused.describe()
        assert not rig.a.check("ip -br link show master up0")
        # The attempt opened and closed the port, and the kernel flushed once more.
        assert not rig.a.check("ip xfrm state; ip xfrm policy")
        rig.a.check("ip link set esv0 master up0")
    finally:
        rig.a.run("ip link set esv0 nomaster; ip link delete up0; ip link set esv0 up")
    xfrm.wait_carrier(rig.a)


if __name__ == "__main__":
    tap.main()
