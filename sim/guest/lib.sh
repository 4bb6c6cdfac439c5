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

need_room()	# GIB DIR REMEDY
{
	[ "$(free_gib "$2")" -ge "$1" ] || die "less than $1 GiB free in $2" "$3"
}

# Dies if what failed did so because of the disk. A log on a full disk lacks the
# words, so the disks are looked at as well.
explain_full_disk()	# LOG DIR...
{
	if grep -q 'No space left' "$1" || df --output=avail "${@:2}" | grep -qE '^ *[0-9]{1,3}$'; then
		die "the disk is full" "free some space or set ESPVAULT_CACHE to another disk"
	fi
}

# Everything runs in mount namespaces; who may not make them is told so, and not
# by the first of many commands that fails.
namespace_options()	# sets $user to what unshare needs here
{
	user=()
	[ "$(id -u)" = 0 ] || user=(--map-root-user)
	unshare --mount "${user[@]}" --propagation private -- true 2>/dev/null && return
	[ "$(id -u)" != 0 ] ||
		die "root may not make mount namespaces here (a container without CAP_SYS_ADMIN?)" \
			"give the container CAP_SYS_ADMIN and let it mount (docker: --privileged)"
	die "this user may not make user namespaces" \
		"run as root, or allow them: sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns"
}
