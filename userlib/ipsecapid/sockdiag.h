/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to sock_diag about sockets that are not ours. */
#ifndef IPSECAPID_SOCKDIAG_H
#define IPSECAPID_SOCKDIAG_H

#include <stdint.h>
#include <ipsecapi.h>

struct inet_diag_msg;

struct sockdiag {
	int query;
	uint32_t seq;
	uint8_t buf[32768] __attribute__((aligned(8)));
};

/* Returns 0 or a negative errno. */
int sockdiag_open(struct sockdiag *d);
/*
 * A socket that hears of sockets that end. It may lose some: when its queue is full, which
 * recv() then tells, and when the kernel has no memory for the message, which nobody tells.
 * Returns a descriptor or a negative errno.
 */
int sockdiag_listen(void);

/*
 * Find the socket with these addresses and cookie, bound to @ifindex unless 0. Of sockets with
 * the same addresses the kernel looks at one only: -ENOENT and -ESTALE are no proof that the
 * socket is gone.
 */
int sockdiag_lookup(struct sockdiag *d, const struct ipsecapi_tuple *t, uint32_t ifindex);

/*
 * Abort a connection, by its ends and cookie: its owner's calls give ECONNABORTED from then on.
 * Returns 0 or a negative errno.
 */
int sockdiag_destroy(struct sockdiag *d, const struct ipsecapi_tuple *t, uint32_t ifindex);

/*
 * Show all sockets of a family and protocol to @each. Sockets that come and go meanwhile can
 * hide others. Returns 0 or a negative errno: also when the kernel can't list them.
 */
int sockdiag_dump(struct sockdiag *d, uint8_t family, uint8_t protocol,
		  void (*each)(const struct inet_diag_msg *m, void *arg), void *arg);

uint64_t sockdiag_cookie(const struct inet_diag_msg *m);

#endif
