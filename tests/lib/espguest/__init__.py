# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual machines for the tests, and the protocol in which tests report."""

from .channel import Job, Result
from .errors import CommandFailed, GuestError, GuestGone, GuestTimeout
from .guest import Capture, Guest, Nic, log_dir
from .qemu import BUILD, CHECKOUT
from .rig import MODULE, Rig, Side
from . import tap

__all__ = [
    "BUILD", "CHECKOUT", "Capture", "CommandFailed", "Guest", "GuestError",
    "GuestGone", "GuestTimeout", "Job", "MODULE", "Nic", "Result", "Rig",
    "Side", "log_dir", "tap",
]
