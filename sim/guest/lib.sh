# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by the scripts below sim/: paths, messages, locks and keys.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${ESPVAULT_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/espvault}
guest_dir=$checkout/sim/guest

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die MESSAGE [REMEDY]
die()
{
	say "error: $1"
	[ $# -lt 2 ] || say "what to do: $2"
	exit 1
}

# A relative path would mean another folder to each script.
case $cache in
/.cache/*) die "there is no home directory to keep finished pieces in" "set ESPVAULT_CACHE to a folder" ;;
/*) ;;
*) die "ESPVAULT_CACHE is not an absolute path: $cache" "set it to one that begins with /" ;;
esac

# Runs with descriptor 9 holding the lock until the process ends.
lock()	# NAME
{
	mkdir -p "$cache" || die "cannot create $cache" \
		"set ESPVAULT_CACHE to a folder that can be written"
	[ -w "$cache" ] || die "cannot write in $cache" \
		"set ESPVAULT_CACHE to a folder that can be written"
	exec 9>"$cache/.lock-$1"
	flock -n 9 && return
	say "waiting for another process that is making $1"
	flock 9
}

hash_files()	# FILE...: one short hash of names and contents
{
	local f
	for f; do
		printf '%s\n' "${f##*/}"
		cat "$f"
	done | sha256sum | cut -c 1-16
}

# The recipe number counts for what the trees script itself does to a tree.
tree_recipe=1

tree_path()	# build|guest
{
	local key
	key=$(hash_files "$guest_dir/tree.d/$1.packages" \
		"$guest_dir/tree.d/$1.hook" <(echo $tree_recipe))
	echo "$cache/tree-$1-$key"
}

free_gib()	# DIR
{
	df --output=avail -B 1G "$1" | tail -n 1 | tr -d ' '
}
