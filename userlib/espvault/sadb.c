// SPDX-License-Identifier: GPL-2.0-or-later
/* sa, policy: what the device itself has. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct json_object *sa_object(const struct espvault_sa *sa)
{
	struct json_object *o = json_object_new_object();

	put_u64(o, "handle", sa->handle);
	put_str(o, "dir", word_dir(sa->dir));
	put_spi(o, sa->spi);
	put_addr(o, "src", sa->family, sa->saddr);
	put_addr(o, "dst", sa->family, sa->daddr);
	put_str(o, "mode", word_mode(sa->mode));
	put_str(o, "cipher", word_algo(sa->algo));
	put_u64(o, "reqid", sa->reqid);
	put_str(o, "custody", word_custody(sa->custody));
	put_str(o, "vouched-by", word_vouch(sa->vouch));
	put_str(o, "state", sa->epoch ? word_sa_state(sa->state) : "key zeroised");
	put_u64(o, "seq", sa->seq);
	put_u64(o, "packets", sa->packets);
	put_u64(o, "bytes", sa->bytes);
	put_u64(o, "auth-failed", sa->auth_failed);
	put_u64(o, "replay-dropped", sa->replay_dropped);
	put_u64(o, "other-dropped", sa->other_dropped);
	put_hex64(o, "epoch", sa->epoch);
	return o;
}

/* Keys that the host gave have nobody who vouches for the peer; most SAs are so, and their lines stay short. */
static void sa_line(struct json_object *o)
{
	const char *by = get(o, "vouched-by");

	printf("%s %s %s > %s spi %s %s reqid %s %s %s %s packets %s bytes %s", get(o, "handle"), get(o, "dir"),
	       get(o, "src"), get(o, "dst"), get(o, "spi"), get(o, "mode"), get(o, "reqid"), get(o, "cipher"),
	       get(o, "custody"), get(o, "state"), get(o, "packets"), get(o, "bytes"));
	if (strcmp(by, word_vouch(0)))
		printf(" vouched-by %s", by);
	putchar('\n');
}

static int sa_collect(const struct espvault_sa *sa, void *arg)
{
	json_object_array_add(arg, sa_object(sa));
	return 0;
}

/* Fills the array with what the unit lists. */
typedef int (*fill_fn)(struct espvault *unit, struct json_object *a);

static int print_list(struct tool *t, fill_fn fill, void (*line)(struct json_object *o))
{
	struct espvault *unit;
	struct json_object *a;
	char path[64];
	int code = open_to_look(t, &unit, path), err;

	if (code != EXIT_OK)
		return code;
	a = json_object_new_array();
	err = fill(unit, a);
	if (err) {
		code = complain_unit(unit, path, err);
		json_object_put(a);
	} else {
		print_array(t, a, line);
	}
	espvault_close(unit);
	return code;
}

static int sa_fill(struct espvault *unit, struct json_object *a)
{
	return espvault_sa_foreach(unit, sa_collect, a);
}

/* What sa show looks for. */
struct wanted {
	const char *device;
	bool have_handle, have_spi;
	uint32_t handle, spi;
	uint8_t family;		/* 0: no address */
	uint8_t daddr[16];
};

static int wanted_parse(struct tool *t, struct wanted *w)
{
	for (int i = 1; i < t->argc; i++) {
		const char *arg = t->argv[i], *value = i + 1 < t->argc ? t->argv[i + 1] : "";

		if (!strcmp(arg, "--daddr")) {
			w->family = ip_address(value, w->daddr);
			if (!w->family)
				return complain(EXIT_USAGE, "--daddr needs an IP address, not '%s'", value);
			i++;
		} else if (!strcmp(arg, "--spi")) {
			w->have_spi = number32(value, 0, UINT32_MAX, &w->spi);
			if (!w->have_spi)
				return complain(EXIT_USAGE, "--spi needs a number, not '%s'", value);
			i++;
		} else if (!w->have_handle && number32(arg, 0, UINT32_MAX, &w->handle)) {
			w->have_handle = true;
		} else if (!w->device && arg[0] != '-') {
			w->device = arg;
		} else {
			return complain(EXIT_USAGE, "sa show does not take '%s'", arg);
		}
	}
	if (w->have_handle == (w->family && w->have_spi) || w->have_spi != !!w->family)
		return complain(EXIT_USAGE, "sa show needs a handle, or both --daddr and --spi");
	return EXIT_OK;
}

static int sa_show(struct tool *t)
{
	struct espvault_sa sa = ESPVAULT_INIT(struct espvault_sa);
	struct wanted w = { .device = NULL };
	struct espvault *unit;
	char path[64];
	int code = wanted_parse(t, &w), err;

	if (code == EXIT_OK)
		code = open_unit(w.device, ESPVAULT_RDONLY, &unit, path);
	if (code != EXIT_OK)
		return code;
	err = w.have_handle ? espvault_sa_get(unit, w.handle, &sa) :
			      espvault_sa_lookup(unit, w.family, w.daddr, w.spi, &sa);
	if (err == -EBADF || err == -ENOENT)
		code = complain(EXIT_NOT_FOUND, "%s: the device has no such SA", path);
	else if (err)
		code = complain_unit(unit, path, err);
	else
		print_object(t, sa_object(&sa));
	espvault_close(unit);
	return code;
}

int cmd_sa(struct tool *t)
{
	struct tool sub = { .json = t->json, .argc = t->argc - 1, .argv = t->argv + 1 };

	if (sub.argc && !strcmp(sub.argv[0], "list"))
		return print_list(&sub, sa_fill, sa_line);
	if (sub.argc && !strcmp(sub.argv[0], "show"))
		return sa_show(&sub);
	return complain(EXIT_USAGE, "sa: say list or show");
}

static void put_port(struct json_object *o, const char *key, uint16_t port, uint16_t mask)
{
	char text[24];

	if (!mask)
		return;
	if (mask == 0xffff)
		snprintf(text, sizeof(text), "%u", port);
	else
		snprintf(text, sizeof(text), "0x%04x/0x%04x", port, mask);
	put_str(o, key, text);
}

static int policy_collect(const struct espvault_policy *p, void *arg)
{
	struct json_object *o = json_object_new_object();

	put_u64(o, "handle", p->handle);
	put_str(o, "dir", word_dir(p->dir));
	put_str(o, "action", word_action(p->action));
	put_u64(o, "priority", p->priority);
	put_prefix(o, "src", p->sel.family, p->sel.saddr, p->sel.plen_s);
	put_prefix(o, "dst", p->sel.family, p->sel.daddr, p->sel.plen_d);
	if (p->sel.proto)
		put_u64(o, "proto", p->sel.proto);
	put_port(o, "sport", p->sel.sport, p->sel.sport_mask);
	put_port(o, "dport", p->sel.dport, p->sel.dport_mask);
	if (p->action == 2) {
		put_str(o, "mode", word_mode(p->mode));
		put_u64(o, "reqid", p->reqid);
	}
	if (p->action == 2 && p->mode == 2) {
		put_addr(o, "tunnel-src", p->tunnel_family, p->saddr);
		put_addr(o, "tunnel-dst", p->tunnel_family, p->daddr);
	}
	put_u64(o, "packets", p->packets);
	put_u64(o, "bytes", p->bytes);
	put_u64(o, "drops", p->drops);
	json_object_array_add(arg, o);
	return 0;
}

static void optional(struct json_object *o, const char *key)
{
	if (*get(o, key))
		printf(" %s %s", key, get(o, key));
}

static void policy_line(struct json_object *o)
{
	printf("%s %s %s > %s", get(o, "handle"), get(o, "dir"), get(o, "src"), get(o, "dst"));
	optional(o, "proto");
	optional(o, "sport");
	optional(o, "dport");
	printf(" priority %s %s", get(o, "priority"), get(o, "action"));
	optional(o, "mode");
	optional(o, "reqid");
	optional(o, "tunnel-src");
	optional(o, "tunnel-dst");
	printf(" packets %s drops %s\n", get(o, "packets"), get(o, "drops"));
}

static int policy_fill(struct espvault *unit, struct json_object *a)
{
	return espvault_policy_foreach(unit, policy_collect, a);
}

int cmd_policy(struct tool *t)
{
	struct tool sub = { .json = t->json, .argc = t->argc - 1, .argv = t->argv + 1 };

	if (!sub.argc || strcmp(sub.argv[0], "list"))
		return complain(EXIT_USAGE, "policy: say list");
	return print_list(&sub, policy_fill, policy_line);
}
