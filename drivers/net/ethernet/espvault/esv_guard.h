/* SPDX-License-Identifier: GPL-2.0 */
/* G0: a token never keys a software cipher on this host. */
#ifndef _ESV_GUARD_H
#define _ESV_GUARD_H

#include <linux/types.h>

int esv_guard_init(void);
void esv_guard_exit(void);

/* All names are guarded: only then may tokens be installed. */
bool esv_guard_active(void);

/* Requests refused because the key was a token, since the module was loaded. */
u64 esv_guard_refused(void);

#endif
