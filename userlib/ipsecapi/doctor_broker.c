// SPDX-License-Identifier: GPL-2.0-or-later
/* The broker: is it there, does it know what it speaks of, and does it serve this user? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ipsecapid/policy_files.h"
#include "doctor.h"

#define SHIPPED "/usr/lib/ipsecapi/policy.conf"
#define DIRECTORY "/etc/ipsecapi"

static const char *why(const struct doctor *d, int err)
{
	uint32_t reason = ipsecapi_last_reason(d->t->ctx);

	return reason > IPSECAPI_REASON_NONE ? ipsecapi_strreason(reason) : strerror(-err);
}

/* Checks after the first need a session. */
static bool session(struct doctor *d, const char *id)
{
	if (!d->t->ctx)
		finding(d, id, FINDING_UNKNOWN, NULL, "only the broker knows, and there is none to ask");
	return d->t->ctx;
}

static void refused(struct doctor *d, const char *path, int err)
{
	struct stat st;

	if (err == -EPROTONOSUPPORT)
		finding(d, "broker", FINDING_FAIL, "install ipsecapid and libipsecapi of one version, and restart ipsecapid",
			"the broker at %s speaks no version of the protocol that this library does", path);
	else if (err == -EDQUOT || err == -EUSERS)
		finding(d, "broker", FINDING_FAIL, "end programs of this user that have sessions open",
			"the broker at %s takes no more sessions", path);
	else if (err == -EACCES)
		finding(d, "broker", FINDING_FAIL, "ask as a user that exists where the broker runs",
			"this user has no mapping where the broker at %s runs", path);
	else if (err != -ENOLINK)
		finding(d, "broker", FINDING_FAIL, "give --socket the path of the broker's socket",
			"a broker can't be where --socket says: %s", strerror(-err));
	else if (stat(path, &st))
		finding(d, "broker", FINDING_FAIL, "systemctl enable --now ipsecapid.socket",
			"there is no socket of a broker at %s: %s", path, strerror(errno));
	else
		finding(d, "broker", FINDING_FAIL, "systemctl restart ipsecapid, and journalctl -u ipsecapid for why it ended",
			"no broker answers at %s", path);
}

void check_broker(struct doctor *d)
{
	const char *path = d->t->socket ? d->t->socket : IPSECAPI_DEFAULT_PATH;
	int err = ipsecapi_open(d->t->socket, 0, &d->t->ctx);
	struct ipsecapi_caps caps;

	if (err) {
		d->t->ctx = NULL;
		refused(d, path, err);
		return;
	}
	err = ipsecapi_caps(d->t->ctx, &caps, sizeof(caps));
	if (err)
		finding(d, "broker", FINDING_FAIL, "systemctl restart ipsecapid", "the broker at %s does not answer: %s",
			path, why(d, err));
	else
		finding(d, "broker", FINDING_OK, NULL, "a broker answers at %s, by version %u of the protocol", path,
			caps.protocol);
}

/* It reads its evidence again before it answers this: only a broker that can't has old evidence. */
void check_evidence(struct doctor *d)
{
	struct ipsecapi_host host;
	struct ipsecapi_caps caps;
	int err;

	if (!session(d, "evidence"))
		return;
	err = ipsecapi_caps(d->t->ctx, &caps, sizeof(caps)) ?: ipsecapi_host(d->t->ctx, &host, sizeof(host));
	if (err)
		finding(d, "evidence", FINDING_FAIL, "journalctl -u ipsecapid, and systemctl restart ipsecapid",
			"the broker can't read the kernel's tables: %s", why(d, err));
	else
		finding(d, "evidence", host.age <= caps.lease ? FINDING_OK : FINDING_WARN,
			host.age <= caps.lease ? NULL : "look for what keeps this host busy",
			"the kernel's tables were read %.1f ms ago: %u policies, %u SAs", host.age / 1e6,
			host.policies_out + host.policies_in + host.policies_forward, host.sas);
}

/* A broker does not start with mistakes: then the files tell what it would. */
static void check_files(struct doctor *d)
{
	const struct policy_source from = { .shipped = SHIPPED, .directory = DIRECTORY };
	static struct policy policy;
	struct complaints c = { .to = fopen("/dev/null", "we") };

	if (geteuid() || access(SHIPPED, R_OK) || !c.to)
		finding(d, "policy", FINDING_UNKNOWN, "ipsecapid --check, as root",
			"whether the policy has mistakes is not known without a broker");
	else if (policy_load(&from, &policy, &c))
		finding(d, "policy", FINDING_FAIL, "ipsecapid --check names them",
			"the files of " DIRECTORY " have %u mistake%s, and no broker starts with them", c.n,
			c.n == 1 ? "" : "s");
	else
		finding(d, "policy", FINDING_OK, NULL, "the files of " DIRECTORY " have no mistake");
	if (c.to)
		fclose(c.to);
}

void check_policy(struct doctor *d)
{
	struct ipsecapi_host host;
	int err;

	if (!d->t->ctx) {
		check_files(d);
		return;
	}
	err = ipsecapi_host(d->t->ctx, &host, sizeof(host));
	if (err)
		finding(d, "policy", FINDING_UNKNOWN, NULL, "the broker does not say: %s", why(d, err));
	else if (host.policy_mistakes)
		finding(d, "policy", FINDING_FAIL, "ipsecapid --check names them; then systemctl reload ipsecapid",
			"a newer system policy was refused for %u mistake%s; the older is in force",
			host.policy_mistakes, host.policy_mistakes == 1 ? "" : "s");
	else
		finding(d, "policy", FINDING_OK, NULL, "the system policy in force has no mistake");
}

static void flow_refused(struct doctor *d, int err)
{
	const char *remedy = "see ipsecapi_flow_open(3)";

	if (err == -EREMOTE)
		remedy = "ask the broker of this network namespace, or start one in it with ipsecapid --socket PATH";
	else if (err == -EOPNOTSUPP)
		remedy = "run Linux 5.14 or later";
	else if (err == -EDQUOT)
		remedy = "end programs of this user that watch flows";
	finding(d, "flow", FINDING_FAIL, remedy, "the broker does not follow a socket of this user: %s", why(d, err));
}

/* A UDP socket to ourselves, which sends nothing. */
void check_flow(struct doctor *d)
{
	struct ipsecapi_flow *flow = NULL;
	int fd, err;

	if (!session(d, "flow"))
		return;
	fd = probe_connect("udp", "127.0.0.1", "9", 0);
	if (fd < 0) {
		finding(d, "flow", FINDING_UNKNOWN, "ip link set lo up", "no socket can be connected to 127.0.0.1: %s",
			strerror(-fd));
		return;
	}
	err = ipsecapi_flow_open(d->t->ctx, fd, &flow);
	if (err)
		flow_refused(d, err);
	else
		finding(d, "flow", FINDING_OK, NULL, "the broker follows a socket of this user");
	ipsecapi_flow_close(flow);
	close(fd);
}

static void check_unit(struct doctor *d, const struct ipsecapi_interface *i, unsigned int *units)
{
	if (!i->unit_present)
		return;
	++*units;
	if (i->test_mode)
		finding(d, "unit", FINDING_FAIL, "provision the unit without test mode before it protects anything",
			"the unit of %s is in test mode, in which its keys can be read", i->name);
	else
		finding(d, "unit", FINDING_OK, NULL, "the unit of %s answers, and is not in test mode", i->name);
}

void check_units(struct doctor *d)
{
	struct ipsecapi_interface ifc;
	unsigned int units = 0;
	uint32_t i;

	if (!session(d, "unit"))
		return;
	for (i = 0; !ipsecapi_interface(d->t->ctx, i, &ifc, sizeof(ifc)); i++)
		check_unit(d, &ifc, &units);
	if (!units)
		finding(d, "unit", FINDING_OK, NULL, "no interface has a trusted unit; custody L2 and better needs one");
}
