/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures as OpenMetrics text, version 1.0.0. */
#ifndef IPSECAPID_OPENMETRICS_H
#define IPSECAPID_OPENMETRICS_H

#include "counters.h"

/* What a request is called in figures. */
const char *openmetrics_request(uint32_t type);

/* Returns a text of *@length bytes to free(), or NULL without memory. */
char *openmetrics_text(const struct counters *c, size_t *length);

#endif
