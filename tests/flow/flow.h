/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: a sender and a receiver that check every byte and can ask the IPsec API about their own socket. */
#ifndef FLOW_H
#define FLOW_H

#include <stddef.h>
#include <stdint.h>

#define FLOW_BLOCK 65536	/* bytes of the repeating pattern */

/* The pattern that both ends know; the byte at offset o of a stream is block[o % FLOW_BLOCK]. */
const uint8_t *flow_pattern(void);

double flow_now(void);		/* seconds, monotonic */

/* Serve TCP and UDP on a port, both families, until killed. Prints "ready". */
int flow_serve(uint16_t port);

struct flow_result {
	uint64_t bytes;		/* payload that the other end verified */
	double seconds;
};

/* 0, or -1 with a message on stderr. */
int flow_tcp(int fd, uint64_t bytes, struct flow_result *res);
/* Echoed datagrams of size bytes each, bytes in total. */
int flow_udp(int fd, uint64_t bytes, size_t size, struct flow_result *res);

/* Print what libipsecapi says of fd, as members of a JSON object. 0, or -1 with a message. */
int flow_report(const char *api, int fd);

#endif
