# SPDX-License-Identifier: GPL-2.0-or-later
"""espvault(8) outside of the machine, for the commands that need no device."""

import os
import subprocess

from espguest import BUILD

TOOL = BUILD / "userlib/espvault"


def espvault(*argv):
    """How the command ended: returncode, stdout and stderr."""
    env = dict(os.environ, LD_LIBRARY_PATH=str(TOOL.parent))
    return subprocess.run([TOOL, *argv], capture_output=True, text=True, env=env, check=False)
