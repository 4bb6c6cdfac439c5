# SPDX-License-Identifier: GPL-2.0-or-later
"""
What was inside the ESP of a capture, as tshark decrypts and verifies it: every
frame with a good ICV, every datagram, every TCP stream byte by byte.
"""

import wire

FIELDS = ["frame.number", "esp.spi", "esp.icv_good", "frame.protocols", "ip.src", "ipv6.src",
          "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.flags.syn", "tcp.payload",
          "udp.dstport", "udp.payload"]
BLOCK = 65536


def _pattern():
    """The bytes that `flow` sends."""
    x, out = 0x9E3779B9, bytearray()
    for _ in range(BLOCK):
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        out.append(x >> 24)
    out[0] |= 1
    return bytes(out)


PATTERN = _pattern()


class Decoded:
    """What tshark made of a capture with the keys of `sas` (see wire.decrypt)."""

    def __init__(self, path, sas):
        rows = wire.decrypt(path, sas, FIELDS, "esp")
        self.frames = len(rows)
        self.bad = [r for r in rows if r["esp.icv_good"] not in ("1", "True") or
                    r["frame.protocols"].endswith((":esp", ":esp:data"))]
        self.echoes = sum("icmp" in r["frame.protocols"] for r in rows)
        self.datagrams = [bytes.fromhex(r["udp.payload"]) for r in rows if r["udp.payload"]]
        self.streams = {}
        for row in rows:
            self._add_segment(row)

    def _add_segment(self, row):
        if not row["tcp.srcport"]:
            return
        source = (row["ip.src"] or row["ipv6.src"]).split(",")[-1]
        stream = self.streams.setdefault((source, row["tcp.srcport"], row["tcp.dstport"]), {})
        seq = int(row["tcp.seq_raw"])
        if row["tcp.flags.syn"] in ("1", "True"):
            stream["start"] = seq + 1
        elif row["tcp.payload"]:
            stream.setdefault("parts", {})[seq] = bytes.fromhex(row["tcp.payload"])

    def stream_bytes(self, key):
        """The bytes of one direction of a connection; retransmissions must agree."""
        stream = self.streams[key]
        out = bytearray()
        parts = sorted(((seq - stream["start"]) % (1 << 32), data)
                       for seq, data in stream.get("parts", {}).items())
        for at, data in parts:
            if at > len(out):
                raise AssertionError(f"hole in {key} at {len(out)}")
            overlap = len(out) - at
            if bytes(out[at:at + len(data)]) != data[:overlap]:
                raise AssertionError(f"{key}: bytes at {at} were sent twice and differ")
            out += data[overlap:]
        return bytes(out)

    def check_bulk(self, port, count):
        """Each of `count` streams to the port must be flow's: a length and the pattern."""
        keys = [k for k in self.streams if k[2] == str(port)]
        assert len(keys) == count, f"{len(keys)} streams to {port}, not {count}"
        for key in keys:
            data = self.stream_bytes(key)
            length = int.from_bytes(data[:8], "big")
            body = data[8:]
            assert length == len(body), f"{key}: {len(body)} bytes of {length}"
            whole = PATTERN * (len(body) // BLOCK + 1)
            assert body == whole[:len(body)], f"{key}: bytes differ"

    def check_datagrams(self, size, count):
        """That many datagrams of this size, each of flow's bytes."""
        found = [d for d in self.datagrams if len(d) == size]
        assert len(found) == count, f"{len(found)} datagrams of {size} bytes, not {count}"
        assert all(d == PATTERN[:size] for d in found)
