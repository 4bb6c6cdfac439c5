// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

#define MAX_ARGS 1024

static struct job *jobs;

struct command {
	uint32_t timeout_ms;
	uint32_t uid;
	char *netns;
	char **argv;
	bool keep_stdin;
	const uint8_t *stdin_data;
	size_t stdin_len;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void free_command(struct command *cmd)
{
	size_t i;

	for (i = 0; cmd->argv && cmd->argv[i]; i++)
		free(cmd->argv[i]);
	free(cmd->argv);
	free(cmd->netns);
}

static int parse_command(struct wire_in *in, struct command *cmd)
{
	uint32_t argc, i;

	memset(cmd, 0, sizeof(*cmd));
	cmd->timeout_ms = wire_u32(in);
	cmd->uid = wire_u32(in);
	cmd->netns = wire_string(in);
	cmd->stdin_data = wire_bytes(in, &cmd->stdin_len);
	cmd->keep_stdin = wire_u8(in);
	argc = wire_u32(in);
	if (in->bad || !argc || argc > MAX_ARGS || !cmd->timeout_ms)
		return -EINVAL;
	cmd->argv = calloc(argc + 1, sizeof(char *));
	if (!cmd->argv)
		return -ENOMEM;
	for (i = 0; i < argc; i++) {
		cmd->argv[i] = wire_string(in);
		if (!cmd->argv[i])
			return -EINVAL;
	}
	return 0;
}

static void child_fail(const char *what)
{
	dprintf(2, "agent: %s: %s\n", what, strerror(errno));
	_exit(127);
}

static void enter_netns(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		child_fail(path);
}

static void drop_to(uint32_t uid)
{
	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		child_fail("dropping privileges");
}

static void child_exec(const struct command *cmd, int in, int out, int err)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "LC_ALL=C.UTF-8", "TERM=dumb", NULL
	};
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (cmd->netns[0])
		enter_netns(cmd->netns);
	if (cmd->uid)
		drop_to(cmd->uid);
	environ = (char **)env;
	execvp(cmd->argv[0], cmd->argv);
	child_fail(cmd->argv[0]);
}

static void close_pair(int p[2])
{
	if (p[0] >= 0)
		close(p[0]);
	if (p[1] >= 0)
		close(p[1]);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void free_job(struct job *job)
{
	close_fd(&job->in);
	close_fd(&job->out[0]);
	close_fd(&job->out[1]);
	free(job->stdin_data);
	free(job);
}

static int append_stdin(struct job *job, const uint8_t *data, size_t len)
{
	uint8_t *p;

	if (!len)
		return 0;
	p = realloc(job->stdin_data, job->stdin_len + len);
	if (!p)
		return -ENOMEM;
	memcpy(p + job->stdin_len, data, len);
	job->stdin_data = p;
	job->stdin_len += len;
	return 0;
}

static int spawn(struct job *job, const struct command *cmd)
{
	int p[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int i;

	for (i = 0; i < 3; i++)
		if (pipe2(p[i], O_CLOEXEC) < 0)
			goto fail;
	job->pid = fork();
	if (job->pid < 0)
		goto fail;
	if (!job->pid)
		child_exec(cmd, p[0][0], p[1][1], p[2][1]);
	close(p[0][0]);
	close(p[1][1]);
	close(p[2][1]);
	job->in = p[0][1];
	job->out[0] = p[1][0];
	job->out[1] = p[2][0];
	fcntl(job->in, F_SETFL, O_NONBLOCK);
	fcntl(job->out[0], F_SETFL, O_NONBLOCK);
	fcntl(job->out[1], F_SETFL, O_NONBLOCK);
	return 0;
fail:
	for (i = 0; i < 3; i++)
		close_pair(p[i]);
	return -errno;
}

static struct job *new_job(uint32_t id, const struct command *cmd)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->id = id;
	job->in = -1;
	job->out[0] = -1;
	job->out[1] = -1;
	job->keep_stdin = cmd->keep_stdin;
	job->deadline_ms = now_ms() + cmd->timeout_ms;
	if (append_stdin(job, cmd->stdin_data, cmd->stdin_len)) {
		free(job);
		return NULL;
	}
	return job;
}

void job_start(struct port *port, uint32_t id, struct wire_in *in)
{
	struct command cmd;
	struct job *job = NULL;
	int err;

	err = parse_command(in, &cmd);
	if (!err) {
		job = new_job(id, &cmd);
		err = job ? spawn(job, &cmd) : -ENOMEM;
	}
	free_command(&cmd);
	if (err) {
		if (job)
			free_job(job);
		port_send_error(port, id, strerror(-err));
		return;
	}
	job->next = jobs;
	jobs = job;
}

static struct job *find_job(struct port *port, uint32_t id)
{
	struct job *job;

	for (job = jobs; job; job = job->next)
		if (job->id == id)
			return job;
	port_send_error(port, id, "no such command is running");
	return NULL;
}

void job_signal(struct port *port, uint32_t id, struct wire_in *in)
{
	struct job *job = find_job(port, id);
	uint32_t sig = wire_u32(in);

	if (job && !in->bad)
		kill(-job->pid, sig);
}

void job_stdin(struct port *port, uint32_t id, struct wire_in *in)
{
	struct job *job = find_job(port, id);
	const uint8_t *data;
	size_t len;

	if (!job)
		return;
	data = wire_bytes(in, &len);
	if (in->bad)
		return;
	if (!len)
		job->keep_stdin = false;
	else if (append_stdin(job, data, len))
		port_send_error(port, id, "no memory");
}

size_t job_count(void)
{
	struct job *job;
	size_t n = 0;

	for (job = jobs; job; job = job->next)
		n++;
	return n;
}

static bool stdin_pending(const struct job *job)
{
	return job->in >= 0 &&
	       (job->stdin_pos < job->stdin_len || !job->keep_stdin);
}

size_t job_poll_fds(struct pollfd *fds, bool want_output)
{
	struct job *job;
	size_t n = 0;
	int i;

	for (job = jobs; job; job = job->next) {
		if (stdin_pending(job))
			fds[n++] = (struct pollfd){ job->in, POLLOUT, 0 };
		for (i = 0; want_output && i < 2; i++)
			if (job->out[i] >= 0)
				fds[n++] = (struct pollfd){ job->out[i],
							    POLLIN, 0 };
	}
	return n;
}

static void write_stdin(struct job *job)
{
	ssize_t n;

	while (job->in >= 0 && job->stdin_pos < job->stdin_len) {
		n = write(job->in, job->stdin_data + job->stdin_pos,
			  job->stdin_len - job->stdin_pos);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			close_fd(&job->in);
		else
			job->stdin_pos += n;
	}
	if (!job->keep_stdin)
		close_fd(&job->in);
}

static void read_output(struct port *port, struct job *job, int i)
{
	static uint8_t buf[65536];
	uint8_t stream = i + 1;
	ssize_t n;

	while (job->out[i] >= 0) {
		n = read(job->out[i], buf, sizeof(buf));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			close_fd(&job->out[i]);
		else
			port_send(port, job->id, WIRE_OUTPUT, &stream, 1, buf, n);
	}
}

void job_transfer(struct port *port, bool want_output)
{
	struct job *job;
	int i;

	for (job = jobs; job; job = job->next) {
		if (stdin_pending(job))
			write_stdin(job);
		for (i = 0; want_output && i < 2; i++)
			read_output(port, job, i);
	}
}

static void report_exit(struct port *port, struct job *job, int status)
{
	int32_t code = WIFEXITED(status) ? WEXITSTATUS(status) :
					   -WTERMSIG(status);
	uint8_t body[5] = { code, code >> 8, code >> 16, code >> 24,
			    job->timed_out };

	/* A background process may hold the pipes open; take what is there. */
	read_output(port, job, 0);
	read_output(port, job, 1);
	port_send(port, job->id, WIRE_EXIT, body, sizeof(body), NULL, 0);
}

static void check_deadline(struct job *job)
{
	if (job->timed_out || now_ms() < job->deadline_ms)
		return;
	job->timed_out = true;
	kill(-job->pid, SIGKILL);
	kill(job->pid, SIGKILL);
}

void job_reap(struct port *port)
{
	struct job **at = &jobs;
	struct job *job;
	int status;

	while ((job = *at)) {
		if (waitpid(job->pid, &status, WNOHANG) == job->pid) {
			report_exit(port, job, status);
			*at = job->next;
			free_job(job);
			continue;
		}
		check_deadline(job);
		at = &job->next;
	}
}

int job_timeout(void)
{
	int64_t left, best = -1;
	struct job *job;

	for (job = jobs; job; job = job->next) {
		if (job->timed_out)
			continue;
		left = job->deadline_ms - now_ms();
		if (left < 0)
			left = 0;
		if (best < 0 || left < best)
			best = left;
	}
	return best > 3600000 ? 3600000 : (int)best;
}
