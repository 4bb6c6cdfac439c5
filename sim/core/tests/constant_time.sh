#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs ct_unit.c under memcheck and prints TAP: as it is, then with a branch and with an index
# on a secret built in, which must be seen.

set -u
here=$(dirname "$(readlink -f "$0")")/../ct
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() {	# valgrind's option, the program's argument
	valgrind --quiet --error-exitcode=99 --suppressions="$here/constant_time.supp" --num-callers=20 \
		"$1" "$here/unit" ${2:+"$2"} > "$log" 2>&1
}

verdict() {	# number, name, wanted status, status
	if [ "$3" = "$4" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		head -60 "$log" | sed 's/^/# /'
	fi
}

echo "1..3"
check --exit-on-first-error=no
verdict 1 "no branch and no index depends on a secret" 0 $?
grep '^# [0-9]* secrets' "$log"
check --exit-on-first-error=yes branch
verdict 2 "a branch on a secret is seen" 99 $?
check --exit-on-first-error=yes index
verdict 3 "an index that is a secret is seen" 99 $?
