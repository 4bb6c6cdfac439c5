# SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
# shellcheck shell=sh
#
# usage: abi.sh FW-INTERFACE OUTPUT: the contract's own checks, as TAP
set -u
root=$1 out=$2
inc=$root/include
gen=$out/esvgen
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0
headers=$(cd "$inc" && ls espvault/*.h)

t()	# NAME COMMAND...: passes when the command succeeds
{
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$tmp/log"
		failed=1
	fi
}

# Compiles one header alone, with every warning an error.
alone()	# HEADER INCLUDE-DIR COMPILER...
{
	h=$1 dir=$2
	shift 2
	printf '#include <%s>\nextern int alone;\n' "$h" >"$tmp/alone.c"
	"$@" -Wall -Wextra -Wpedantic -Wpadded -Werror -I"$dir" -fsyntax-only "$tmp/alone.c"
}

each_header()	# COMPILER...
{
	for h in $headers; do
		alone "$h" "$inc" "$@" || return 1
	done
}

golden()
{
	"$gen" --abi >"$tmp/abi" && diff -u "$root/abi/espvault.abi" "$tmp/abi"
}

# A changed struct must not compile.
change_fails()	# HEADER SED-EXPRESSION
{
	rm -rf "$tmp/inc"
	cp -r "$inc" "$tmp/inc"
	sed -i "$2" "$tmp/inc/espvault/$1"
	! cmp -s "$inc/espvault/$1" "$tmp/inc/espvault/$1" || {
		echo "the change changed nothing"
		return 1
	}
	! alone espvault/esv_if.h "$tmp/inc" cc -std=c11 >"$tmp/err" 2>&1 || {
		echo "it compiles"
		return 1
	}
	grep -E 'static assertion failed|_Static_assert' "$tmp/err"
}

# A changed number compiles, and shows in the golden text.
renumber_shows()
{
	rm -rf "$tmp/inc"
	cp -r "$inc" "$tmp/inc"
	sed -i 's/X(SA_ADD,  *0x0020/X(SA_ADD, 0x0029/' "$tmp/inc/espvault/esv_list.h"
	cc -I"$tmp/inc" -o "$tmp/esvgen" "$root"/tools/*.c || return 1
	"$tmp/esvgen" --abi >"$tmp/abi" && ! diff -u "$root/abi/espvault.abi" "$tmp/abi"
}

# Every number that the headers define is in the golden text.
constants_listed()
{
	sed -n 's/^#define \(ESV_[A-Z0-9_]*\)[[:space:]]\{1,\}[^\\]*$/\1/p
		s/^[[:space:]]*\(ESV_[A-Z0-9_]*\) = [^(].*/\1/p' "$inc"/espvault/esv_*.h |
		grep -vE '^ESV_(IF_VERSION|TOKEN_MAGIC|HPKE_INFO|STATEMENT_MAGIC|UAPI_VERSION|IOC_.*)$' | sort -u >"$tmp/have"
	sed -n 's/^const \(ESV_[A-Z0-9_]*\) .*/\1/p' "$root/abi/espvault.abi" | sort -u >"$tmp/listed"
	[ -s "$tmp/have" ] && [ -z "$(comm -23 "$tmp/have" "$tmp/listed")" ] || {
		echo "not in esv_const.h:"
		comm -23 "$tmp/have" "$tmp/listed"
		return 1
	}
}

docs_fresh()
{
	for f in "$root"/doc/*.md; do
		"$gen" --markdown <"$f" >"$tmp/chapter" || return 1
		diff -u "$f" "$tmp/chapter" || return 1
	done
}

docs_stale_fails()
{
	f=$(grep -l '^| 1 | `BUSY`' "$root"/doc/*.md) || return 1
	sed 's/^| 1 | `BUSY`/| 1 | `LAZY`/' "$f" >"$tmp/stale"
	"$gen" --markdown <"$tmp/stale" >"$tmp/chapter" && ! cmp -s "$tmp/stale" "$tmp/chapter"
}

# A clause is defined by a paragraph that begins with its id in bold.
clauses_defined()
{
	grep -ohE '\b(REG|CAP|RNG|QUE|DBL|TXD|RXD|RXC|RXF|PRT|HBT|IFV|RSV|ADM|EVT|RST|CNT|RSS|SA|SPD|BYP|ESP|UNIT|TOK|KEY|VMS|UAPI)-[0-9]+\b' \
		"$inc"/espvault/*.h "$root"/../sim/core/*.[ch] "$root"/../sim/core/tests/*.[ch] \
		"$root"/../sim/qemu/*.[ch] "$root"/../drivers/net/ethernet/espvault/*.[ch] \
		"$root"/doc/*.md 2>/dev/null | sort -u >"$tmp/used"
	grep -ohE '^\*\*[A-Z]+-[0-9]+\*\*' "$root"/doc/*.md | tr -d '*' | sort >"$tmp/defined"
	[ -s "$tmp/used" ] && [ -z "$(uniq -d "$tmp/defined")" ] || {
		echo "defined twice:"
		uniq -d "$tmp/defined"
		return 1
	}
	[ -z "$(comm -23 "$tmp/used" "$tmp/defined")" ] || {
		echo "used, but not defined:"
		comm -23 "$tmp/used" "$tmp/defined"
		return 1
	}
}

json_valid()
{
	python3 - "$out/esv.json" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		for s in d["struct"]:
		    end = 0
		    for f in s["fields"]:
		        assert f["offset"] == end, (s["name"], f["name"])
		        end += f["size"]
		    assert end == s["size"], s["name"]
		for key in ("status", "opcode", "event", "reset", "counter", "capability", "register"):
		    numbers = [i["number"] for i in d[key]]
		    assert len(set(numbers)) == len(numbers), key
	END
}

dict_valid()
{
	! grep -vE '^[A-Za-z0-9_]+="(\\x[0-9a-f]{2})+"$' "$out/esv.dict"
}

decodes()
{
	printf '%062d' 0 |
		"$gen" --decode esv_cqe >"$tmp/cqe" && return 1
	printf '2000 0700 0f00 5000 00000001 0000 0000 000000000000000000000000 000000 01 aabb' |
		"$gen" --decode esv_cqe >"$tmp/cqe" || return 1
	printf '%s\n' 'opcode: 0x20 (32) SA_ADD' 'tag: 0x7' 'status: 0xf (15) KEY_REJECTED' \
		'err_off: 0x50 (80)' 'object: 0x1000000 (16777216)' 'out_len: 0' 'retry_ms: 0' \
		'result: 000000000000000000000000' 'rsvd: 000000' 'flags: 0x1' 'and 2 bytes' |
		diff -u - "$tmp/cqe"
}

refuses()	# ARGUMENTS...
{
	echo zz | "$gen" "$@" >"$tmp/refused" 2>"$tmp/why" && return 1
	[ ! -s "$tmp/refused" ] && grep -q esvgen "$tmp/why"
}

echo 1..17
t "golden text is what the headers say" golden
t "each header compiles alone as C11, no padding" each_header cc -std=c11
t "each header compiles alone as C++11" each_header c++ -x c++ -std=c++11
t "each header compiles alone with clang" each_header clang -std=c11
t "a wider field does not compile" change_fails esv_admin.h 's/__le16 retry_ms;/__le32 retry_ms;/'
t "a missing field does not compile" change_fails esv_ipsec.h '/__le16 encap_type;/d'
t "a new field does not compile" change_fails esv_desc.h 's/__le32 spd_id;/&\n\t__le32 more;/'
t "swapped fields do not compile" change_fails esv_admin.h '/^struct esv_cqe/,/^}/{
	s/__le16 status;/__le16 tmp;/
	s/__le16 err_off;/__le16 status;/
	s/__le16 tmp;/__le16 err_off;/
}'
t "a new number shows in the golden text" renumber_shows
t "every constant is listed" constants_listed
t "tables of the specification are fresh" docs_fresh
t "a stale table shows" docs_stale_fails
t "every clause that is named is defined once" clauses_defined
t "JSON has every field, with no gap" json_valid
t "dictionary is well-formed" dict_valid
t "a completion decodes" decodes
t "bad hex is refused" refuses --decode esv_cqe
exit $failed
