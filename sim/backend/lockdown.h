/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps other processes out of this one, and this one out of the machine. */
#ifndef LOCKDOWN_H
#define LOCKDOWN_H

/* Before a secret is read: no core dump, no debugger, no new privileges. 0 or a negative errno. */
int lockdown_memory(void);
/* When all files are open: only memory, time, random numbers and the open sockets are left. 0 or a negative errno. */
int lockdown_calls(void);

#endif
