// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions that concern no single flow. */
#include "internal.h"

static int query(struct ipsecapi *ctx, uint16_t type, const uint32_t *index, void *out,
		 size_t size)
{
	const struct request req = {
		.type = type, .fd = -1,
		.index = index ? *index : 0, .has_index = index,
	};
	int err = context_enter(ctx);

	return err ? err : session_struct(ctx, &req, out, size);
}

int ipsecapi_caps(struct ipsecapi *ctx, struct ipsecapi_caps *caps, size_t size)
{
	return query(ctx, WIRE_CAPS, NULL, caps, size);
}

int ipsecapi_class(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_class *cls, size_t size)
{
	return query(ctx, WIRE_CLASS, &index, cls, size);
}

int ipsecapi_interface(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_interface *ifc,
		       size_t size)
{
	return query(ctx, WIRE_INTERFACE, &index, ifc, size);
}

int ipsecapi_host(struct ipsecapi *ctx, struct ipsecapi_host *host, size_t size)
{
	return query(ctx, WIRE_HOST, NULL, host, size);
}

int ipsecapi_rule(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_rule *rule, size_t size)
{
	return query(ctx, WIRE_RULE, &index, rule, size);
}

int ipsecapi_policy_text(struct ipsecapi *ctx, uint32_t index, struct ipsecapi_policy_text *piece,
			 size_t size)
{
	return query(ctx, WIRE_POLICY, &index, piece, size);
}
