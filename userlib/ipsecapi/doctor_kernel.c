// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel: its version, and the parts of it that IPsec and the broker need. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/netlink.h>

#include "../ipsecapid/netlink.h"
#include "../ipsecapid/sockdiag.h"
#include "doctor.h"

#define SECURITYFS "/sys/kernel/security"
#define VERSION(major, minor) ((major) * 1000 + (minor))

void check_kernel(struct doctor *d)
{
	int major = 0, minor = 0, version;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2) {
		finding(d, "kernel", FINDING_UNKNOWN, NULL, "the kernel does not tell its version");
		return;
	}
	version = VERSION(major, minor);
	if (version < VERSION(5, 14))
		finding(d, "kernel", FINDING_FAIL, "run Linux 5.14 or later",
			"Linux %s does not tell in which network namespace a socket is, so no flow can be followed",
			u.release);
	else if (version < VERSION(6, 2))
		finding(d, "kernel", FINDING_WARN, "run Linux 6.2 or later where an interface is to do all of ESP",
			"Linux %s has no packet offload", u.release);
	else
		finding(d, "kernel", FINDING_OK, NULL, "Linux %s has all that the broker asks for, and packet offload",
			u.release);
}

/* In force is the word in brackets. What reports need of an SA's key is its length, which stays. */
static void tell_lockdown(struct doctor *d, const char *text)
{
	if (strstr(text, "[confidentiality]"))
		finding(d, "lockdown", FINDING_WARN,
			"lockdown=integrity on the kernel's command line, if a program must read keys of SAs back",
			"the kernel is locked down for confidentiality: it shows zeros for the keys of SAs, to root too; reports need none");
	else if (strstr(text, "[integrity]"))
		finding(d, "lockdown", FINDING_OK, NULL, "the kernel is locked down for integrity; keys of SAs can be read by root");
	else
		finding(d, "lockdown", FINDING_OK, NULL, "the kernel is not locked down; keys of SAs can be read by root");
}

static void no_lockdown(struct doctor *d, int err)
{
	struct statfs fs;

	if (err != ENOENT)
		finding(d, "lockdown", FINDING_UNKNOWN, "ask as root", "the state of lockdown can't be read: %s",
			strerror(err));
	else if (!statfs(SECURITYFS, &fs) && fs.f_type == SECURITYFS_MAGIC)
		finding(d, "lockdown", FINDING_OK, NULL, "the kernel has no lockdown; keys of SAs can be read by root");
	else
		finding(d, "lockdown", FINDING_UNKNOWN, "mount -t securityfs none " SECURITYFS,
			"whether the kernel is locked down is not known: securityfs is not mounted");
}

void check_lockdown(struct doctor *d)
{
	FILE *f = fopen(SECURITYFS "/lockdown", "re");
	char text[128] = "";

	if (!f) {
		no_lockdown(d, errno);
		return;
	}
	if (fgets(text, sizeof(text), f))
		tell_lockdown(d, text);
	else
		no_lockdown(d, ENODATA);
	fclose(f);
}

static void check_xfrm(struct doctor *d)
{
	int fd = netlink_open(NETLINK_XFRM, 0);

	if (fd >= 0)
		finding(d, "xfrm", FINDING_OK, NULL, "the kernel takes IPsec policies and SAs");
	else if (fd == -EPROTONOSUPPORT)
		finding(d, "xfrm", FINDING_FAIL, "modprobe xfrm_user, or a kernel with CONFIG_XFRM_USER",
			"the kernel takes no IPsec policies and SAs: it has no xfrm_user");
	else
		finding(d, "xfrm", FINDING_UNKNOWN, NULL, "xfrm_user can't be asked: %s", strerror(-fd));
	if (fd >= 0)
		close(fd);
}

/* Where nothing may be tried, what is loaded or on disk says nearly as much. */
static void esp_from_modules(struct doctor *d, const char *name, const char *remedy, int err)
{
	switch (module_state(name)) {
	case MODULE_PRESENT:
		finding(d, name, FINDING_OK, NULL, "%s is loaded or built in", name);
		break;
	case MODULE_ON_DISK:
		finding(d, name, FINDING_OK, NULL, "%s is loaded when it is needed", name);
		break;
	case MODULE_ABSENT:
		finding(d, name, FINDING_FAIL, remedy, "this kernel has no %s", name);
		break;
	default:
		finding(d, name, FINDING_UNKNOWN, "ask as root", "an SA can't be tried without privilege here (%s), and no module tells",
			strerror(-err));
	}
}

static void check_esp_of(struct doctor *d, const char *name, const char *family, int err)
{
	char remedy[96];

	snprintf(remedy, sizeof(remedy), "modprobe %s, or a kernel with CONFIG_INET%s_ESP", name,
		 name[3] == '6' ? "6" : "");
	if (!err)
		finding(d, name, FINDING_OK, NULL, "the kernel does ESP over %s, with AES-GCM", family);
	else if (err == -ENOSYS || err == -ENOENT)
		finding(d, name, FINDING_FAIL, "modprobe gcm aes, or a kernel with CONFIG_CRYPTO_GCM and CONFIG_CRYPTO_AES",
			"the kernel does ESP over %s, but not with AES-GCM", family);
	else if (err == -EPROTONOSUPPORT)
		finding(d, name, FINDING_FAIL, remedy, "the kernel does no ESP over %s", family);
	else
		esp_from_modules(d, name, remedy, err);
}

static void check_nf_tables(struct doctor *d, int err)
{
	enum module_state state = module_state("nf_tables");

	if (!err || (err != -EINVAL && err != -EPROTONOSUPPORT && state >= MODULE_ON_DISK))
		finding(d, "nf_tables", FINDING_OK, NULL, "the kernel has nf_tables");
	else if (err == -EINVAL || err == -EPROTONOSUPPORT || state == MODULE_ABSENT)
		finding(d, "nf_tables", FINDING_WARN, "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES",
			"the kernel has no nf_tables, with which packets are held back that a policy alone lets pass");
	else
		finding(d, "nf_tables", FINDING_UNKNOWN, "ask as root", "nf_tables can't be asked without privilege: %s",
			strerror(-err));
}

void check_esp(struct doctor *d)
{
	struct trial t;
	int err = trial_run(&t);

	if (err)
		t = (struct trial){ .esp = { err, err }, .nf_tables = err };
	check_xfrm(d);
	check_esp_of(d, "esp4", "IPv4", t.esp[0]);
	check_esp_of(d, "esp6", "IPv6", t.esp[1]);
	check_nf_tables(d, t.nf_tables);
}

/* Which interface offers it; NULL: none. */
static const char *offering(struct doctor *d, struct ipsecapi_interface *ifc)
{
	uint32_t i;

	for (i = 0; !ipsecapi_interface(d->t->ctx, i, ifc, sizeof(*ifc)); i++)
		if (ifc->offload & IPSECAPI_OFFLOAD_ESP)
			return ifc->name;
	return NULL;
}

static void check_offload_of(struct doctor *d, const char *name, const char *interface)
{
	char remedy[96];

	snprintf(remedy, sizeof(remedy), "modprobe %s, or a kernel with CONFIG_INET%s_ESP_OFFLOAD", name,
		 name[3] == '6' ? "6" : "");
	switch (module_state(name)) {
	case MODULE_PRESENT:
	case MODULE_ON_DISK:
		finding(d, name, FINDING_OK, NULL, "%s offers ESP offload, and the kernel has %s", interface, name);
		break;
	case MODULE_ABSENT:
		finding(d, name, FINDING_FAIL, remedy, "%s offers ESP offload, but the kernel has no %s", interface, name);
		break;
	default:
		finding(d, name, FINDING_UNKNOWN, remedy, "%s offers ESP offload, and nothing tells whether the kernel has %s",
			interface, name);
	}
}

void check_offload(struct doctor *d)
{
	struct ipsecapi_interface ifc;
	const char *name = d->t->ctx ? offering(d, &ifc) : NULL;

	if (name) {
		check_offload_of(d, "esp4_offload", name);
		check_offload_of(d, "esp6_offload", name);
	} else {
		finding(d, "esp_offload", d->t->ctx ? FINDING_OK : FINDING_UNKNOWN, NULL, "%s", d->t->ctx ?
			"no interface offers ESP offload, so none is needed" :
			"which interfaces offer ESP offload only the broker knows, and there is none to ask");
	}
}

static void ignore(const struct inet_diag_msg *m, void *arg)
{
	(void)m;
	(void)arg;
}

static void check_diag_of(struct doctor *d, struct sockdiag *s, uint8_t protocol, const char *name)
{
	int err = sockdiag_dump(s, AF_INET, protocol, ignore, NULL);
	char remedy[96];

	snprintf(remedy, sizeof(remedy), "modprobe %s, or a kernel with CONFIG_INET_%s_DIAG", name,
		 protocol == IPPROTO_TCP ? "TCP" : "UDP");
	if (err)
		finding(d, name, FINDING_FAIL, remedy,
			"the kernel can't list %s sockets, so the broker does not notice their end: %s",
			protocol == IPPROTO_TCP ? "TCP" : "UDP", strerror(-err));
	else
		finding(d, name, FINDING_OK, NULL, "the kernel lists %s sockets, so the broker notices their end",
			protocol == IPPROTO_TCP ? "TCP" : "UDP");
}

void check_diag(struct doctor *d)
{
	struct sockdiag *s = malloc(sizeof(*s));
	int err = s ? sockdiag_open(s) : -ENOMEM;

	if (err) {
		finding(d, "inet_diag", FINDING_FAIL, "modprobe inet_diag, or a kernel with CONFIG_INET_DIAG",
			"the kernel can't be asked about sockets: %s", strerror(-err));
	} else {
		check_diag_of(d, s, IPPROTO_TCP, "tcp_diag");
		check_diag_of(d, s, IPPROTO_UDP, "udp_diag");
		close(s->query);
	}
	free(s);
}
