// SPDX-License-Identifier: GPL-2.0-or-later
/* Driver and active features of an interface, by ethtool requests that need no privilege. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "features.h"

#define MAX_FEATURES 1024

static int request(const struct links *l, const char name[IFNAMSIZ], void *cmd)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));	/* ends in NUL, see struct link */
	ifr.ifr_data = cmd;
	return ioctl(l->inet, SIOCETHTOOL, &ifr);
}

static uint32_t count_features(const struct links *l, const char name[IFNAMSIZ])
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} q = { .info.cmd = ETHTOOL_GSSET_INFO, .info.sset_mask = 1ull << ETH_SS_FEATURES };

	if (request(l, name, &q) || !q.info.sset_mask || q.count > MAX_FEATURES)
		return 0;
	return q.count;
}

/* The numbers of feature bits differ between kernels; their names do not. */
static void learn_bits(struct links *l, const char name[IFNAMSIZ])
{
	uint32_t i, n = count_features(l, name);
	struct ethtool_gstrings *s;

	s = n ? calloc(1, sizeof(*s) + n * ETH_GSTRING_LEN) : NULL;
	if (!s)
		return;
	s->cmd = ETHTOOL_GSTRINGS;
	s->string_set = ETH_SS_FEATURES;
	s->len = n;
	if (!request(l, name, s)) {
		l->features = n;
		for (i = 0; i < n; i++) {
			const char *f = (const char *)s->data + i * ETH_GSTRING_LEN;

			if (!strncmp(f, "esp-hw-offload", ETH_GSTRING_LEN))
				l->bit_esp = i;
			else if (!strncmp(f, "esp-tx-csum-hw-offload", ETH_GSTRING_LEN))
				l->bit_csum = i;
			else if (!strncmp(f, "tx-esp-segmentation", ETH_GSTRING_LEN))
				l->bit_gso = i;
		}
	}
	free(s);
}

static bool active(const struct ethtool_gfeatures *f, int bit)
{
	return bit >= 0 && (f->features[bit / 32].active >> (bit % 32) & 1);
}

static void read_features(struct links *l, struct link *link)
{
	uint32_t blocks = (l->features + 31) / 32;
	struct ethtool_gfeatures *f;

	f = calloc(1, sizeof(*f) + blocks * sizeof(f->features[0]));
	if (!f)
		return;
	f->cmd = ETHTOOL_GFEATURES;
	f->size = blocks;
	if (!request(l, link->name, f)) {
		if (active(f, l->bit_esp))
			link->offload |= IPSECAPI_OFFLOAD_ESP;
		if (active(f, l->bit_csum))
			link->offload |= IPSECAPI_OFFLOAD_ESP_TX_CSUM;
		if (active(f, l->bit_gso))
			link->offload |= IPSECAPI_OFFLOAD_GSO_ESP;
	}
	free(f);
}

void features_read(struct links *l, struct link *link)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (!link->name[0])
		return;
	if (!request(l, link->name, &info)) {
		memcpy(link->driver, info.driver, sizeof(link->driver));
		link->driver[sizeof(link->driver) - 1] = 0;
	}
	if (!l->features)
		learn_bits(l, link->name);
	if (l->features)
		read_features(l, link);
}
