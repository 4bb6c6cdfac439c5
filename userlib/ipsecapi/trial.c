// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a kernel has ESP, its cipher and nf_tables is best tried: that finds what is built in,
 * and what is loaded by being asked for. A child does it in a network namespace of its own, which
 * ends with it. Where users may make namespaces that takes no privilege.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "../ipsecapid/netlink.h"
#include "doctor.h"

#define CIPHER		"rfc4106(gcm(aes))"
#define KEY_BYTES	20	/* AES-128 and its salt; of zeros, for nobody */
#define ICV_BITS	128
#define DIGEST		"hmac(sha256)"
#define DIGEST_BYTES	32

/* The kernel's answer to a request, which comes before send() returns. */
static int ask(int family, struct nlmsghdr *nlh)
{
	char buf[4096] __attribute__((aligned(8)));
	const struct nlmsghdr *answer = (void *)buf;
	const struct nlmsgerr *e;
	int fd = netlink_open(family, 0), err;
	ssize_t n;

	if (fd < 0)
		return fd;
	err = send(fd, nlh, nlh->nlmsg_len, 0) < 0 ? -errno : 0;
	n = err ? 0 : recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0)
		err = -errno;
	if (!err && (!mnl_nlmsg_ok(answer, n) || answer->nlmsg_len < MNL_NLMSG_HDRLEN))
		err = -EBADMSG;
	if (!err && answer->nlmsg_type == NLMSG_ERROR) {
		e = mnl_nlmsg_get_payload(answer);
		err = mnl_nlmsg_get_payload_len(answer) < sizeof(e->error) ? -EBADMSG : e->error;
	}
	close(fd);
	return err;
}

static void put_cipher(struct nlmsghdr *nlh)
{
	char attr[sizeof(struct xfrm_algo_aead) + KEY_BYTES] = "";
	struct xfrm_algo_aead *aead = (void *)attr;

	strcpy(aead->alg_name, CIPHER);
	aead->alg_key_len = KEY_BYTES * 8;
	aead->alg_icv_len = ICV_BITS;
	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(attr), attr);
}

/* Of no use as an SA; but the kernel says so only once it has ESP. */
static void put_digest(struct nlmsghdr *nlh)
{
	char attr[sizeof(struct xfrm_algo) + DIGEST_BYTES] = "";
	struct xfrm_algo *auth = (void *)attr;

	strcpy(auth->alg_name, DIGEST);
	auth->alg_key_len = DIGEST_BYTES * 8;
	mnl_attr_put(nlh, XFRMA_ALG_AUTH, sizeof(attr), attr);
}

static int try_sa(int family, void (*put_algorithm)(struct nlmsghdr *nlh))
{
	char buf[1024] __attribute__((aligned(8))) = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct xfrm_usersa_info *sa;

	nlh->nlmsg_type = XFRM_MSG_NEWSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	sa = mnl_nlmsg_put_extra_header(nlh, sizeof(*sa));
	sa->family = family;
	sa->id.proto = IPPROTO_ESP;
	sa->id.spi = htonl(0x1000);
	sa->mode = XFRM_MODE_TRANSPORT;
	/* addresses of documentation; for IPv6 their bytes do as well as any */
	memcpy(&sa->id.daddr, "\xc0\0\2\1", 4);
	memcpy(&sa->saddr, "\xc0\0\2\2", 4);
	sa->lft.soft_byte_limit = sa->lft.hard_byte_limit = XFRM_INF;
	sa->lft.soft_packet_limit = sa->lft.hard_packet_limit = XFRM_INF;
	put_algorithm(nlh);
	return ask(NETLINK_XFRM, nlh);
}

/* A kernel looks for the cipher first, and says of a missing one nothing about ESP. */
static int try_esp(int family)
{
	int err = try_sa(family, put_cipher);

	if (err == -ENOSYS && try_sa(family, put_digest) == -EPROTONOSUPPORT)
		err = -EPROTONOSUPPORT;
	return err;
}

static int try_nf_tables(void)
{
	char buf[256] __attribute__((aligned(8))) = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	return ask(NETLINK_NETFILTER, nlh);
}

static void child(int to)
{
	struct trial t = { .nf_tables = 0 };
	int err = 0;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		err = -errno;
	t.esp[0] = err ?: try_esp(AF_INET);
	t.esp[1] = err ?: try_esp(AF_INET6);
	t.nf_tables = err ?: try_nf_tables();
	_exit(write(to, &t, sizeof(t)) != sizeof(t));
}

int trial_run(struct trial *t)
{
	bool whole;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (!pid)
		child(ends[1]);
	close(ends[1]);
	whole = pid > 0 && read(ends[0], t, sizeof(*t)) == sizeof(*t);
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return whole ? 0 : -EAGAIN;
}
