/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPVAULT_GUEST_AGENT_H
#define ESPVAULT_GUEST_AGENT_H

/* Serves the command channel until it closes; an exit status. */
int agent_main(void);

#endif
