// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting and keeping the broker's processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "applier.h"
#include "audit.h"
#include "channel.h"
#include "front.h"
#include "ike.h"
#include "keeper.h"
#include "metrics_child.h"
#include "policy_reader.h"
#include "sandbox.h"
#include "scrubber.h"
#include "session.h"
#include "watchdog.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define RETRY_US 100000

struct keeper {
	sd_event *event;
	int listener;
	sd_event_source *listen_source;
	int front;			/* new sessions go there, "ready" comes back */
	int accepting;			/* read end of the pipe of the worker that accepts, or -1 */
	unsigned int workers;
	int reader;			/* is asked to read the policy again */
	const struct keeper_config *config;
	pid_t pid_front, pid_scrubber, pid_applier, pid_reader, pid_ike;
	struct worker_config worker;
	struct watchdog watchdog;
	struct metrics_child metrics;
};

/* The channels: of each pair the first end is of the process that is named first. */
enum channels { FRONT_SCRUBBER, FRONT_APPLIER, FRONT_READER, FRONT_IKE, KEEPER_FRONT, KEEPER_READER, CHANNELS };

struct plumbing {
	int pair[CHANNELS][2];
};

static int read_overflow_uid(uint32_t *uid)
{
	char buf[16] = "";
	int fd = open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	*uid = 65534;
	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n > 0)
		*uid = strtoul(buf, NULL, 10);
	return 0;
}

static int read_netns(uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len))
		err = -errno;
	close(fd);
	return err;
}

/* Those that clients and scrapers connect to. */
static void close_listeners(const struct keeper *k)
{
	close(k->listener);
	close(k->metrics.listener);
}

static int make_pairs(struct plumbing *p)
{
	int i;

	for (i = 0; i < CHANNELS; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->pair[i]))
			return -errno;
	return 0;
}

/* Close all ends but those in @kept, of which the last is -1. */
static void keep_ends(const struct plumbing *p, const int *kept)
{
	const int *k;
	int i;

	for (i = 0; i < 2 * CHANNELS; i++) {
		for (k = kept; *k >= 0 && *k != p->pair[i / 2][i % 2]; k++)
			;
		if (*k < 0)
			close(p->pair[i / 2][i % 2]);
	}
}

/* Fork. The child has the ends in @kept, and of all else only what is its business. */
static pid_t fork_with(const struct keeper *k, const struct plumbing *p, const int *kept, bool records)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	close_listeners(k);
	if (!records && k->config->records >= 0)
		close(k->config->records);
	keep_ends(p, kept);
	return 0;
}

static pid_t start_scrubber(const struct keeper *k, const struct plumbing *p)
{
	int end = p->pair[FRONT_SCRUBBER][1];
	pid_t pid = fork_with(k, p, (int[]){ end, -1 }, false);

	if (!pid)
		_exit(scrubber_main(end, k->worker.netns_cookie));
	return pid;
}

static pid_t start_applier(const struct keeper *k, const struct plumbing *p)
{
	int end = p->pair[FRONT_APPLIER][1];
	pid_t pid = fork_with(k, p, (int[]){ end, -1 }, true);

	if (!pid)
		_exit(applier_main(end, k->config->records, k->config->pmtu_floor, &k->config->marks));
	return pid;
}

static pid_t start_reader(const struct keeper *k, const struct plumbing *p)
{
	int keeper = p->pair[KEEPER_READER][1], front = p->pair[FRONT_READER][1];
	pid_t pid = fork_with(k, p, (int[]){ keeper, front, -1 }, false);

	if (!pid)
		_exit(reader_main(keeper, front, k->config->source));
	return pid;
}

static pid_t start_ike(const struct keeper *k, const struct plumbing *p)
{
	int end = p->pair[FRONT_IKE][1];
	pid_t pid = fork_with(k, p, (int[]){ end, -1 }, false);

	if (!pid)
		_exit(ike_main(end, k->config->ike));
	return pid;
}

static pid_t start_front(const struct keeper *k, const struct plumbing *p)
{
	const struct front_ends e = {
		.keeper = p->pair[KEEPER_FRONT][1], .scrubber = p->pair[FRONT_SCRUBBER][0],
		.applier = p->pair[FRONT_APPLIER][0], .reader = p->pair[FRONT_READER][0],
		.ike = p->pair[FRONT_IKE][0],
	};
	pid_t pid = fork_with(k, p, (int[]){ e.keeper, e.scrubber, e.applier, e.reader, e.ike, -1 }, false);

	if (!pid)
		_exit(front_main(&e, k->config->policy, &k->config->marks));
	return pid;
}

static int start_processes(struct keeper *k)
{
	struct plumbing p;
	int err = make_pairs(&p);

	if (err)
		return err;
	k->pid_scrubber = start_scrubber(k, &p);
	k->pid_applier = start_applier(k, &p);
	k->pid_reader = start_reader(k, &p);
	k->pid_ike = start_ike(k, &p);
	k->pid_front = start_front(k, &p);
	k->front = p.pair[KEEPER_FRONT][0];
	k->reader = p.pair[KEEPER_READER][0];
	keep_ends(&p, (int[]){ k->front, k->reader, -1 });
	if (k->config->records >= 0)	/* its lock ends with the applier */
		close(k->config->records);
	return k->pid_scrubber < 0 || k->pid_applier < 0 || k->pid_reader < 0 || k->pid_ike < 0 ||
	       k->pid_front < 0 ? -EAGAIN : 0;
}

static void run_worker(struct keeper *k, int channel, int accepted)
{
	struct worker_config c = k->worker;
	sigset_t none;

	/* the alarm of a worker must end it */
	sigemptyset(&none);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(k->front);
	close(k->reader);
	close(k->metrics.listener);
	audit_close();
	c.listener = k->listener;
	c.channel = channel;
	c.accepted = accepted;
	_exit(worker_main(&c));
}

static int on_accepted(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct keeper *k = arg;

	(void)revents;
	(void)fd;
	sd_event_source_disable_unref(source);
	close(k->accepting);
	k->accepting = -1;
	if (k->workers < MAX_WORKERS)
		sd_event_source_set_enabled(k->listen_source, SD_EVENT_ON);
	return 0;
}

/*
 * The worker accepts by itself: the keeper never holds a connection, because closing one that
 * has a stranger's descriptor in its queue can block.
 */
static int spawn_worker(struct keeper *k)
{
	int pair[2], accepted[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (pipe2(accepted, O_CLOEXEC)) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	pid = fork();
	if (!pid) {
		close(pair[0]);
		close(accepted[0]);
		run_worker(k, pair[1], accepted[1]);
	}
	close(pair[1]);
	close(accepted[1]);
	if (pid > 0 && !chan_send(k->front, "", 1, pair[0], 0)) {
		k->workers++;
		k->accepting = accepted[0];
	} else {
		close(accepted[0]);
	}
	close(pair[0]);
	return pid < 0 ? -EAGAIN : 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *arg)
{
	struct keeper *k = arg;

	(void)usec;
	sd_event_source_disable_unref(source);
	return sd_event_source_set_enabled(k->listen_source, SD_EVENT_ON);
}

static int on_listener(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct keeper *k = arg;

	(void)fd;
	(void)revents;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (spawn_worker(k) || k->accepting < 0)	/* out of processes: later */
		return sd_event_add_time_relative(k->event, &(sd_event_source *){ NULL },
						  CLOCK_MONOTONIC, RETRY_US, 0, on_retry, k);
	return sd_event_add_io(k->event, &(sd_event_source *){ NULL }, k->accepting, EPOLLIN,
			       on_accepted, k);
}

/* What the front says of a policy, in words for the administrator. */
static const char *const told[] = {
	[FRONT_READY] = "READY=1\nSTATUS=The kernel's tables are read.",
	[FRONT_TOOK] = "STATUS=The policy was read again.",
	[FRONT_REFUSED] = "STATUS=The new policy is refused; the one before stays in force.",
	[FRONT_NOT_HELD] = "STATUS=The kernel does not hold the rules of the new policy; the one before stays in force.",
};

static int on_front(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct keeper *k = arg;
	unsigned char says;

	(void)source;
	(void)revents;
	if (chan_recv(fd, &says, 1, NULL, MSG_DONTWAIT) != 1) {
		audit(AUDIT_PROCESS_LOST, NULL, "the front ended; so does the broker");
		return sd_event_exit(k->event, 1);
	}
	if (says == FRONT_WORKS)
		watchdog_answered(&k->watchdog);
	else if (says < sizeof(told) / sizeof(told[0]) && told[says])
		sd_notify(0, told[says]);
	return 0;
}

/* A reading that has yet to begin will see what changed as well: one that waits is enough. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	(void)source;
	(void)si;
	chan_send(((struct keeper *)arg)->reader, "", 1, -1, MSG_DONTWAIT);
	return 0;
}

static const char *needed(const struct keeper *k, pid_t pid)
{
	if (pid == k->pid_front)
		return "front";
	if (pid == k->pid_scrubber)
		return "scrubber";
	if (pid == k->pid_reader)
		return "policy reader";
	if (pid == k->pid_ike)
		return "process before the IKE daemon";
	return pid == k->pid_applier ? "applier" : NULL;
}

static int on_child(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct keeper *k = arg;
	int status;
	pid_t pid;

	(void)source;
	(void)si;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		const char *name = needed(k, pid);

		if (metrics_child_ended(&k->metrics, pid))
			continue;
		if (!name) {
			k->workers--;
			continue;
		}
		audit(AUDIT_PROCESS_LOST, NULL, "the %s ended; so does the broker", name);
		return sd_event_exit(k->event, 1);
	}
	if (k->accepting < 0 && k->workers < MAX_WORKERS)
		sd_event_source_set_enabled(k->listen_source, SD_EVENT_ON);
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	(void)source;
	(void)si;
	sd_notify(0, "STOPPING=1");
	return sd_event_exit(((struct keeper *)arg)->event, 0);
}

static int add_sources(struct keeper *k)
{
	int err = sd_event_new(&k->event);

	if (err >= 0)
		err = sd_event_add_signal(k->event, NULL, SIGCHLD, on_child, k);
	if (err >= 0)
		err = sd_event_add_signal(k->event, NULL, SIGTERM, on_terminate, k);
	if (err >= 0)
		err = sd_event_add_signal(k->event, NULL, SIGINT, on_terminate, k);
	if (err >= 0)
		err = sd_event_add_signal(k->event, NULL, SIGHUP, on_reload, k);
	if (err >= 0)
		err = sd_event_add_io(k->event, NULL, k->front, EPOLLIN, on_front, k);
	if (err >= 0)
		err = sd_event_add_io(k->event, &k->listen_source, k->listener, EPOLLIN,
				      on_listener, k);
	if (err >= 0)
		err = watchdog_start(&k->watchdog, k->event, k->front);
	return err;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void start_metrics(struct keeper *k)
{
	k->metrics.event = k->event;
	k->metrics.front = k->front;
	k->metrics.others[0] = k->listener;
	k->metrics.others[1] = k->reader;
	k->metrics.others[2] = sd_event_get_fd(k->event);
	metrics_child_start(&k->metrics);
}

int keeper_main(const struct keeper_config *config)
{
	static struct keeper k;
	int err;

	k.listener = config->listener;
	k.accepting = -1;
	k.config = config;
	k.metrics.listener = config->metrics;
	audit_open();
	sandbox_identity(config->uid, config->gid);
	read_overflow_uid(&k.worker.overflow_uid);
	err = read_netns(&k.worker.netns_cookie);
	if (err) {
		fprintf(stderr, "ipsecapid: the kernel does not tell its network namespace: %s\n",
			strerror(-err));
		return 1;
	}
	/* who hangs up a terminal has the policy read again, and ends none of the processes */
	signal(SIGHUP, SIG_IGN);
	err = start_processes(&k);
	block_signals();
	if (err >= 0)
		err = add_sources(&k);
	if (err >= 0)
		err = sandbox_enter(SANDBOX_KEEPER);
	if (err < 0) {
		fprintf(stderr, "ipsecapid: %s\n", strerror(-err));
		return 1;
	}
	audit(AUDIT_STARTED, NULL, "started: version %d.%d, %u classes, %u rules", IPSECAPI_VERSION_MAJOR,
	      IPSECAPI_VERSION_MINOR, config->policy->n_classes, config->policy->n_rules);
	start_metrics(&k);
	err = sd_event_loop(k.event);
	audit(AUDIT_STOPPED, NULL, err ? "stopped: a process that is needed ended" : "stopped as asked");
	/* the others end when their channels close */
	return err < 0 ? 1 : err;
}
