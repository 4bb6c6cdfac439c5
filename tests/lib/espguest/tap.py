# SPDX-License-Identifier: GPL-2.0-or-later
"""
Registers tests and reports them in TAP.

    machine = tap.fixture(lambda: Rig())

    @tap.test(machine, timeout=60)
    def ping_over_v4(rig):
        rig.a.check("ping -c 1 10.9.0.2")

    tap.main()

A fixture is made when the first test needs it and kept for the next ones. After
every test its consoles are scanned; kernel trouble fails the test. A fixture
that was part of a failure is thrown away, so that no test inherits a bad state.
A fixture has close(), alive(), reset() and console_scan().
"""

import argparse
import os
import signal
import sys
import time
import traceback

_tests = []
_fixtures = []


class Skip(Exception):
    """Ends a test as skipped; the reason is the argument."""


class TestTimeout(Exception):
    """A test ran longer than it may."""


def skip(reason):
    raise Skip(reason)


class Fixture:
    def __init__(self, make):
        self._make = make
        self._value = None

    def get(self):
        if self._value is not None and not self._value.alive():
            self.discard()
        if self._value is None:
            self._value = self._make()
        return self._value

    def scan(self):
        return self._value.console_scan() if self._value is not None else []

    def reset(self):
        if self._value is not None:
            self._value.reset()

    def discard(self):
        value, self._value = self._value, None
        if value is not None:
            value.close()


def fixture(make):
    """A fixture made by calling make() when it is needed."""
    fixture_ = Fixture(make)
    _fixtures.append(fixture_)
    return fixture_


class _Test:
    def __init__(self, name, func, args, fixture_, timeout):
        self.name = name
        self.func = func
        self.args = args
        self.fixture = fixture_
        self.timeout = timeout

    def run(self):
        if not self.fixture:
            self.func(**self.args)
            return
        self.func(self.fixture.get(), **self.args)
        trouble = self.fixture.scan()
        if trouble:
            raise AssertionError("the kernel reported trouble:\n" +
                                 "\n".join(trouble))
        self.fixture.reset()


def test(fixture_=None, timeout=120, cases=None):
    """
    Registers a function as a test, or as one test for each dictionary of
    keyword arguments in `cases`. The limit includes making the fixture.
    """
    def register(func):
        base = func.__name__.replace("_", " ")
        for args in cases or [{}]:
            text = " ".join(f"{k}={v}" for k, v in args.items())
            name = f"{base} [{text}]" if args else base
            _tests.append(_Test(name, func, args, fixture_, timeout))
        return func
    return register


def diag(text):
    """Prints a line that explains but does not count."""
    for line in str(text).splitlines() or [""]:
        print(f"# {line}", flush=True)


def _on_alarm(_number, _frame):
    raise TestTimeout


def _attempt(test_):
    signal.alarm(test_.timeout)
    try:
        test_.run()
        return "ok", ""
    except Skip as e:
        return "skip", str(e)
    except TestTimeout:
        return "failed", f"the test took longer than {test_.timeout} s\n" + \
            traceback.format_exc(limit=-4)
    except Exception:
        return "failed", traceback.format_exc()
    finally:
        signal.alarm(0)


# The kernel replaces code that other processors run by way of an int3. QEMU 10.0's emulator can
# go on with what it had translated meanwhile, long after: the code in memory is whole then.
STALE_CODE = "Oops: int3"


def _emulator_failed(test_):
    try:
        return test_.fixture and any(STALE_CODE in line for line in test_.fixture.scan())
    except OSError:
        return False


def _explain(test_, text):
    diag(text)
    if test_.fixture:
        try:
            for line in test_.fixture.scan():
                diag(f"kernel: {line}")
        except OSError as e:
            diag(f"no console: {e}")
        test_.fixture.discard()


def _run_all(tests):
    failures = 0
    for number, test_ in enumerate(tests, 1):
        start = time.monotonic()
        outcome, text = _attempt(test_)
        if outcome == "failed" and _emulator_failed(test_):
            diag("the emulator ran code that the kernel had replaced; the test is run again")
            test_.fixture.discard()
            outcome, text = _attempt(test_)
        took = f"{time.monotonic() - start:.1f} s"
        if outcome == "ok":
            print(f"ok {number} - {test_.name} ({took})", flush=True)
        elif outcome == "skip":
            print(f"ok {number} - {test_.name} # SKIP {text}", flush=True)
        else:
            failures += 1
            print(f"not ok {number} - {test_.name} ({took})", flush=True)
            _explain(test_, text)
    return failures


def main():
    """Runs what is registered; exits with 1 if anything failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true",
                        help="print the names only")
    parser.add_argument("-k", metavar="TEXT", default=os.environ.get("ESPVAULT_TEST", ""),
                        help="run only tests with TEXT in their name")
    options = parser.parse_args()
    tests = [t for t in _tests if options.k in t.name]
    if options.list:
        print("\n".join(t.name for t in tests))
        return
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"1..{len(tests)}", flush=True)
    try:
        failures = _run_all(tests)
    finally:
        for fixture_ in _fixtures:
            fixture_.discard()
    sys.exit(1 if failures else 0)
