/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `ipsecapid --reload`: has a broker that runs read its policy again, and says what came of it. */
#ifndef IPSECAPID_RELOAD_CLIENT_H
#define IPSECAPID_RELOAD_CLIENT_H

/* Ask the broker that listens at @path. An exit status: 0 when the policy is in force. */
int reload_client(const char *path);

#endif
