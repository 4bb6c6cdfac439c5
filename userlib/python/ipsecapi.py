# SPDX-License-Identifier: LGPL-2.1-or-later
"""
How is the traffic of my socket protected by IPsec, by what, and on what evidence?

The calls of libipsecapi, which ipsecapi(3) describes, for Python. Values of enumerations are the
words of ipsecapi_word(3), sets of bits are sets of words, and both grow: take a word that you do
not know as "unknown". A context and its flows belong to one thread at a time, and not to a child
after fork(). What is refused is an Error, whose reason says why.

    import socket
    import ipsecapi

    with ipsecapi.Context() as ctx, socket.create_connection(("server.example", 7)) as s:
        flow = ctx.flow(s)
        print(flow.status().dir[ipsecapi.OUT].protection)  # "none", "encrypted", ...
        try:
            if not flow.require(ipsecapi.Requirement("strong", protection="encrypted")):
                flow.wait(10)
        except ipsecapi.Error as e:
            print(e.reason, e.strerror)  # "no-policy", and a sentence
"""

import collections
import ctypes
import errno
import functools
import os
import socket
import time
import weakref

__all__ = ["Context", "Flow", "Requirement", "Event", "Error", "NotPermitted", "BrokerLost", "NotNow",
           "Stale", "OUT", "IN", "DEFAULT_PATH", "strreason", "version"]

#: Where the broker listens unless Context is told otherwise.
DEFAULT_PATH = "/run/ipsecapi/broker.sock"
#: Index of what is sent, in the dir of a status and of a report.
OUT = 0
#: Index of what is received.
IN = 1

# As in ipsecapi.h, with which a test compares all that stands from here to the end of the structures.
_WORDS = {"PROTECTION": 1, "ENFORCED": 2, "BASIS": 3, "CUSTODY": 4, "STRENGTH": 5, "REACH": 6, "LATCH": 7,
          "IDENTITY": 8, "ASSURANCE": 9, "CAVEAT": 10, "REASON": 11, "LAYER": 12, "ORIGIN": 13, "EVENT": 14,
          "STANDING": 17, "POLICY_LAYER": 18, "POLICY_MODE": 19, "DISPOSITION": 20}
_REQ = {"PROTECTION": 1, "HARDWARE": 2, "DISPOSITION": 3, "CUSTODY": 4, "REPLAY": 5, "STRICT": 6, "LESS": 7,
        "LISTEN": 8}
_HARDWARE = {"ANY": 0, "PREFER": 1, "REQUIRE": 2}

_u8, _u16, _u32, _u64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64


class _direction(ctypes.Structure):
    _fields_ = [*((name, _u32) for name in (
        "protection", "enforced_by", "basis", "reason", "custody", "strength", "reach", "caveats", "ifindex",
        "replay_window")), ("packets", _u64), ("bytes", _u64), ("policy", _u32), ("policy_layer", _u32),
        ("policy_mode", _u32), ("reserved", _u32), ("spare", _u64 * 6)]


class _tuple(ctypes.Structure):
    _fields_ = [("family", _u16), ("protocol", _u8), ("reserved", _u8), ("local_port", ctypes.c_uint16.__ctype_be__),
                ("peer_port", ctypes.c_uint16.__ctype_be__), ("local", _u8 * 16), ("peer", _u8 * 16),
                ("cookie", _u64), ("spare", _u64 * 2)]


class _report(ctypes.Structure):
    _fields_ = [("dir", _direction * 2), ("tuple", _tuple), ("read_at", _u64), ("age", _u64), ("lease", _u64),
                *((name, _u32) for name in ("latch", "identity_scope", "assurance", "identity_reason",
                                            "generation", "reserved", "policy_mode", "ifindex")),
                ("application_rule", ctypes.c_char * 32), ("interface_rule", ctypes.c_char * 32),
                ("latch_class", ctypes.c_char * 16), ("latch_reason", _u32), ("disposition", _u32),
                ("prior_data", _u32), ("reserved1", _u32)]


class _status(ctypes.Structure):
    _fields_ = [("dir", _direction * 2), ("tuple", _tuple), ("read_at", _u64), ("age", _u64), ("lease", _u64),
                ("latch", _u32), ("generation", _u32)]


class _caps(ctypes.Structure):
    _fields_ = [*((name, _u32) for name in (
        "protocol", "evidence", "interfaces", "classes", "units", "identity_provider", "latching",
        "max_flows_session", "max_flows_user", "max_sessions_user")), ("lease", _u64),
                ("marks", _u32), ("reserved", _u32)]


class _class(ctypes.Structure):
    _fields_ = [("strength", _u32), ("version", _u32), ("name", ctypes.c_char * 16),
                ("description", ctypes.c_char * 232)]


class _why(ctypes.Structure):
    _fields_ = [*((name, _u32) for name in ("direction", "reason", "layer", "origin", "current", "count")),
                ("first", _u64), ("last", _u64)]


class _event(ctypes.Structure):
    _fields_ = [("type", _u32), ("reason", _u32), ("flow", ctypes.c_void_p)]


# Which fields are words, and which are sets of them.
_WORD_OF = {"protection": "PROTECTION", "enforced_by": "ENFORCED", "custody": "CUSTODY", "strength": "STRENGTH",
            "reach": "REACH", "reason": "REASON", "latch_reason": "REASON", "identity_reason": "REASON",
            "latch": "LATCH", "identity_scope": "IDENTITY", "assurance": "ASSURANCE", "layer": "LAYER",
            "origin": "ORIGIN", "type": "EVENT", "policy": "STANDING", "policy_layer": "POLICY_LAYER",
            "policy_mode": "POLICY_MODE", "disposition": "DISPOSITION"}
_WORDS_OF = {"basis": "BASIS", "caveats": "CAVEAT", "evidence": "BASIS"}

_lib = ctypes.CDLL("libipsecapi.so.0")
_pointer, _out, _int = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int
for _name, _result, *_arguments in (
        ("open", _int, ctypes.c_char_p, _u32, _out), ("close", None, _pointer), ("get_fd", _int, _pointer),
        ("get_timeout", _int, _pointer), ("next_event", _int, _pointer, _pointer, ctypes.c_size_t),
        ("caps", _int, _pointer, _pointer, ctypes.c_size_t),
        ("class", _int, _pointer, _u32, _pointer, ctypes.c_size_t), ("flow_open", _int, _pointer, _int, _out),
        ("flow_close", None, _pointer), ("status", _int, _pointer, _pointer, ctypes.c_size_t),
        ("report", _int, _pointer, _pointer, ctypes.c_size_t),
        ("why", _int, _pointer, _u32, _pointer, ctypes.c_size_t), ("req_new", _int, ctypes.c_char_p, _out),
        ("req_set", _int, _pointer, _u32, _u64), ("req_address", _int, _pointer, ctypes.c_char_p, _u32),
        ("req_free", None, _pointer), ("require", _int, _pointer, _pointer),
        ("accept", _int, _pointer, _pointer, _pointer, _int, _out), ("wait", _int, _pointer, _int),
        ("relax", _int, _pointer), ("strreason", ctypes.c_char_p, _u32), ("word", ctypes.c_char_p, _u32, _u32),
        ("last_reason", _u32, _pointer), ("version", ctypes.c_char_p)):
    _call = getattr(_lib, "ipsecapi_" + _name)
    _call.restype, _call.argtypes = _result, _arguments


class Error(OSError):
    """A call failed: errno as ipsecapi(3) says, and reason, the word of why, or "none"."""

    def __init__(self, number, text=None, reason="none"):
        super().__init__(number, text or os.strerror(number))
        self.reason = reason


class NotPermitted(Error, PermissionError):
    """EACCES: the system's policy refuses it, or the socket is another's; EPERM: it needs privilege."""


class BrokerLost(Error, ConnectionError):
    """ENOLINK: no broker answers."""


class NotNow(Error, BlockingIOError):
    """EAGAIN: ask again; of accept() on a socket that does not block: no connection waits."""


class Stale(Error):
    """ESTALE: the socket was closed or connected elsewhere: open a new flow."""


_ERRORS = {errno.EACCES: NotPermitted, errno.EPERM: NotPermitted, errno.ENOLINK: BrokerLost, errno.EAGAIN: NotNow,
           errno.ESTALE: Stale}


def _fail(result, ctx=None):
    """Raise what a negative result says, with the reason that the context has for it."""
    # After a fork the context still has the reason of the parent's last call.
    number = _lib.ipsecapi_last_reason(ctx) if ctx and result != -errno.ECHILD else _number("REASON", "none")
    reason = _word("REASON", number)
    text = None if reason == "none" else _lib.ipsecapi_strreason(number).decode()
    raise _ERRORS.get(-result, Error)(-result, text, reason)


def _word(kind, value):
    return _lib.ipsecapi_word(_WORDS[kind], value).decode()


def _bits(kind, value):
    return frozenset(_word(kind, 1 << n) for n in range(32) if value >> n & 1)


@functools.lru_cache(None)
def _number(kind, word):
    """The value that a word stands for. Values are small, and few are missing between them."""
    for value in range(1024):
        if _word(kind, value) == word:
            return value
    raise ValueError(f"{word!r} is no {kind.lower().replace('_', ' ')}")


def strreason(reason):
    """One English sentence for the word of a reason."""
    return _lib.ipsecapi_strreason(_number("REASON", reason)).decode()


def version():
    """Version of the library that is running, "major.minor"."""
    return _lib.ipsecapi_version().decode()


@functools.lru_cache(None)
def _record_type(struct):
    names = [name for name, _ in struct._fields_ if not name.startswith(("reserved", "spare"))]
    return collections.namedtuple(struct.__name__.strip("_").capitalize(), names)


def _address(family, packed, port):
    family = socket.AddressFamily(family)
    return socket.inet_ntop(family, bytes(packed)[:4 if family == socket.AF_INET else 16]), port


def _value(name, value):
    if name in _WORD_OF:
        return _word(_WORD_OF[name], value)
    if name in _WORDS_OF:
        return _bits(_WORDS_OF[name], value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, ctypes.Array):
        return tuple(_record(each) for each in value)
    if isinstance(value, _tuple):
        return _endpoints(value)
    return value


Endpoints = collections.namedtuple("Endpoints", "family protocol local peer cookie")


def _endpoints(t):
    if t.family not in (socket.AF_INET, socket.AF_INET6):
        return Endpoints(t.family, t.protocol, None, None, t.cookie)
    return Endpoints(socket.AddressFamily(t.family), t.protocol, _address(t.family, t.local, t.local_port),
                     _address(t.family, t.peer, t.peer_port), t.cookie)


def _record(struct):
    """A structure as a named tuple, with words for numbers."""
    record = _record_type(type(struct))
    return record(*(_value(name, getattr(struct, name)) for name in record._fields))


class Event(collections.namedtuple("Event", "type reason flow")):
    """Of Context.next_event(): type and reason are words, flow is a Flow, or None if it concerns no single one."""

    __slots__ = ()


class Requirement:
    """
    What a program asks for: a class of protection, see Context.classes(), and what narrows it.

    protection is "integrity" (at least that) or "encrypted"; hardware "any", "prefer" or "require";
    disposition "reset", "wait" or "notify"; custody "L0" to "L4"; replay, strict, listen and less are
    truth values; address is (host, port), numbers both, where a socket will be connected to.
    """

    _req = None

    def __init__(self, class_name, *, protection=None, hardware=None, disposition=None, custody=None,
                 replay=False, strict=False, listen=False, less=False, address=None):
        made = ctypes.c_void_p()
        result = _lib.ipsecapi_req_new(class_name.encode(), ctypes.byref(made))
        if result < 0:
            _fail(result)
        self._req = made
        for key, word in ("PROTECTION", protection), ("DISPOSITION", disposition), ("CUSTODY", custody):
            if word is not None:
                self._set(key, _number(key, word))
        if hardware is not None:
            if hardware.upper() not in _HARDWARE:
                raise ValueError(f"{hardware!r} is neither any, prefer nor require")
            self._set("HARDWARE", _HARDWARE[hardware.upper()])
        for key, wanted in ("REPLAY", replay), ("STRICT", strict), ("LISTEN", listen), ("LESS", less):
            if wanted:
                self._set(key, 1)
        if address is not None:
            self._set_address(*address)

    def _set(self, key, value):
        result = _lib.ipsecapi_req_set(self._req, _REQ[key], value)
        if result < 0:
            _fail(result)

    def _set_address(self, host, port):
        family, port = (socket.AF_INET6 if ":" in host else socket.AF_INET), port.to_bytes(2, "big")
        packed = socket.inet_pton(family, host)
        # struct sockaddr_in6 has a flow label before the address and a scope behind it.
        packed = bytes(4) + packed + bytes(4) if family == socket.AF_INET6 else packed + bytes(8)
        raw = bytes(_u16(family)) + port + packed
        result = _lib.ipsecapi_req_address(self._req, raw, len(raw))
        if result < 0:
            _fail(result)

    def __del__(self):
        _lib.ipsecapi_req_free(self._req)


class Context:
    """A session with the broker at path. Usable in a with statement, which closes it."""

    _ctx = None

    def __init__(self, path=None):
        self._flows = weakref.WeakValueDictionary()
        made = ctypes.c_void_p()
        result = _lib.ipsecapi_open(None if path is None else os.fsencode(path), 0, ctypes.byref(made))
        if result < 0:
            _fail(result)
        self._ctx = made

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def _open(self):
        if not self._ctx:
            raise ValueError("the context is closed")
        return self._ctx

    def close(self):
        """Close it and all its flows. What was required of sockets stays."""
        ctx, self._ctx = self._ctx, None
        if ctx:
            for flow in list(self._flows.values()):
                flow.close()
            _lib.ipsecapi_close(ctx)

    def fileno(self):
        """To wait on for reading, until next_event() has something to say. Do not read or close it."""
        return _lib.ipsecapi_get_fd(self._open())

    def timeout(self):
        """Seconds, as for select(), until next_event() should be called all the same; None: no such need."""
        result = _lib.ipsecapi_get_timeout(self._open())
        if result < -1:
            _fail(result)
        return None if result == -1 else result / 1000

    def next_event(self):
        """The next Event, or None. Never blocks; call it until it is None."""
        ev = _event()
        result = _lib.ipsecapi_next_event(self._open(), ctypes.byref(ev), ctypes.sizeof(ev))
        if result < 0:
            _fail(result, self._ctx)
        return Event(_word("EVENT", ev.type), _word("REASON", ev.reason), self._flows.get(ev.flow)) if result else None

    def caps(self):
        """What broker and host can do: struct ipsecapi_caps."""
        caps = _caps()
        result = _lib.ipsecapi_caps(self._open(), ctypes.byref(caps), ctypes.sizeof(caps))
        if result < 0:
            _fail(result, self._ctx)
        return _record(caps)

    def classes(self):
        """The classes of protection, a list of struct ipsecapi_class: the shipped ones first, weakest first."""
        return _all(lambda index, out: _lib.ipsecapi_class(self._open(), index, ctypes.byref(out), ctypes.sizeof(out)),
                    _class, self)

    def flow(self, sock):
        """Begin to observe a socket: the same as Flow(context, sock)."""
        return Flow(self, sock)


def _all(call, struct, ctx):
    """What a call gives by index, until it says that there is no more."""
    found = []
    while True:
        out = struct()
        result = call(len(found), out)
        if result == -errno.ENOENT:
            return found
        if result < 0:
            _fail(result, ctx._ctx)
        found.append(_record(out))


class Flow:
    """One socket of this process, observed. Keeps the socket object, so that it is not closed unnoticed."""

    _flow = None

    def __init__(self, context, sock):
        made = ctypes.c_void_p()
        result = _lib.ipsecapi_flow_open(context._open(), sock.fileno(), ctypes.byref(made))
        if result < 0:
            _fail(result, context._ctx)
        self._adopt(context, sock, made)

    def _adopt(self, context, sock, made):
        self.context, self.socket, self._flow = context, sock, made
        context._flows[made.value] = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def _open(self):
        if not self._flow:
            raise ValueError("the flow is closed")
        return self._flow

    def _fail(self, result):
        _fail(result, self.context._ctx)

    def close(self):
        """Stop observing. Protection does not change by it."""
        flow, self._flow = self._flow, None
        if flow:
            self.context._flows.pop(flow.value, None)
            _lib.ipsecapi_flow_close(flow)

    def _fill(self, call, struct):
        out = struct()
        result = call(self._open(), ctypes.byref(out), ctypes.sizeof(out))
        if result < 0:
            self._fail(result)
        return _record(out)

    def status(self):
        """Short status, read without a system call: struct ipsecapi_status."""
        return self._fill(_lib.ipsecapi_status, _status)

    def report(self):
        """Full report, for which the broker reads its evidence again: struct ipsecapi_report."""
        return self._fill(_lib.ipsecapi_report, _report)

    def why(self):
        """Reasons why it is or was not simply protected, newest first: a list of struct ipsecapi_why."""
        return _all(lambda index, out: _lib.ipsecapi_why(self._open(), index, ctypes.byref(out), ctypes.sizeof(out)),
                    _why, self.context)

    def _granted(self, result):
        if result < 0 and result != -errno.EINPROGRESS:
            self._fail(result)
        return not result

    def require(self, requirement):
        """
        Let nothing else pass than what the requirement accepts, for as long as the socket exists.

        True when that is established. False when it holds, but there is no SA yet: nothing passes, and
        wait() tells when something does.
        """
        return self._granted(_lib.ipsecapi_require(self._open(), requirement._req))

    def wait(self, timeout=None):
        """Wait until what was required is established, for so many seconds. False: the time was over first."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            # By the second, so that Python's signals are seen.
            left = 1 if end is None else min(1, max(0, end - time.monotonic()))
            if self._granted(_lib.ipsecapi_wait(self._open(), int(left * 1000))):
                return True
            if end is not None and time.monotonic() >= end:
                return False

    def relax(self):
        """Give up what was required of the socket: the one call that weakens."""
        result = _lib.ipsecapi_relax(self._open())
        if result < 0:
            self._fail(result)

    def accept(self):
        """
        Accept a connection of a listener that require() latched, and latch it: (socket, Flow).

        Of a socket with a timeout, and of one that does not block, it raises NotNow when none waits.
        """
        made = ctypes.c_void_p()
        result = -errno.EINTR
        while result == -errno.EINTR:
            result = _lib.ipsecapi_accept(self._open(), None, None, socket.SOCK_CLOEXEC, ctypes.byref(made))
        if result < 0:
            self._fail(result)
        sock = socket.socket(fileno=result)
        flow = Flow.__new__(Flow)
        flow._adopt(self.context, sock, made)
        return sock, flow
