/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nftables drops, as it says itself. Connections of a host with itself. */
#ifndef USERLIB_DROPPED_H
#define USERLIB_DROPPED_H

#include <nftables/libnftables.h>

#include "latching.h"

static inline uint16_t port_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in6 addr;	/* the port is where one of IPv4 has it */
	socklen_t len = sizeof(addr);

	CHECK(!get(fd, (struct sockaddr *)&addr, &len));
	return ntohs(addr.sin6_port);
}

static inline bool is_dropped(const char *set, const char *addr, int fd)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char ends[128], command[64];
	bool found;

	snprintf(ends, sizeof(ends), "%s . %u . %s . %u . tcp", addr, port_of(fd, getsockname), addr,
		 port_of(fd, getpeername));
	snprintf(command, sizeof(command), "list set inet ipsecapi %s", set);
	CHECK(!nft_ctx_buffer_output(nft) && !nft_run_cmd_from_buffer(nft, command));
	found = strstr(nft_ctx_get_output_buffer(nft), ends);
	nft_ctx_free(nft);
	return found;
}

/* The front may have told the applier only just now. */
static inline void wait_dropped(const char *set, const char *addr, int fd)
{
	int tries;

	for (tries = 0; tries < 500 && !is_dropped(set, addr, fd); tries++)
		poll(NULL, 0, 10);
	assert_true(is_dropped(set, addr, fd));
}

#endif
