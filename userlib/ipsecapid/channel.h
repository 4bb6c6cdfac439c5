/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed-size messages between the broker's own processes, over SEQPACKET socket pairs. */
#ifndef IPSECAPID_CHANNEL_H
#define IPSECAPID_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Send @len bytes and, unless -1, descriptor @fd. Blocks unless @flags has MSG_DONTWAIT. */
int chan_send(int sock, const void *buf, size_t len, int fd, int flags);

/*
 * Is there room for what may be lost? Three quarters of the buffer are kept for what may not:
 * that is when poll() says writable, too.
 */
bool chan_has_room(int sock);

/**
 * Receive one message of at most @cap bytes.
 * @fd: NULL, or receives a descriptor or -1.
 * Returns its length, 0 at the end of the stream, or a negative errno; -EBADMSG when truncated.
 */
ssize_t chan_recv(int sock, void *buf, size_t cap, int *fd, int flags);

#endif
