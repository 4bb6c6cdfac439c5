/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: each is a session of its own with a time limit of its own. */
#ifndef ESPVAULT_GUEST_JOB_H
#define ESPVAULT_GUEST_JOB_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "port.h"
#include "wire.h"

struct job {
	struct job *next;
	uint32_t id;
	pid_t pid;
	int in, out[2];		/* -1 once closed */
	uint8_t *stdin_data;
	size_t stdin_pos, stdin_len;
	bool keep_stdin;
	int64_t deadline_ms;
	bool timed_out;
};

#define JOB_FDS 3

/* Starts what the body of a RUN says; an error has been sent if it fails. */
void job_start(struct port *port, uint32_t id, struct wire_in *in);

void job_signal(struct port *port, uint32_t id, struct wire_in *in);
void job_stdin(struct port *port, uint32_t id, struct wire_in *in);

/* Descriptors to poll of all jobs; fds has room for job_count() * JOB_FDS. */
size_t job_count(void);
size_t job_poll_fds(struct pollfd *fds, bool want_output);

/* Moves data of jobs with ready descriptors. */
void job_transfer(struct port *port, bool want_output);

/* Reports jobs that have ended and kills those whose time is over. */
void job_reap(struct port *port);

/* Milliseconds until the next deadline, -1 for none. */
int job_timeout(void);

#endif
