/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSECAPID_PREFIX_H
#define IPSECAPID_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

/* Are the first @bits of both addresses the same? At most 128; more match nothing. */
bool prefix_match(const uint8_t *a, const uint8_t *b, unsigned int bits);

#endif
