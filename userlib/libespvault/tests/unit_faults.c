// SPDX-License-Identifier: GPL-2.0-or-later
/* Units that are processes: rights and sessions, processes that die or lie, clients that mean harm. */
#include "rig.h"

#include <errno.h>
#include <espvault/unit_socket.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE_RECORDS	20000

static struct espvault *open_at(const char *path, unsigned int flags)
{
	struct espvault *u = NULL;
	int err = espvault_open(path, flags, &u);

	if (err)
		fail_msg("%s: %s", path, espvault_open_strerror(path, err));
	return u;
}

static struct espvault_info info_of(struct espvault *u)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);

	assert_int_equal(espvault_get_info(u, &info), 0);
	return info;
}

static espvault_handle nonce(struct espvault *u)
{
	uint8_t value[16];
	espvault_handle h;

	assert_int_equal(espvault_nonce_gen(u, sizeof(value), value, &h), 0);
	return h;
}

/* Until u's unit has that many handles: it learns of a disconnect when it gets to it. */
static void await_handles(struct espvault *u, uint32_t n)
{
	unsigned int tries = 0;

	while (info_of(u).handles != n)
		assert_true(tries++ < 100000);
}

/* --- starting and ending --- */

static void no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_open_and_close(void **state)
{
	struct espvault *u = NULL, *v = NULL;
	char path[128];

	(void)state;
	assert_int_equal(espvault_open_backend(NULL, 0, &u), 0);
	assert_int_equal(espvault_open_backend(UNIT_PROGRAM, ESPVAULT_RDONLY, &v), 0);
	assert_true(info_of(u).device_id != info_of(v).device_id);
	assert_string_equal(info_of(u).bus_info, "process");
	assert_string_equal(info_of(u).ifname, "");
	nonce(u);
	assert_int_equal(info_of(u).handles, 1);
	assert_int_equal(info_of(v).handles, 0);
	espvault_close(v);
	espvault_close(u);
	snprintf(path, sizeof(path), "unit:%s", UNIT_PROGRAM);
	espvault_close(open_at(path, 0));
	espvault_close(open_at("unit:", ESPVAULT_RDONLY));
	no_children();
	assert_int_equal(espvault_open_backend(NULL, 2, &u), -EINVAL);
	assert_int_equal(espvault_open_backend(NULL, 0, NULL), -EINVAL);
}

static void failed_open(const char *path, int err, const char *words)
{
	struct espvault *u = NULL;

	assert_int_equal(espvault_open(path, 0, &u), err);
	assert_null(u);
	assert_non_null(strstr(espvault_open_strerror(path, err), words));
	no_children();
}

static void test_no_program(void **state)
{
	const char *script = rig_path("plain");
	char path[128];

	(void)state;
	failed_open("unit:/nonexistent/espvault-unit", -ENOENT, "is not there");
	failed_open("unit:no-such-program-in-any-path", -ENOENT, "set ESPVAULT_UNIT");
	failed_open("unit:/etc/passwd", -EACCES, "can't be run");
	failed_open("unit:/bin/true", -ENODEV, "answered like no espvault unit");
	setenv("ESPVAULT_UNIT", "/bin/false", 1);
	failed_open("unit:", -ENODEV, "ended");
	setenv("ESPVAULT_UNIT", UNIT_PROGRAM, 1);
	rig_write(script, "no program\n", 11);
	chmod(script, 0700);
	snprintf(path, sizeof(path), "unit:%s", script);
	failed_open(path, -ENOEXEC, "can't be run");
	failed_open("unix:/nonexistent", -ENOENT, "no such socket");
	failed_open("unix:", -ENOENT, "no such socket");
	failed_open("unix:/etc/passwd", -ECONNREFUSED, "no unit serves");
}

/* A helper of which the pid is known: a script that becomes it. */
static pid_t open_known(struct espvault **u)
{
	const char *script = rig_path("wrapper"), *file = rig_path("pid");
	char text[512];
	FILE *f;
	int pid;

	snprintf(text, sizeof(text), "#!/bin/sh\necho $$ >%s\nexec %s\n", file, UNIT_PROGRAM);
	rig_write(script, text, strlen(text));
	chmod(script, 0700);
	assert_int_equal(espvault_open_backend(script, 0, u), 0);
	f = fopen(file, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static void test_killed(void **state)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct espvault *u;
	pid_t pid = open_known(&u);
	uint8_t value[16];
	espvault_handle h = nonce(u);

	(void)state;
	assert_int_equal(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(espvault_nonce_gen(u, 16, value, &h), -ENODEV);
		assert_string_equal(espvault_strerror(u), "NONCE_GEN: the unit's process ended, and its keys with it");
	}
	assert_int_equal(espvault_get_info(u, &info), -ENODEV);
	assert_string_equal(espvault_strerror(u), "the unit's process ended");
	espvault_close(u);
	no_children();
}

/* One that does not go when its connection is closed is killed. */
static void test_stopped(void **state)
{
	struct espvault *u;
	pid_t pid = open_known(&u);

	(void)state;
	assert_int_equal(kill(pid, SIGSTOP), 0);
	espvault_close(u);
	no_children();
}

/* The program may reap every child of its own. */
static void test_reaped_by_others(void **state)
{
	struct espvault *u;
	pid_t pid;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(espvault_open_backend(NULL, 0, &u), 0);
	espvault_close(u);
	signal(SIGCHLD, SIG_DFL);
	pid = open_known(&u);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	espvault_close(u);
	no_children();
}

/* Each descriptor of this process but the connection stays here. */
static void test_no_descriptors(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), leak = fcntl(null, F_DUPFD, 20);
	char path[64], to[64];
	struct espvault *u;
	pid_t pid = open_known(&u);

	(void)state;
	assert_true(leak >= 20);
	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		n = readlink(path, to, sizeof(to) - 1);
		if (n < 0 && errno == EACCES)
			break;		/* not root, and it can't be looked into */
		to[n < 0 ? 0 : n] = '\0';
		assert_true(n < 0 || !strncmp(to, "socket:", 7) || !strncmp(to, "anon_inode:[signalfd]", 21));
	}
	close(leak);
	close(null);
	espvault_close(u);
}

/* --- rights and sessions --- */

static void test_readers(void **state)
{
	struct espvault *u = NULL;
	uint8_t value[16];
	espvault_handle h;

	(void)state;
	assert_int_equal(espvault_open_backend(NULL, ESPVAULT_RDONLY, &u), 0);
	assert_int_equal(espvault_nonce_gen(u, 16, value, &h), -EPERM);
	assert_string_equal(espvault_strerror(u), "NONCE_GEN: this connection may only look; open the unit for writing");
	assert_int_equal(espvault_zeroize(u, 1), -EPERM);
	assert_int_equal(info_of(u).sessions, 0);
	espvault_close(u);
}

/* UNIT-5, UNIT-7: what one client made is nothing to another. */
static void test_handles_of_others(void **state)
{
	struct espvault_child_params child = ESPVAULT_INIT(struct espvault_child_params);
	struct espvault_handle_info info = ESPVAULT_INIT(struct espvault_handle_info);
	char path[128];
	pid_t pid = rig_listen("others", NULL, path);
	struct end i, r;
	struct espvault *thief = open_at(path, 0);
	uint8_t iv[8], icv[16], text[4] = { 0 };
	espvault_handle own = nonce(thief), h;

	(void)state;
	ends_open(&i, &r, path, path);
	ends_agree(&i, &r, ESPVAULT_X25519);
	ends_derive(&i, &r, ESPVAULT_X25519, ESPVAULT_PRF_SHA256);
	assert_int_equal(espvault_auth_assert(i.u, i.ike, 2, "r", 1, 0), 0);
	assert_int_equal(espvault_handle_query(thief, i.ike, &info), -EBADF);
	assert_int_equal(espvault_ike_seal(thief, i.ike, "a", 1, text, 4, iv, text, icv), -EBADF);
	assert_int_equal(espvault_auth_assert(thief, r.ike, 2, "x", 1, 0), -EBADF);
	assert_int_equal(espvault_ke_finish(thief, i.ike, iv, 8, &h), -EBADF);
	child.ike = i.ike;
	child.role = ESPVAULT_INITIATOR;
	child.flags = ESPVAULT_FIRST;
	i.child.size = sizeof(i.child);
	assert_int_equal(espvault_child_derive(thief, &child, &i.child), -EBADF);
	assert_int_equal(espvault_destroy(thief, i.ike), 0);	/* as if it were gone */
	assert_int_equal(espvault_handle_query(i.u, i.ike, &info), 0);
	assert_int_equal(espvault_zeroize(thief, 0), 0);
	assert_int_equal(espvault_handle_query(thief, own, &info), -EBADF);
	assert_int_equal(espvault_handle_query(i.u, i.ike, &info), 0);
	assert_int_equal(end_child(&i, ESPVAULT_FIRST), 0);
	ends_close(&i, &r);
	await_handles(thief, 0);
	espvault_close(thief);
	assert_int_equal(rig_stop(pid), 0);
}

/* UNIT-8: handles go with the connection, tokens too unless they are detached. */
static void test_disconnect_zeroises(void **state)
{
	char path[128];
	pid_t pid = rig_listen("zeroise", NULL, path);
	struct espvault *look = open_at(path, ESPVAULT_RDONLY);
	struct end i, r;

	(void)state;
	for (unsigned int detach = 0; detach <= ESPVAULT_DETACH; detach += ESPVAULT_DETACH) {
		ends_open(&i, &r, path, path);
		ends_agree(&i, &r, ESPVAULT_X25519);
		ends_derive(&i, &r, ESPVAULT_X25519, ESPVAULT_PRF_SHA256);
		assert_int_equal(espvault_auth_assert(i.u, i.ike, 2, "r", 1, 0), 0);
		assert_int_equal(end_child(&i, ESPVAULT_FIRST | detach), 0);
		assert_int_equal(info_of(look).sessions, 2);
		assert_int_equal(info_of(look).handles, 2);
		assert_int_equal(info_of(look).keys_pending, 2);
		ends_close(&i, &r);
		await_handles(look, 0);
		assert_int_equal(info_of(look).sessions, 0);
		assert_int_equal(info_of(look).keys_pending, detach ? 2 : 0);
	}
	espvault_close(look);
	assert_int_equal(rig_stop(pid), 0);
}

/* UNIT-40: a new epoch ends every session; who goes on gets a new one, without handles. */
static void test_epochs(void **state)
{
	struct espvault_handle_info info = ESPVAULT_INIT(struct espvault_handle_info);
	char path[128];
	pid_t pid = rig_listen("epochs", NULL, path);
	struct espvault *a = open_at(path, 0), *b = open_at(path, 0);
	espvault_handle h = nonce(a);
	uint64_t epoch = info_of(a).epoch;

	(void)state;
	nonce(b);
	assert_int_equal(espvault_zeroize(b, 1), 0);
	assert_true(info_of(a).epoch != epoch);
	assert_int_equal(espvault_handle_query(a, h, &info), -EBADF);
	h = nonce(b);
	nonce(a);
	assert_int_equal(info_of(a).handles, 2);
	espvault_close(a);
	await_handles(b, 1);
	assert_int_equal(espvault_handle_query(b, h, &info), 0);
	espvault_close(b);
	assert_int_equal(rig_stop(pid), 0);
}

/* The unit's clock runs by itself: a token dies in time. */
static void test_install_ms(void **state)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);
	struct end i, r;
	unsigned int tries = 0;

	(void)state;
	ends_open(&i, &r, NULL, NULL);
	ends_agree(&i, &r, ESPVAULT_X25519);
	ends_derive(&i, &r, ESPVAULT_X25519, ESPVAULT_PRF_SHA256);
	assert_int_equal(espvault_auth_assert(i.u, i.ike, 2, "r", 1, 0), 0);
	p.ike = i.ike;
	p.role = ESPVAULT_INITIATOR;
	p.flags = ESPVAULT_FIRST;
	p.install_ms = 1;
	i.child.size = sizeof(i.child);
	assert_int_equal(espvault_child_derive(i.u, &p, &i.child), 0);
	while (info_of(i.u).keys_pending)
		assert_true(tries++ < 100000);
	ends_close(&i, &r);
}

static void test_too_many(void **state)
{
	struct espvault *u[64], *one_more = NULL;
	char path[128];
	pid_t pid = rig_listen("many", NULL, path);
	unsigned int tries = 0;
	int err;

	(void)state;
	for (int i = 0; i < 64; i++)
		u[i] = open_at(path, 0);
	for (int i = 0; i < 64; i++)
		nonce(u[i]);
	assert_int_equal(espvault_open(path, 0, &one_more), -EUSERS);
	assert_non_null(strstr(espvault_open_strerror(path, -EUSERS), "as many clients"));
	assert_int_equal(info_of(u[5]).sessions, 64);
	espvault_close(u[7]);
	do {
		err = espvault_open(path, 0, &one_more);
		assert_true(!err || (err == -EUSERS && tries++ < 100000));
	} while (err);
	u[7] = one_more;
	nonce(u[7]);
	for (int i = 0; i < 64; i++)
		espvault_close(u[i]);
	assert_int_equal(rig_stop(pid), 0);
}

/* --- processes that lie to the library --- */

enum lie {
	LIE_VERSION, LIE_UAPI, LIE_MAGIC, LIE_SHORT, LIE_LONG, LIE_KIND, LIE_SEQ, LIE_ERR, LIE_INFO_SHORT,
	LIES_AT_OPEN,
	LIE_OUT_LEN = LIES_AT_OPEN, LIE_MORE_DATA, LIE_NO_CMD, LIE_STATUS, LIE_GONE, LIES,
};

static const struct {
	int err;
	const char *words;
} lies[] = {
	[LIE_VERSION] = { -EPROTONOSUPPORT, "speaks another version" },
	[LIE_UAPI] = { -EPROTONOSUPPORT, "speaks another version" },
	[LIE_MAGIC] = { -EPROTO, "no espvault unit" }, [LIE_SHORT] = { -EPROTO, "no espvault unit" },
	[LIE_LONG] = { -EPROTO, "no espvault unit" }, [LIE_KIND] = { -EPROTO, "no espvault unit" },
	[LIE_SEQ] = { -EPROTO, "no espvault unit" }, [LIE_ERR] = { -EPROTO, "no espvault unit" },
	[LIE_INFO_SHORT] = { -EPROTO, "no espvault unit" },
	[LIE_OUT_LEN] = { -EPROTO, "makes no sense" }, [LIE_MORE_DATA] = { -EPROTO, "makes no sense" },
	[LIE_NO_CMD] = { -EPROTO, "makes no sense" }, [LIE_STATUS] = { -EPROTO, "does not know" },
	[LIE_GONE] = { -ENODEV, "the unit's process ended" },
};

/* What an honest unit that makes nonces answers, but for the lie. Its length. */
static size_t lying_answer(enum lie lie, struct unit_socket_cmd *a)
{
	struct unit_socket_info *info = (void *)a;
	struct unit_socket_head *h = &a->head;
	size_t len = sizeof(*h);

	if (h->kind == UNIT_SOCKET_INFO) {
		info->info = (struct esv_uapi_info){ .size = sizeof(info->info),
						     .uapi_version = lie == LIE_UAPI ? 99 : ESV_UAPI_VERSION };
		return lie == LIE_INFO_SHORT ? sizeof(*info) - 1 : sizeof(*info);
	}
	if (h->kind == UNIT_SOCKET_CMD) {
		a->cmd.status = lie == LIE_STATUS ? 4711 : 0;
		a->cmd.out_len = lie == LIE_OUT_LEN ? ESV_ADMIN_BUF : 272;	/* more than was asked for */
		return lie == LIE_NO_CMD ? len : offsetof(struct unit_socket_cmd, data) + a->cmd.out_len +
		       (lie == LIE_MORE_DATA);
	}
	h->version = lie == LIE_VERSION ? 2 : h->version;
	h->magic ^= lie == LIE_MAGIC;
	h->kind = lie == LIE_KIND ? UNIT_SOCKET_CMD : h->kind;
	h->seq += lie == LIE_SEQ;
	h->err = lie == LIE_ERR ? 5 : 0;
	return lie == LIE_SHORT ? len - 1 : lie == LIE_LONG ? len + 1 : len;
}

static void lie_to(int fd, enum lie lie)
{
	static struct unit_socket_cmd a;

	while (recv(fd, &a, sizeof(a), 0) > 0) {
		if (a.head.kind == UNIT_SOCKET_CMD && lie == LIE_GONE)
			return;
		if (send(fd, &a, lying_answer(lie, &a), MSG_NOSIGNAL) < 0)
			return;
	}
}

static pid_t liar(enum lie lie, char path[128])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid;

	strcpy(a.sun_path, rig_path("liar"));
	unlink(a.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(path, 128, "unix:%s", a.sun_path);
	pid = fork();
	if (!pid) {
		lie_to(accept(fd, NULL, NULL), lie);
		_exit(0);
	}
	close(fd);
	return pid;
}

static void test_liars(void **state)
{
	struct espvault *u = NULL;
	uint8_t value[256];
	espvault_handle h;
	char path[128];

	(void)state;
	for (enum lie lie = 0; lie < LIES; lie++) {
		pid_t pid = liar(lie, path);
		int err = espvault_open(path, 0, &u);

		if (lie >= LIES_AT_OPEN) {
			assert_int_equal(err, 0);
			err = espvault_nonce_gen(u, 256, value, &h);
		}
		if (err != lies[lie].err || !strstr(u ? espvault_strerror(u) : espvault_open_strerror(path, err), lies[lie].words))
			fail_msg("lie %u: %d, %s", lie, err, u ? espvault_strerror(u) : espvault_open_strerror(path, err));
		espvault_close(u);
		u = NULL;
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

/* --- clients that mean harm --- */

static uint64_t rnd_state = 0x9e3779b97f4a7c15ull;

static uint32_t rnd(uint32_t n)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return (uint32_t)(rnd_state * 0x2545f4914f6cdd1dull >> 33) % n;
}

static int connect_raw(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path + strlen("unix:"));
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* A record that is nearly right, or not at all. Its length. */
static size_t hostile(uint8_t buf[8192])
{
	struct unit_socket_cmd *c = (void *)buf;
	size_t len = offsetof(struct unit_socket_cmd, data);

	for (size_t i = 0; i < 8192; i++)
		buf[i] = rnd(4) ? 0 : (uint8_t)rnd(256);
	c->head = (struct unit_socket_head){ .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION,
					     .kind = (uint16_t)(1 + rnd(4)), .seq = rnd(9) };
	if (c->head.kind == UNIT_SOCKET_HELLO) {
		len = sizeof(struct unit_socket_hello);
		memset(buf + sizeof(c->head), 0, 8);
	} else if (c->head.kind == UNIT_SOCKET_INFO) {
		len = sizeof(c->head);
	} else {
		c->cmd = (struct esv_uapi_cmd){ .size = sizeof(c->cmd), .opcode = (uint16_t)rnd(0x80),
						.object = rnd(3), .in_len = (uint16_t)rnd(rnd(4) ? ESV_ADMIN_BUF + 1 : 0x10000),
						.out_cap = (uint16_t)rnd(rnd(4) ? ESV_ADMIN_BUF + 1 : 0x10000) };
		c->cmd.inl[0] = (uint8_t)rnd(5);
		len += c->cmd.in_len;
	}
	if (!rnd(3))
		buf[rnd(rnd(2) ? 16 : 104)] ^= (uint8_t)(1 + rnd(255));
	return rnd(5) && len <= 8192 ? len : 1 + rnd(8191);
}

static void test_hostile_records(void **state)
{
	static _Alignas(8) uint8_t buf[8192];
	char path[128];
	pid_t pid = rig_listen("hostile", NULL, path);
	struct espvault *good = open_at(path, 0);
	unsigned int closed = 0, answered = 0;
	int fd = connect_raw(path);

	(void)state;
	for (unsigned int n = 0; n < HOSTILE_RECORDS; n++) {
		ssize_t got = send(fd, buf, hostile(buf), MSG_NOSIGNAL) < 0 ? 0 : recv(fd, buf, sizeof(buf), 0);

		answered += got > 0;
		if (got <= 0) {
			closed++;
			close(fd);
			fd = connect_raw(path);
		}
		if (n % 1000 == 0)
			nonce(good);
	}
	close(fd);
	print_message("# %u records: %u answers, %u connections closed\n", HOSTILE_RECORDS, answered, closed);
	assert_true(answered > HOSTILE_RECORDS / 2 && closed > HOSTILE_RECORDS / 100);
	nonce(good);
	espvault_close(good);
	assert_int_equal(rig_stop(pid), 0);
}

/* The error of one record, which the head of its answer says. */
static int said(int fd, const void *record, size_t len)
{
	struct unit_socket_info a;

	assert_int_equal(send(fd, record, len, MSG_NOSIGNAL), len);
	assert_true(recv(fd, &a, sizeof(a), 0) >= (ssize_t)sizeof(a.head));
	return a.head.err;
}

/* UAPI-3, UAPI-4: each length and each field that must be zero. */
static void test_wrong_records(void **state)
{
	static struct unit_socket_cmd c;
	const size_t plain = offsetof(struct unit_socket_cmd, data);
	struct unit_socket_hello h = { .flags = 2 };
	char path[128];
	pid_t pid = rig_listen("wrong", NULL, path);
	int fd = connect_raw(path);

	(void)state;
	c.head = (struct unit_socket_head){ .magic = UNIT_SOCKET_MAGIC, .version = 2, .kind = UNIT_SOCKET_CMD };
	assert_int_equal(said(fd, &c, plain), -EPROTONOSUPPORT);
	c.head.version = UNIT_SOCKET_VERSION;
	assert_int_equal(said(fd, &c, plain), -EPROTO);		/* no HELLO yet */
	h.head = c.head;
	h.head.kind = UNIT_SOCKET_HELLO;
	assert_int_equal(said(fd, &h, sizeof(h)), -E2BIG);
	h.flags = 0;
	assert_int_equal(said(fd, &h, sizeof(h) - 1), -EMSGSIZE);
	assert_int_equal(said(fd, &h, sizeof(h)), 0);
	assert_int_equal(said(fd, &h, sizeof(h)), -EALREADY);
	c.cmd = (struct esv_uapi_cmd){ .size = sizeof(c.cmd), .opcode = ESV_OP_NOP };
	assert_int_equal(said(fd, &c, plain), 0);
	assert_int_equal(said(fd, &c, plain - 1), -EMSGSIZE);
	assert_int_equal(said(fd, &c, plain + 1), -EMSGSIZE);
	assert_int_equal(said(fd, &c, sizeof(c)), -EMSGSIZE);
	c.cmd.out_cap = ESV_ADMIN_BUF + 1;
	assert_int_equal(said(fd, &c, plain), -EMSGSIZE);
	c.cmd.out_cap = 0;
	c.cmd.in = 4096;
	assert_int_equal(said(fd, &c, plain), -E2BIG);
	c.cmd.in = 0;
	c.cmd.size--;
	assert_int_equal(said(fd, &c, plain), -EMSGSIZE);
	c.cmd.size += 2;
	assert_int_equal(said(fd, &c, plain), -E2BIG);
	c.cmd.size--;
	c.cmd.opcode = ESV_OP_SA_ADD;		/* the driver's alone */
	assert_int_equal(said(fd, &c, plain), -EPERM);
	c.head.kind = 9;
	assert_int_equal(said(fd, &c, plain), -ENOTTY);
	close(fd);
	assert_int_equal(rig_stop(pid), 0);
}

/* Who asks and does not read is dropped, and holds nobody up. */
static void test_deaf_client(void **state)
{
	const struct { struct unit_socket_head head; uint32_t flags, rsvd; } hello = {
		.head = { .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION, .kind = UNIT_SOCKET_HELLO },
	};
	struct unit_socket_head info = hello.head;
	char path[128];
	pid_t pid = rig_listen("deaf", NULL, path);
	struct espvault *good = open_at(path, 0);
	int fd = connect_raw(path);
	unsigned int sent = 0;

	(void)state;
	info.kind = UNIT_SOCKET_INFO;
	assert_int_equal(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	while (send(fd, &info, sizeof(info), MSG_NOSIGNAL) == sizeof(info))
		assert_true(++sent < 1000000);
	assert_true(errno == EPIPE || errno == ECONNRESET);
	nonce(good);
	close(fd);
	espvault_close(good);
	assert_int_equal(rig_stop(pid), 0);
}

/* Descriptors that a client sends along are not taken. */
static void test_descriptors_sent_along(void **state)
{
	struct unit_socket_head head = { .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION, .kind = 9 };
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } control = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { &head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd, out[2], zero;
	char path[128];
	pid_t pid = rig_listen("along", NULL, path);

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	memcpy(CMSG_DATA(&control.h), &out[1], sizeof(int));
	fd = connect_raw(path);
	assert_int_equal(sendmsg(fd, &msg, 0), sizeof(head));
	assert_int_equal(recv(fd, &head, sizeof(head), 0), sizeof(head));
	/* ours was the only other one: the pipe has no writer now */
	close(out[1]);
	assert_int_equal(read(out[0], &zero, 1), 0);
	close(out[0]);
	close(fd);
	assert_int_equal(rig_stop(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_and_close), cmocka_unit_test(test_no_program), cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stopped), cmocka_unit_test(test_reaped_by_others),
		cmocka_unit_test(test_no_descriptors), cmocka_unit_test(test_readers),
		cmocka_unit_test(test_handles_of_others), cmocka_unit_test(test_disconnect_zeroises),
		cmocka_unit_test(test_epochs), cmocka_unit_test(test_install_ms), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_liars), cmocka_unit_test(test_wrong_records), cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_deaf_client),
		cmocka_unit_test(test_descriptors_sent_along),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("processes that are units", tests, rig_setup, rig_teardown) ? 1 : 0;
}
