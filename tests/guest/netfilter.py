#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Netfilter sees the packets of packet mode twice, the second time as if IPsec did
not concern them, so rules can change or move what was already tagged. Whatever
they do to a protected flow, on our port it is dropped and counted, or encrypted.
"""

import contextlib
import ipaddress
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

OTHER_SOURCE = {4: "10.9.0.11", 6: "fd09::11"}
HOPS = {4: "ip", 6: "ip6"}

rig = tap.fixture(lambda: Rig(name="open"))
strict = tap.fixture(lambda: Rig(nic_props={"strict": True}, name="strict"))


def rules(side, family, chain):
    """One chain: its hook line and its rules."""
    side.check("nft -f -", stdin=f"""
table {HOPS[family]} rules {{
	chain rules {{
		{chain}
	}}
}}
""")


def hits(side):
    """Packets that the rule with a counter has seen."""
    return int(re.search(r"counter packets (\d+)", side.check("nft list ruleset"))[1])


class Seen:
    def __init__(self):
        self.moved = {}
        self.esp = []
        self.clear = []

    def dropped(self, *names):
        """Packets that went no further, by these counters; all others must be still."""
        lost = {k: v for k, v in self.moved.items()
                if v and ("drop" in k or "refused" in k or k.startswith("Xfrm"))}
        lost.pop("rx_drop_filter", None)
        strange = set(lost) - set(names)
        assert not strange, f"unexpected: {strange} in {self.moved}"
        return sum(lost.values())


@contextlib.contextmanager
def on_our_port(r, source=None):
    """
    After the block: side a sent nothing in clear but background, and its
    device made all ESP. source: address whose packets may be in clear.
    """
    seen, counted = Seen(), xfrm.Counted(r.a)
    with r.capture() as capture:
        yield seen
        seen.moved = counted.moved()
    mac = bytes.fromhex(r.a.mac.replace(":", ""))
    sent = [f for f in wire.frames(capture.path) if f.raw[6:12] == mac and not wire.is_background(f)]
    seen.esp = [f for f in sent if f.spi is not None]
    seen.clear = [f for f in sent if f.spi is None]
    bad = [f for f in seen.clear if f.src != source]
    assert not bad, f"in clear: {', '.join(map(str, bad[:3]))}"
    assert len(seen.esp) == seen.moved.get("tx_esp", 0), (len(seen.esp), seen.moved)


def ping(esp, ok=None, count=3):
    result = esp.left.run(f"ping -n -q -c {count} -i 0.05 -W 1 -I {esp.addr(esp.left)} "
                          f"{esp.addr(esp.right)}")
    if ok is not None:
        assert (result.rc == 0) == ok, result.describe()


def pings_without_answer(r, esp, **more):
    with on_our_port(r) as seen:
        ping(esp, False, **more)
    return seen


def other_source(r, family):
    """A second address of side a, outside of its policy."""
    addr = OTHER_SOURCE[family]
    nodad = "nodad" if family == 6 else ""
    r.a.check(f"ip addr add {xfrm.whole(addr)} dev esv0 {nodad}")
    return addr


BOTH = [dict(family=f, mode=m) for f in (4, 6) for m in ("transport", "tunnel")]
# Rules that hold for the second look only.
LATE = "rt ipsec missing"


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def masquerade_that_changes_nothing(r, family):
    """It chooses the source that the packets have already."""
    esp = xfrm.Esp(r.a, r.b, family).up()
    rules(r.a, family, "type nat hook postrouting priority srcnat; counter masquerade")
    with on_our_port(r) as seen:
        ping(esp, True)
    assert hits(r.a), "the rule saw nothing"
    assert len(seen.esp) == 3 and not seen.dropped(), seen.moved


@tap.test(strict, cases=BOTH)
def a_new_source_out_of_the_selector(r, family, mode):
    """No policy is about such packets any more, so a strict port drops them."""
    esp = xfrm.Esp(r.a, r.b, family, mode).up().meet()
    addr = other_source(r, family)
    rules(r.a, family, f"type nat hook postrouting priority srcnat; counter snat to {addr}")
    seen = pings_without_answer(r, esp)
    assert hits(r.a), "the rule saw nothing"
    assert not seen.esp and seen.dropped("tx_drop_nomatch") == 3, seen.moved


@tap.test(rig, cases=BOTH)
def a_new_source_is_another_flow_to_an_open_port(r, family, mode):
    """
    Software ESP is no different: translation comes first. What leaves in clear
    has the new source, and is counted; the protected addresses never show.
    """
    esp = xfrm.Esp(r.a, r.b, family, mode).up().meet()
    addr = other_source(r, family)
    rules(r.a, family, f"type nat hook postrouting priority srcnat; counter snat to {addr}")
    with on_our_port(r, ipaddress.ip_address(addr).packed) as seen:
        ping(esp)
    assert hits(r.a), "the rule saw nothing"
    assert not seen.esp and not seen.dropped(), seen.moved
    assert len(seen.clear) == seen.moved.get("tx_open", 0) == 3, seen.moved


@tap.test(rig, cases=BOTH)
def a_header_rewritten_behind_the_tag(r, family, mode):
    """The frame names an SA and is no longer what its policy selects."""
    esp = xfrm.Esp(r.a, r.b, family, mode).up().meet()
    ip = HOPS[family]
    rules(r.a, family, f"type filter hook postrouting priority mangle; {ip} daddr {esp.addr(r.b)} "
          f"{LATE} counter {ip} saddr set {OTHER_SOURCE[family]}")
    seen = pings_without_answer(r, esp)
    assert hits(r.a) == 3, hits(r.a)
    assert not seen.esp and seen.dropped("tx_drop_tag_nomatch") == 3, seen.moved


@tap.test(rig, cases=BOTH)
def a_rule_against_what_is_not_ipsec(r, family, mode):
    """A kill switch stops protected packets as well: a documented limit, and a safe one."""
    esp = xfrm.Esp(r.a, r.b, family, mode).up().meet()
    rules(r.a, family, "type filter hook output priority 0; "
          f"{HOPS[family]} daddr {esp.addr(r.b)} {LATE} counter drop")
    seen = pings_without_answer(r, esp)
    assert hits(r.a) == 3, hits(r.a)
    assert not seen.esp and not seen.dropped(), seen.moved


def dummy(r, family, marked, plain):
    """
    Another port. Packets with mark 7 to the far host go out by one device, all
    others by another.
    """
    ip, far = f"ip -{family}", xfrm.whole(r.b.addr(family))
    lines = ["set -e", "ip link add other type dummy", "ip link set other up",
             f"{ip} rule add fwmark 7 table 77 priority 10",
             f"{ip} route add default dev {marked} table 77"]
    if plain != "esv0":
        lines.append(f"{ip} route replace {far} dev {plain} src {r.a.addr(family)}")
    r.a.check("\n".join(lines))


def no_dummy(r, family):
    r.a.run(f"ip link delete other; ip -{family} rule delete fwmark 7 table 77; "
            f"ip -{family} route flush table 77")


def marked_pings(r, esp, marked, plain, when):
    """What our port sent of three echoes that a rule marks."""
    dummy(r, esp.family, marked, plain)
    try:
        rules(r.a, esp.family, f"type route hook output priority mangle; {HOPS[esp.family]} daddr "
              f"{esp.addr(r.b)} {when} counter meta mark set 7")
        with on_our_port(r) as seen:
            ping(esp)
        assert hits(r.a) >= 3 or (when and plain != "esv0"), hits(r.a)
    finally:
        no_dummy(r, esp.family)
    return seen


@tap.test(rig, cases=[dict(family=f, when=w) for f in (4, 6) for w in ("", LATE)])
def a_mark_that_moves_the_packet_away(r, family, when):
    """Before the tag it is dropped; behind it only the other port could do anything."""
    esp = xfrm.Esp(r.a, r.b, family).up()
    ping(esp, True)
    seen = marked_pings(r, esp, "other", "esv0", when)
    assert not seen.esp, seen.moved
    assert seen.dropped("ipsec_tx_refused_path", "XfrmOutError") == (0 if when else 6), seen.moved


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def a_mark_on_a_packet_of_a_tunnel(r, family):
    """The mark is not the outer packet's: it goes where the tunnel goes."""
    esp = xfrm.Esp(r.a, r.b, family, "tunnel").up().meet()
    seen = marked_pings(r, esp, "other", "esv0", "")
    assert len(seen.esp) == 3 and not seen.dropped(), seen.moved


@tap.test(rig, cases=[dict(family=f, when=w) for f in (4, 6) for w in ("", LATE)])
def a_mark_that_moves_the_packet_here(r, family, when):
    """Before the tag it is encrypted; where it comes too late it is dropped."""
    esp = xfrm.Esp(r.a, r.b, family).up()
    ping(esp, True)
    seen = marked_pings(r, esp, "esv0", "other", when)
    if when:
        assert not seen.esp and seen.dropped("ipsec_tx_refused_path", "XfrmOutError") == 6, seen.moved
    else:
        assert len(seen.esp) == 3 and not seen.dropped(), seen.moved


if __name__ == "__main__":
    tap.main()
