# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: watch.py UID WHISPER ARGUMENT...

Runs in the virtual machine: whisper as an unprivileged user. Each line of
standard input goes to it, and its answer is printed, without what it says of
events. A line of JSON, {"change": COMMAND, "ask": LINE, "until": PATTERN}, runs
the shell's COMMAND and then asks LINE until the answer fits; printed is
"MILLISECONDS ANSWER". That is time of this machine's CLOCK_BOOTTIME, from the
end of COMMAND, when the change has been made for certain, to the answer's
arrival: neither the way to the test program nor a shell's start is in it.
"""

import json
import re
import select
import subprocess
import sys
import time

# Seconds.
LIMIT = 30
PAUSE = 0.01    # between two questions, which leaves the processor to those who know


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def ask(line):
    whisper.stdin.write(line + "\n")
    whisper.stdin.flush()
    for answer in whisper.stdout:
        if not answer.startswith("event:"):
            return answer.strip()
    sys.exit("whisper has ended")


def change(order):
    subprocess.run(["sh", "-c", order["change"]], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
    begun = now()
    while True:
        answer = ask(order["ask"])
        took = now() - begun
        if re.search(order["until"], answer) or took > LIMIT:
            return f"{took * 1000:.0f} {answer}"
        select.select([whisper.stdout], [], [], PAUSE)


whisper = subprocess.Popen(sys.argv[2:], user=int(sys.argv[1]), group=int(sys.argv[1]), extra_groups=[],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for text in sys.stdin:
    print(change(json.loads(text)) if text.startswith("{") else ask(text.rstrip("\n")), flush=True)
whisper.stdin.close()
sys.exit(whisper.wait())
