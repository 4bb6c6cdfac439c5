# SPDX-License-Identifier: GPL-2.0-or-later
"""Saves the whole state of a running machine into a file, and takes it back."""

import os

from .errors import GuestError

# Of the empty disk; the state lies behind its end.
DISK_SIZE = 1 << 20


class Snapshot:
    """
    One saved state of a machine. The file is an image of QEMU's that is plugged
    into nothing; it is made when it is first needed and goes with forget().
    """

    def __init__(self, qmp, path):
        self._qmp = qmp
        self._made = False
        self._jobs = 0
        self.path = path

    def _job(self, command, timeout, /, **arguments):
        """Runs one of QEMU's jobs to its end."""
        self._jobs += 1
        ident = f"snapshot{self._jobs}"
        self._qmp.command(command, timeout, **{"job-id": ident}, **arguments)
        while True:
            told = self._qmp.wait_event("JOB_STATUS_CHANGE", timeout)["data"]
            if told["id"] == ident and told["status"] == "concluded":
                break
        job = next(j for j in self._qmp.command("query-jobs") if j["id"] == ident)
        self._qmp.command("job-dismiss", id=ident)
        if "error" in job:
            raise GuestError(f"{command}: {job['error']}")

    def _make(self):
        path = os.fspath(self.path)
        self._job("blockdev-create", 60, options={"driver": "file", "filename": path, "size": 0})
        self._qmp.command("blockdev-add", driver="file", filename=path, **{"node-name": "state-file"})
        self._job("blockdev-create", 60,
                  options={"driver": "qcow2", "file": "state-file", "size": DISK_SIZE})
        self._qmp.command("blockdev-add", driver="qcow2", file="state-file", **{"node-name": "state"})
        self._made = True

    def save(self, timeout=300):
        """The machine stands still meanwhile. Nothing may be under way on the command channel."""
        if self._made:
            self._job("snapshot-delete", timeout, tag="saved", devices=["state"])
        else:
            self._make()
        self._job("snapshot-save", timeout, tag="saved", vmstate="state", devices=["state"])

    def load(self, timeout=300):
        """
        Puts the machine back to where it was saved. It goes on as it is,
        running or stopped; commands started since then are gone, those from
        before are back, and what they print comes once more.
        """
        self._job("snapshot-load", timeout, tag="saved", vmstate="state", devices=["state"])

    def forget(self):
        self.path.unlink(missing_ok=True)
