// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening and closing a context. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

#define STR(x) #x
#define XSTR(x) STR(x)

int context_enter(struct ipsecapi *ctx)
{
	if (!ctx)
		return -EINVAL;
	if (!guard_ok(ctx->guard))
		return -ECHILD;
	ctx->reason = IPSECAPI_REASON_NONE;
	ctx->until = now_boottime() + CALL_NS;
	return 0;
}

int context_fail(struct ipsecapi *ctx, int err, uint32_t reason)
{
	ctx->reason = reason;
	return err;
}

static int set_path(struct sockaddr_un *addr, const char *path)
{
	if (!path)
		path = IPSECAPI_DEFAULT_PATH;
	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	addr->sun_family = AF_UNIX;
	strcpy(addr->sun_path, path);
	return 0;
}

int ipsecapi_open(const char *path, uint32_t flags, struct ipsecapi **out)
{
	struct ipsecapi *ctx;
	int err;

	if (!out || flags)
		return -EINVAL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->sock = -1;
	err = set_path(&ctx->addr, path);
	if (err)
		goto free_ctx;

	ctx->guard = guard_new();
	if (!ctx->guard) {
		err = -ENOMEM;
		goto free_ctx;
	}
	ctx->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ctx->epoll < 0) {
		err = -errno;
		goto free_guard;
	}
	ctx->until = now_boottime() + CALL_NS;
	err = session_wait(ctx);
	if (err)
		goto close_epoll;
	*out = ctx;
	return 0;

close_epoll:
	channel_drop(ctx);
	close(ctx->epoll);
free_guard:
	guard_free(ctx->guard);
free_ctx:
	free(ctx);
	return err;
}

void ipsecapi_close(struct ipsecapi *ctx)
{
	struct ipsecapi_flow *flow, *next;

	if (!ctx)
		return;
	for (flow = ctx->flows; flow; flow = next) {
		next = flow->next;
		free(flow);
	}
	channel_drop(ctx);
	close(ctx->epoll);
	guard_free(ctx->guard);
	free(ctx);
}

int ipsecapi_get_fd(const struct ipsecapi *ctx)
{
	if (!ctx)
		return -EINVAL;
	return guard_ok(ctx->guard) ? ctx->epoll : -ECHILD;
}

uint32_t ipsecapi_last_reason(const struct ipsecapi *ctx)
{
	return ctx ? ctx->reason : IPSECAPI_REASON_UNKNOWN;
}

const char *ipsecapi_version(void)
{
	return XSTR(IPSECAPI_VERSION_MAJOR) "." XSTR(IPSECAPI_VERSION_MINOR);
}
