/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closing a socket of a stranger. The last close of one that lingers waits as long as it says,
 * unless a signal comes. A worker holds each descriptor until it has the answer, so that no close
 * of ours should be the last; but workers can die.
 */
#ifndef IPSECAPID_CLOSE_WITHIN_H
#define IPSECAPID_CLOSE_WITHIN_H

/* Once, before the process has other uses of SIGALRM, which it can't have then. */
void close_within_prepare(void);
/* Close @fd in at most 50 ms. */
void close_within(int fd);

#endif
