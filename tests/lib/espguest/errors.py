# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong between a test and its virtual machines."""


class GuestError(Exception):
    """The virtual machine did not do what was asked of it."""


class GuestGone(GuestError):
    """The virtual machine or its command channel has ended."""


class GuestTimeout(GuestError):
    """Something took longer than its limit."""


class CommandFailed(GuestError):
    """A command that had to succeed did not; `result` tells how it ended."""

    def __init__(self, result):
        super().__init__(result.describe())
        self.result = result
