// SPDX-License-Identifier: GPL-2.0-or-later
/* An IKE daemon that speaks VICI: is it there, and may we ask it? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor.h"

static const char *const sockets[] = { "/run/charon.vici", "/var/run/charon.vici" };

/* 0 or a negative errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (s < 0 || connect(s, (struct sockaddr *)&addr, sizeof(addr)))
		err = -errno;
	if (s >= 0)
		close(s);
	return err;
}

static void tell(struct doctor *d, const char *path, int err)
{
	switch (err) {
	case 0:
	case -EAGAIN:	/* a queue that is full is one */
		finding(d, "vici", FINDING_OK, NULL, "an IKE daemon listens at %s", path);
		break;
	case -EACCES:
	case -EPERM:
		finding(d, "vici", FINDING_UNKNOWN, "ask as root", "there is %s, which this user may not connect to", path);
		break;
	case -ECONNREFUSED:
		finding(d, "vici", FINDING_FAIL, "systemctl restart strongswan",
			"nobody listens at %s: its IKE daemon has ended without removing it", path);
		break;
	default:
		finding(d, "vici", FINDING_UNKNOWN, NULL, "%s can't be connected to: %s", path, strerror(-err));
	}
}

void check_vici(struct doctor *d)
{
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		if (stat(sockets[i], &st))
			continue;
		tell(d, sockets[i], connect_to(sockets[i]));
		return;
	}
	finding(d, "vici", FINDING_WARN, "systemctl start strongswan, if SAs are to be negotiated; install charon-systemd if there is none",
		"there is no %s: no IKE daemon negotiates SAs here, or it speaks no VICI", sockets[0]);
}
