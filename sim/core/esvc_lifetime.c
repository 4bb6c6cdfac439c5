// SPDX-License-Identifier: GPL-2.0-or-later
/* Soft and hard limits; each event is given once. */
#include "esvc_lifetime.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t left(uint64_t max, uint64_t used)
{
	if (max == ESV_NO_LIMIT)
		return max;
	return max > used ? max - used : 0;
}

static uint64_t hard_packets(const struct esvc_sa *sa)
{
	return least(sa->cold->limits.hard_packets, sa->cold->key_packets);
}

static uint64_t hard_bytes(const struct esvc_sa *sa)
{
	return least(sa->cold->limits.hard_bytes, sa->cold->key_bytes);
}

/* The next counts at which something happens. */
static void arm(struct esvc_sa *sa)
{
	const struct esvc_sa_limits *l = &sa->cold->limits;

	sa->next_packets = hard_packets(sa);
	sa->next_bytes = hard_bytes(sa);
	if (sa->state == ESV_SA_ACTIVE) {
		sa->next_packets = least(sa->next_packets, l->soft_packets);
		sa->next_bytes = least(sa->next_bytes, l->soft_bytes);
	} else if (sa->state == ESV_SA_EXPIRED) {
		sa->next_packets = sa->next_bytes = ESV_NO_LIMIT;
	}
}

bool esvc_lifetime_start(struct esvc_sa *sa, const struct esvc_sa_limits *limits)
{
	sa->cold->limits = *limits;
	sa->cold->key_packets = left(sa->key->max_packets, sa->key->packets);
	sa->cold->key_bytes = left(sa->key->max_bytes, sa->key->bytes);
	arm(sa);
	return sa->cold->key_packets && sa->cold->key_bytes;
}

/* The SA's limits count from its install, the key's over its life. */
static uint64_t lower(uint64_t max, uint64_t key_used, uint64_t sa_used, uint64_t hard)
{
	uint64_t before = key_used - sa_used;

	return before < max && hard < max - before ? before + hard : max;
}

void esvc_lifetime_lower(struct esvc_sa *sa)
{
	struct esvc_key *key = sa->key;

	key->max_packets = lower(key->max_packets, key->packets, sa->packets, sa->cold->limits.hard_packets);
	key->max_bytes = lower(key->max_bytes, key->bytes, sa->bytes, sa->cold->limits.hard_bytes);
}

void esvc_lifetime_change(struct esvc_ipsec *ips, struct esvc_sa *sa, const struct esvc_sa_limits *limits)
{
	sa->cold->limits = *limits;
	esvc_lifetime_lower(sa);
	esvc_lifetime_reached(ips, sa);
}

void esvc_lifetime_reached(struct esvc_ipsec *ips, struct esvc_sa *sa)
{
	const struct esvc_sa_limits *l = &sa->cold->limits;

	if (sa->state == ESV_SA_ACTIVE && (sa->packets >= l->soft_packets || sa->bytes >= l->soft_bytes)) {
		sa->state = ESV_SA_SOFT;
		esvc_ipsec_event(ips, ESV_EV_SA_SOFT, sa, sa->packets, sa->bytes);
	}
	if (sa->state != ESV_SA_EXPIRED && (sa->packets >= hard_packets(sa) || sa->bytes >= hard_bytes(sa))) {
		sa->state = ESV_SA_EXPIRED;
		esvc_ipsec_event(ips, ESV_EV_SA_HARD, sa, sa->packets, sa->bytes);
	}
	arm(sa);
}
