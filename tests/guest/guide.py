#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Is the guide for application programmers true? What userlib/doc/guide.md shows is
compiled and run as it stands there, and must print what it shows.

    ```c NAME       a file
    ```sh build     commands of a developer: run in the build tree
    ```console      of root on a host, after "# ": run in the virtual machine, by one
                    shell; the lines after a command are what it prints, where "..."
                    stands for anything
    ```swanctl      strongSwan's configuration
"""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import BUILD, Guest, tap  # noqa: E402
import charon  # noqa: E402

GUIDE = BUILD.parent / "userlib/doc/guide.md"
INSTALLED = BUILD / "guest-root"
WORK = BUILD / "tests/guide"
FOLDER = "/run/guide"
END = "<<end of command>>"

blocks = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)
files = {name: text for kind, name, text in blocks if kind == "c"}


def compile_programs():
    """By the guide's own commands, against what would be installed."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (WORK / name).write_text(text)
    commands = "".join(text for kind, what, text in blocks if (kind, what) == ("sh", "build"))
    assert commands, "the guide builds nothing"
    settings = {"PKG_CONFIG_SYSROOT_DIR": str(INSTALLED), "PKG_CONFIG_LIBDIR": f"{INSTALLED}/usr/lib/pkgconfig",
                "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    done = subprocess.run(["sh", "-ec", commands], cwd=WORK, env={**os.environ, **settings}, capture_output=True,
                          text=True, timeout=120)
    assert not done.returncode and not done.stderr, done.stderr
    return [WORK / name for name in re.findall(r"-o (\S+)", commands)]


def steps(text):
    """(command, what it prints) of a console block."""
    found = []
    for line in text.splitlines():
        if found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        elif line.startswith("# "):
            found.append([line[2:], []])
        else:
            found[-1][1].append(line)
    return found


def fits(printed, shown):
    """Lines that are "..." stand for any number of lines, in others it is any text."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n"
                      for line in shown)
    return re.fullmatch(pattern, printed)


class Shell:
    """One shell of root in the virtual machine, in a folder with the programs."""

    def __init__(self, guest):
        self._job = guest.spawn(["bash"], timeout=400, keep_stdin=True)
        self.run(f"cd {FOLDER}; exec 2>&1")

    def run(self, command):
        """Everything that a command prints."""
        seen = len(self._job.out)
        self._job.write(f"{command}\necho '{END}'\n".encode())
        self._job.wait_output(f"(?s).{{{seen}}}.*?{END}\n", timeout=90)
        return self._job.out[seen:].split(END)[0]


def machine():
    guest = Guest("guide")
    guest.check(f"mkdir {FOLDER} && chmod 777 {FOLDER}")
    for program in compile_programs():
        guest.put(f"{FOLDER}/{program.name}", program.read_bytes(), 0o755)
    return guest


def run_blocks(shell, texts):
    for text in texts:
        for command, shown in steps(text):
            printed = shell.run(command)
            assert fits(printed, shown), f"{command}\nshown:\n" + "\n".join(shown) + f"\nprinted:\n{printed}"


@tap.test(timeout=400)
def what_it_shows_is_so():
    with machine() as guest:
        run_blocks(Shell(guest), [text for kind, _, text in blocks if kind == "console"])
        trouble = guest.console_scan()
    assert not trouble, trouble


def swanctl_files():
    """The guide's, and the other end's as the guide says that it differs."""
    (near,) = [text for kind, _, text in blocks if kind == "swanctl"]
    exchange = {"alice": "bob", "bob": "alice", "192.0.2.1": "192.0.2.2", "192.0.2.2": "192.0.2.1"}
    far = re.sub("|".join(map(re.escape, exchange)), lambda m: exchange[m[0]], near)
    far = re.sub(r" *\w+_action.*\n", "", far)
    return {"alice": near, "bob": far}


def start_daemon(guest, host, conf):
    folder = charon.FOLDER.format(host)
    guest.check(f"mkdir {folder}")
    guest.put(f"{folder}/strongswan.conf", charon.STRONGSWAN_CONF.format(
        folder=folder, plugins=charon.PLUGINS, port_bypass="no"))
    guest.put(f"{folder}/swanctl.conf", conf)
    settings = f"STRONGSWAN_CONF={folder}/strongswan.conf"
    guest.spawn(f"{settings} exec charon-systemd", timeout=300, netns=host)
    guest.wait_until(f"[ -S {folder}/vici ]")
    guest.check(f"{settings} swanctl --load-all --noprompt --uri unix://{folder}/vici --file {folder}/swanctl.conf",
                timeout=80, netns=host)


@tap.test(timeout=400)
def strongswan_gives_the_same():
    """All as in the guide, but that its swanctl.conf brings the SAs."""
    hosts, policies, _, broker, programs = [text for kind, _, text in blocks if kind == "console"][:5]
    with machine() as guest:
        shell = Shell(guest)
        run_blocks(shell, [hosts, policies])
        for host, conf in reversed(swanctl_files().items()):
            start_daemon(guest, host, conf)
        guest.wait_until("[ $(ip xfrm state | grep -c 'reqid 1 mode transport') = 2 ]", netns="alice", timeout=60)
        run_blocks(shell, [broker, programs])
        states = guest.check("ip xfrm state | grep 'proto esp'", netns="alice")
    assert len(re.findall(r"spi 0x(?!0{8})\w{8} reqid 1 mode transport", states)) == 2, states


tap.main()
