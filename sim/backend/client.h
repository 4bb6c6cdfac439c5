/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection: what /dev/espvaultN's driver is to one open file. Whatever
 * comes in is hostile; each record's length is checked where it is read.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "device.h"

struct client {
	int fd;
	bool may_write;		/* its user may open for writing */
	bool greeted;
	bool writer;
	bool open;		/* there is a session */
	uint32_t session;
	uint64_t epoch;		/* in which it was opened; another one has other sessions */
};

/* Read one record and answer it. False: close the connection. Never blocks. */
bool client_serve(struct client *c, struct device *d);

/* Close session and descriptor. */
void client_close(struct client *c, struct device *d);

#endif
