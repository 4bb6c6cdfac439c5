/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of one device, until nobody is left or a signal comes. */
#ifndef SERVE_H
#define SERVE_H

#include "device.h"

#define CLIENTS_MAX	64	/* as many as the unit has sessions */

/*
 * Serve the one connection fd until its other end closes it or SIGINT or SIGTERM comes. Both, and SIGPIPE, must
 * be blocked. 0 or a negative errno.
 */
int serve_one(struct device *d, int fd);
/* The same for whoever connects to listener, until a signal comes. */
int serve_all(struct device *d, int listener);

/* A listening socket at path, for its owner alone; one that nobody serves any more is replaced. Or a negative errno. */
int serve_listen(const char *path);

#endif
