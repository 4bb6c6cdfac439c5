// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process before the IKE daemon (api-rules 12 and 31): what it reads of the daemon's messages,
 * which connection it chooses, and what it asks for, with daemons that do not keep to the protocol.
 * The messages are laid out as strongSwan 6.0.1 sent them; with that daemon itself, in the guest,
 * goes tests/guest/ike.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ipsecapi.h>

#include "../ipsecapid/clock.h"
#include "../ipsecapid/ike.h"
#include "../ipsecapid/ike_connection.h"
#include "unit.h"

/* --- messages ------------------------------------------------------------------------------- */

struct message {
	uint8_t buf[4096];
	size_t n;
};

static void bytes(struct message *m, const void *data, size_t n)
{
	assert_true(m->n + n <= sizeof(m->buf));
	memcpy(m->buf + m->n, data, n);
	m->n += n;
}

static void name(struct message *m, const char *text, size_t n)
{
	const uint8_t length = n;

	bytes(m, &length, 1);
	bytes(m, text, n);
}

static void value(struct message *m, const char *text, size_t n)
{
	const uint16_t length = htons(n);

	bytes(m, &length, 2);
	bytes(m, text, n);
}

static void type(struct message *m, uint8_t t)
{
	bytes(m, &t, 1);
}

/* "a {", "}", "key=value", "list=[", "item,", "]": one of them a word. */
static void word(struct message *m, const char *w, size_t n)
{
	const char *equals = memchr(w, '=', n);

	if (n == 1 && *w == '}') {
		type(m, VICI_SECTION_END);
	} else if (n == 1 && *w == ']') {
		type(m, VICI_LIST_END);
	} else if (w[n - 1] == '{') {
		type(m, VICI_SECTION);
		name(m, w, n - 1);
	} else if (w[n - 1] == ',') {
		type(m, VICI_LIST_ITEM);
		value(m, w, n - 1);
	} else if (equals && w[n - 1] == '[' && equals == w + n - 2) {
		type(m, VICI_LIST);
		name(m, w, n - 2);
	} else {
		assert_non_null(equals);
		type(m, VICI_VALUE);
		name(m, w, equals - w);
		value(m, equals + 1, w + n - equals - 1);
	}
}

static void compose(struct message *m, const char *text)
{
	size_t n;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		n = strcspn(text, " ");
		word(m, text, n);
		text += n;
	}
}

static struct vici_reader reader_of(const struct message *m)
{
	return (struct vici_reader){ .at = m->buf, .end = m->buf + m->n };
}

/* Read it all. Returns what ended the reading; *n: elements before that. */
static int drain(const void *data, size_t size, unsigned int *n)
{
	uint8_t *exact = malloc(size ? size : 1);	/* so that a byte too far is noticed */
	struct vici_reader r = { .at = exact, .end = exact + size };
	struct vici_item item;
	int more;

	assert_non_null(exact);
	memcpy(exact, data, size);
	for (*n = 0; (more = vici_read(&r, &item)) > 0; (*n)++)
		;
	free(exact);
	return more;
}

#define WEB \
	"web{ local_addrs=[ 192.0.2.1, ] remote_addrs=[ %any, 198.51.100.0/24, 192.0.2.2, peer.example, ] " \
	"version=IKEv2 local-1{ class=pre-shared groups=[ ] } children{ " \
	"http{ mode=TRANSPORT local-ts=[ dynamic[6/1024-65535], ] remote-ts=[ dynamic[6/80], dynamic[6/8000-8999], ] } " \
	"net{ mode=TUNNEL local-ts=[ dynamic, ] remote-ts=[ 10.0.0.0/8[17], ] } } }"

static void messages_are_read_whole_or_refused(void **state)
{
	struct message m = { .n = 0 };
	unsigned int n, cut;

	(void)state;
	compose(&m, WEB);
	assert_int_equal(drain(m.buf, m.n, &n), 0);
	assert_int_equal(n, 38);
	for (cut = 1; cut < m.n; cut++)	/* a section stays open, whatever is cut */
		assert_int_equal(drain(m.buf, cut, &n), -EBADMSG);
	assert_int_equal(drain(m.buf, 0, &n), 0);
}

static void what_is_no_message_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
		{ "\0", 1 }, { "\7", 1 }, { "\2", 1 }, { "\6", 1 },		/* ends of nothing, and no type */
		{ "\5\0\1x", 4 },						/* an item outside a list */
		{ "\4\1a\4\1b\6\6", 8 }, { "\4\1a\3\1b\0\0\6", 9 },		/* a list has nothing but items */
		{ "\4\1a\1\1b\2\6", 8 }, { "\1\1a\4\1b\2\6", 8 },
		{ "\3\1a\377\377x", 6 }, { "\3\377a", 3 }, { "\1\1", 2 },	/* longer than what is there */
	};
	struct message deep = { .n = 0 };
	unsigned int n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(drain(bad[i].text, bad[i].n, &n), -EBADMSG);
	for (i = 0; i <= VICI_DEPTH_MAX; i++)
		compose(&deep, "s{");
	for (i = 0; i <= VICI_DEPTH_MAX; i++)
		compose(&deep, "}");
	assert_int_equal(drain(deep.buf, deep.n, &n), -EBADMSG);
	assert_int_equal(n, VICI_DEPTH_MAX);
}

/* --- selectors ------------------------------------------------------------------------------ */

static struct ike_end end(const char *address, uint8_t protocol, uint16_t port, bool dynamic)
{
	struct ike_end e = { .family = strchr(address, ':') ? AF_INET6 : AF_INET, .protocol = protocol,
			     .port = port, .dynamic = dynamic };

	assert_int_equal(inet_pton(e.family, address, e.address), 1);
	return e;
}

static void selectors_cover_what_they_say(void **state)
{
	static const struct {
		const char *text;
		bool covers;
	} of[] = {
		{ "192.0.2.7/32", true }, { "192.0.2.8/32", false }, { "192.0.2.0/24", true }, { "0.0.0.0/0", true },
		{ "192.0.2.0/33", false }, { "192.0.2.0/", false }, { "192.0.2.0/2x", false }, { "192.0.3.0/24", false },
		{ "192.0.2.1..192.0.2.7", true }, { "192.0.2.7..192.0.2.9", true }, { "192.0.2.8..192.0.2.9", false },
		{ "192.0.2.1..", false }, { "192.0.2.1..x", false },
		{ "::/0", false }, { "2001:db8::/32", false }, { "dynamic", false }, { "", false }, { "x", false },
		{ "192.0.2.0/24[tcp]", true }, { "192.0.2.0/24[6]", true }, { "192.0.2.0/24[udp]", false },
		{ "192.0.2.0/24[17]", false }, { "192.0.2.0/24[no-such]", false }, { "192.0.2.0/24[]", false },
		{ "192.0.2.0/24[6/80]", true }, { "192.0.2.0/24[tcp/http]", true }, { "192.0.2.0/24[tcp/81]", false },
		{ "192.0.2.0/24[6/80-90]", true }, { "192.0.2.0/24[6/1-79]", false }, { "192.0.2.0/24[6/81-65535]", false },
		{ "192.0.2.0/24[6/OPAQUE]", false }, { "192.0.2.0/24[6/80-65536]", false }, { "192.0.2.0/24[256]", false },
		{ "192.0.2.0/24[6/80", false }, { "192.0.2.0/24[6/80]x", false }, { "192.0.2.0/24[6/80-]", false },
		{ "192.0.2.0/24[tcp/ftp-data]", false },	/* a name, not a range */
	};
	struct ike_end e = end("192.0.2.7", IPPROTO_TCP, 80, false), six = end("2001:db8::5", IPPROTO_UDP, 53, false);
	char longer[400];
	size_t i;

	(void)state;
	ike_selector_names();
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (ike_selector_covers(of[i].text, strlen(of[i].text), &e) != of[i].covers)
			fail_msg("%s", of[i].text);
	e.dynamic = true;
	assert_true(ike_selector_covers("dynamic[6/80]", 13, &e));
	assert_false(ike_selector_covers("dynamic[17/80]", 14, &e));
	assert_true(ike_selector_covers("2001:db8::/32[udp/domain]", 25, &six));
	assert_true(ike_selector_covers("2001:db8::1..2001:db8::ff", 25, &six));
	assert_false(ike_selector_covers("2001:db8::6..2001:db8::ff", 25, &six));
	assert_false(ike_selector_covers("0.0.0.0/0", 9, &six));
	memset(longer, '1', sizeof(longer));
	assert_false(ike_selector_covers(longer, sizeof(longer), &e));
	assert_false(ike_selector_covers("192.0.2.0/24\0x", 14, &e));
}

/* Of a socket that is not bound yet the kernel takes any port of a range that nobody here knows. */
static void an_end_that_is_not_known_is_covered_by_all(void **state)
{
	struct ike_end e = { .family = AF_INET, .protocol = IPPROTO_TCP, .dynamic = true };

	(void)state;
	assert_true(ike_selector_covers("dynamic", 7, &e));
	assert_true(ike_selector_covers("dynamic[6/1024-65535]", 21, &e));
	assert_false(ike_selector_covers("dynamic[6/1024-2048]", 20, &e));
	assert_false(ike_selector_covers("dynamic[6/80]", 13, &e));
	assert_false(ike_selector_covers("0.0.0.0/0", 9, &e));
}

/* --- connections ---------------------------------------------------------------------------- */

/* Of a tunnel to @gateway, or of transport where that is NULL. */
static const char *choose_for(const char *text, struct ike_end local, struct ike_end remote, const char *gateway)
{
	static struct ike_choice c;
	struct message m = { .n = 0 };
	struct vici_reader r;

	c = (struct ike_choice){ .local = local, .remote = remote, .tunnel = gateway,
				 .called = gateway ? end(gateway, 0, 0, false) : remote };
	compose(&m, text);
	r = reader_of(&m);
	assert_int_equal(ike_connection_look(&r, &c), 0);
	return c.child;
}

static const char *choose(const char *text, struct ike_end local, struct ike_end remote)
{
	return choose_for(text, local, remote, NULL);
}

static void the_child_for_the_traffic_is_chosen(void **state)
{
	struct ike_end own = end("192.0.2.1", IPPROTO_TCP, 40000, false), own_udp = own;
	struct ike_end peer = end("192.0.2.2", IPPROTO_TCP, 80, false);

	(void)state;
	own_udp.protocol = IPPROTO_UDP;
	assert_string_equal(choose(WEB, own, peer), "http");
	assert_string_equal(choose(WEB, own, end("192.0.2.2", IPPROTO_TCP, 8080, false)), "http");
	assert_string_equal(choose(WEB, own, end("192.0.2.2", IPPROTO_TCP, 81, false)), "");
	assert_string_equal(choose_for(WEB, own_udp, end("10.1.2.3", IPPROTO_UDP, 81, false), "192.0.2.2"), "net");
	/* another's tunnel, or none */
	assert_string_equal(choose_for(WEB, own_udp, end("10.1.2.3", IPPROTO_UDP, 81, false), "192.0.2.3"), "");
	assert_string_equal(choose(WEB, own_udp, end("10.1.2.3", IPPROTO_UDP, 81, false)), "");
	assert_string_equal(choose_for(WEB, own, peer, "192.0.2.2"), "");
	/* who calls may come from that net, but it is the first single address that is called */
	assert_string_equal(choose(WEB, own, end("198.51.100.2", IPPROTO_TCP, 80, false)), "");
	assert_string_equal(choose(WEB, end("192.0.2.9", IPPROTO_TCP, 40000, false), peer), "");
}

#define ANY(local, remote, mode) \
	"a{ local_addrs=[ " local ", ] remote_addrs=[ " remote ", ] children{ " \
	"c{ mode=" mode " local-ts=[ dynamic, ] remote-ts=[ 0.0.0.0/0, dynamic, ] } } }"

/* Whoever is called must be whom a rule lets programs call, or none is. */
static void only_the_peer_is_called(void **state)
{
	static const char *const texts[] = {
		ANY("%any", "%any", "TRANSPORT"), ANY("%any", "192.0.2.0/24", "TRANSPORT"),
		ANY("%any", "192.0.2.1-192.0.2.9", "TRANSPORT"), ANY("%any", "%any4", "TRANSPORT"),
		ANY("%any", "%any6", "TRANSPORT"), ANY("%any", "0.0.0.0", "TRANSPORT"), ANY("%any", "::", "TRANSPORT"),
		ANY("%any", "peer.example", "TRANSPORT"), ANY("%any", "192.0.2.3, 192.0.2.2", "TRANSPORT"),
		ANY("%any", "127.0.0.1", "PASS"), ANY("%any", "192.0.2.2", "PASS"), ANY("%any", "192.0.2.2", "DROP"),
		ANY("%any", "192.0.2.2", "TUNNEL"),
		/* IKE is spoken from elsewhere, so "dynamic" is another address */
		ANY("192.0.2.9", "192.0.2.2", "TRANSPORT"), ANY("192.0.2.9, 192.0.2.1", "192.0.2.2", "TRANSPORT"),
		/* elsewhere than among the children nothing is a child */
		"a{ local_addrs=[ %any, ] remote_addrs=[ 192.0.2.2, ] local-1{ "
		"c{ mode=TRANSPORT local-ts=[ dynamic, ] remote-ts=[ dynamic, ] } } }",
	};
	struct ike_end own = end("192.0.2.1", IPPROTO_TCP, 40000, false), peer = end("192.0.2.2", IPPROTO_TCP, 80, false);
	struct ike_end inner = end("10.0.0.1", IPPROTO_TCP, 40000, false);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*choose(texts[i], own, peer))
			fail_msg("%s", texts[i]);
	assert_string_equal(choose(ANY("%any", "192.0.2.2", "TRANSPORT"), own, peer), "c");
	assert_string_equal(choose(ANY("192.0.2.0/24", "%any, 192.0.2.2, 192.0.2.3", "TRANSPORT"), own, peer), "c");
	/* who is behind a tunnel speaks no IKE */
	assert_string_equal(choose_for("a{ local_addrs=[ 192.0.2.1, ] remote_addrs=[ 192.0.2.2, ] children{ "
				       "c{ mode=TUNNEL local-ts=[ 10.0.0.0/24, ] remote-ts=[ 10.1.0.0/16, ] } } }",
				       inner, end("10.1.2.3", IPPROTO_TCP, 80, false), "192.0.2.2"), "c");
}

static enum ike_progress progress(const char *text)
{
	struct ike_progress_of of = { .child = "http" };
	struct message m = { .n = 0 };
	struct vici_reader r;

	compose(&m, text);
	r = reader_of(&m);
	assert_int_equal(ike_connection_progress(&r, &of), 0);
	return of.progress;
}

static void what_the_daemon_does_already_is_seen(void **state)
{
	(void)state;
	assert_int_equal(progress("web{ state=CONNECTING child-sas{ } }"), IKE_UNDER_WAY);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ } }"), IKE_IDLE);
	assert_int_equal(progress("web{ state=ESTABLISHED tasks-active=[ CHILD_CREATE, ] child-sas{ } }"), IKE_UNDER_WAY);
	assert_int_equal(progress("web{ state=ESTABLISHED tasks-active=[ IKE_DPD, ] child-sas{ } }"), IKE_IDLE);
	/* behind a peer that is silent */
	assert_int_equal(progress("web{ state=ESTABLISHED tasks-queued=[ CHILD_CREATE, ] tasks-active=[ IKE_DPD, ] "
				  "child-sas{ } }"), IKE_UNDER_WAY);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ http-1{ name=http state=INSTALLED } } }"), IKE_INSTALLED);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ http-1{ name=http state=REKEYING } } }"), IKE_INSTALLED);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ http-1{ name=http state=CREATED } } }"), IKE_UNDER_WAY);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ http-1{ name=http state=DELETING } } }"), IKE_IDLE);
	assert_int_equal(progress("web{ state=ESTABLISHED child-sas{ net-1{ name=net state=INSTALLED } } }"), IKE_IDLE);
}

/* --- the process, and daemons --------------------------------------------------------------- */

enum manner { KEEPS_TO_IT, SAYS_NOTHING, HANGS_UP, TOO_LONG, NO_LENGTH, OTHER_EVENT, KNOWS_NOTHING, TAKES_ITS_TIME };

struct daemon {
	enum manner manner;
	const char *conns[3], *sas, *initiated;	/* what it has, and says to the last request */
	char asked[400];	/* the names of the requests, and what they had as values */
	int listener;
	pthread_t thread;
	char path[64];
};

static bool get(int fd, uint8_t *buf, size_t cap, size_t *n)
{
	uint32_t length;

	if (recv(fd, &length, 4, MSG_WAITALL) != 4 || ntohl(length) > cap)
		return false;
	*n = ntohl(length);
	return recv(fd, buf, *n, MSG_WAITALL) == (ssize_t)*n;
}

static void send_packet(int fd, uint8_t kind, const char *event, const char *text)
{
	struct message m = { .n = 4 };
	uint32_t length;

	type(&m, kind);
	if (event)
		name(&m, event, strlen(event));
	if (text)
		compose(&m, text);
	length = htonl(m.n - 4);
	memcpy(m.buf, &length, 4);
	assert_int_equal(send(fd, m.buf, m.n, MSG_NOSIGNAL), m.n);
}

static void remember(struct daemon *d, const uint8_t *packet, size_t n)
{
	struct vici_reader r = { .at = packet + 2 + packet[1], .end = packet + n };
	struct vici_item item;
	size_t used = strlen(d->asked);

	used += snprintf(d->asked + used, sizeof(d->asked) - used, "%.*s(", packet[1], packet + 2);
	while (vici_read(&r, &item) > 0)
		used += snprintf(d->asked + used, sizeof(d->asked) - used, "%.*s=%.*s ", (int)item.name_length,
				 item.name, (int)item.length, item.value);
	snprintf(d->asked + used, sizeof(d->asked) - used, ") ");
}

static void keep_to_it(struct daemon *d, int fd, const uint8_t *packet, size_t n)
{
	bool sas = !memcmp(packet + 2, "list-sa", 7);
	int i;

	if (packet[0] == 3) {
		send_packet(fd, 5, NULL, NULL);
		return;
	}
	remember(d, packet, n);
	if (!memcmp(packet + 2, "initiate", 8)) {
		send_packet(fd, 1, NULL, d->initiated);
		return;
	}
	if (sas)
		send_packet(fd, 7, "list-sa", d->sas);
	for (i = 0; !sas && d->conns[i]; i++)
		send_packet(fd, 7, "list-conn", d->conns[i]);
	send_packet(fd, 1, NULL, NULL);
}

/* Returns false when it hangs up. */
static bool serve(struct daemon *d, int fd, const uint8_t *packet, size_t n)
{
	static const uint8_t longer[] = { 0x00, 0x08, 0x00, 0x01, 0x05 }, empty[4];

	switch (d->manner) {
	case TAKES_ITS_TIME:
		if (!memcmp(packet + 2, "initiate", 8)) {	/* and begins all the same */
			remember(d, packet, n);
			break;
		}
		/* fall through */
	case KEEPS_TO_IT: keep_to_it(d, fd, packet, n); break;
	case SAYS_NOTHING: break;
	case HANGS_UP: return false;
	case TOO_LONG: send(fd, longer, sizeof(longer), MSG_NOSIGNAL); break;
	case NO_LENGTH: send(fd, empty, sizeof(empty), MSG_NOSIGNAL); break;
	case OTHER_EVENT: send_packet(fd, packet[0] == 3 ? 5 : 7, packet[0] == 3 ? NULL : "log", NULL); break;
	case KNOWS_NOTHING: send_packet(fd, packet[0] == 3 ? 6 : 2, NULL, NULL); break;
	}
	return true;
}

static void *run_daemon(void *arg)
{
	struct daemon *d = arg;
	uint8_t packet[1024];
	size_t n;
	int fd;

	while ((fd = accept(d->listener, NULL, NULL)) >= 0) {
		while (get(fd, packet, sizeof(packet), &n) && serve(d, fd, packet, n))
			;
		close(fd);
	}
	return NULL;
}

static void start(struct daemon *d)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/ike-XXXXXX";

	assert_non_null(mkdtemp(dir));
	snprintf(d->path, sizeof(d->path), "%s/vici", dir);
	strcpy(a.sun_path, d->path);
	d->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_return_code(bind(d->listener, (struct sockaddr *)&a, sizeof(a)), errno);
	assert_return_code(listen(d->listener, 4), errno);
	assert_int_equal(pthread_create(&d->thread, NULL, run_daemon, d), 0);
}

static void stop(struct daemon *d)
{
	shutdown(d->listener, SHUT_RDWR);
	pthread_join(d->thread, NULL);
	close(d->listener);
	unlink(d->path);
	*strrchr(d->path, '/') = 0;
	rmdir(d->path);
}

static struct ike_answer a;	/* the last */

/* Ask the process itself, with its sandbox, so often; the last reason. */
static uint32_t ask_at(const char *path, uint32_t instead, int times)
{
	struct ike_question q = { .cookie = 77, .family = AF_INET, .protocol = IPPROTO_TCP, .local_port = 40000,
				  .peer_port = 80, .instead = instead, .local = { 192, 0, 2, 1 },
				  .peer = { 192, 0, 2, 2 }, .called_family = AF_INET, .called = { 192, 0, 2, 2 } };
	int sv[2], status;
	pid_t pid;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), errno);
	pid = fork();
	if (!pid) {
		close(sv[0]);
		_exit(ike_main(sv[1], path));
	}
	close(sv[1]);
	while (times--) {
		assert_int_equal(send(sv[0], &q, sizeof(q), 0), sizeof(q));
		assert_int_equal(recv(sv[0], &a, sizeof(a), 0), sizeof(a));
		assert_int_equal(a.cookie, 77);
	}
	close(sv[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);	/* it ends with its channel, as it should */
	return a.reason;
}

static uint32_t ask(struct daemon *d, uint32_t instead)
{
	uint32_t reason;

	start(d);
	reason = ask_at(d->path, instead, 1);
	stop(d);
	return reason;
}

#define IDLE "web{ state=ESTABLISHED child-sas{ net-1{ name=net state=INSTALLED spi-in=c0ffee11 } } }"
#define LISTS "list-conns() list-sas(ike=web ) "

static void a_negotiation_begins_once_and_by_the_daemon_s_names(void **state)
{
	struct daemon d = { .conns = { "other{ remote_addrs=[ 192.0.2.3, ] children{ } }", WEB }, .sas = IDLE,
			    .initiated = "success=yes" };

	(void)state;
	assert_int_equal(ask(&d, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_STARTED);
	assert_int_equal(a.begun, 1);
	assert_string_equal(d.asked, LISTS "initiate(ike=web child=http timeout=-1 init-limits=yes ) ");
}

static void what_is_not_allowed_is_not_begun(void **state)
{
	struct daemon d = { .conns = { WEB }, .sas = IDLE, .initiated = "success=yes" };

	(void)state;
	assert_int_equal(ask(&d, IPSECAPI_REASON_IKE_NOT_CALLABLE), IPSECAPI_REASON_IKE_NOT_CALLABLE);
	assert_int_equal(a.begun, 0);
	assert_string_equal(d.asked, LISTS);
}

static void what_is_so_already_is_not_begun(void **state)
{
	struct daemon d = { .conns = { WEB }, .sas = "web{ state=CONNECTING child-sas{ } }" };

	(void)state;
	assert_int_equal(ask(&d, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_UNDER_WAY);
	assert_string_equal(d.asked, LISTS);
	d = (struct daemon){ .conns = { WEB }, .sas = "web{ state=ESTABLISHED child-sas{ http-1{ name=http state=INSTALLED } } }" };
	assert_int_equal(ask(&d, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_INSTALLED);
	assert_string_equal(d.asked, LISTS);
}

/* Its lists lag behind what it was asked for. */
static void what_was_just_begun_is_under_way(void **state)
{
	struct daemon d = { .conns = { WEB }, .sas = IDLE, .initiated = "success=yes" };

	(void)state;
	start(&d);
	assert_int_equal(ask_at(d.path, IPSECAPI_REASON_NONE, 2), IPSECAPI_REASON_IKE_UNDER_WAY);
	stop(&d);
	assert_string_equal(d.asked, LISTS "initiate(ike=web child=http timeout=-1 init-limits=yes ) " LISTS);
}

static void each_refusal_has_its_own_reason(void **state)
{
	struct daemon refuses = { .conns = { WEB }, .sas = IDLE, .initiated = "success=no errmsg=no" };
	struct daemon has_none = { .sas = IDLE };

	(void)state;
	assert_int_equal(ask(&refuses, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_REFUSED);
	assert_int_equal(a.begun, 1);	/* it may have looked up names */
	assert_int_equal(ask(&has_none, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_NO_CONNECTION);
	assert_string_equal(has_none.asked, "list-conns() ");
	assert_int_equal(ask_at("/nonexistent/vici", IPSECAPI_REASON_NONE, 2), IPSECAPI_REASON_IKE_ABSENT);
	assert_int_equal(ask_at(NULL, IPSECAPI_REASON_NONE, 1), IPSECAPI_REASON_IKE_ABSENT);
}

/* It goes on when nobody waits for it any more. */
static void what_takes_its_time_is_begun_too(void **state)
{
	struct daemon d = { .manner = TAKES_ITS_TIME, .conns = { WEB }, .sas = IDLE };

	(void)state;
	start(&d);
	assert_int_equal(ask_at(d.path, IPSECAPI_REASON_NONE, 1), IPSECAPI_REASON_IKE_SILENT);
	assert_int_equal(a.begun, 1);
	*d.asked = 0;
	assert_int_equal(ask_at(d.path, IPSECAPI_REASON_NONE, 2), IPSECAPI_REASON_IKE_UNDER_WAY);
	stop(&d);
	assert_string_equal(d.asked, LISTS "initiate(ike=web child=http timeout=-1 init-limits=yes ) " LISTS);
}

static void a_daemon_that_does_not_keep_to_it_is_silent(void **state)
{
	static const enum manner manners[] = { SAYS_NOTHING, HANGS_UP, TOO_LONG, NO_LENGTH, OTHER_EVENT, KNOWS_NOTHING };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(manners) / sizeof(manners[0]); i++) {
		struct daemon d = { .manner = manners[i] };

		assert_int_equal(ask(&d, IPSECAPI_REASON_NONE), IPSECAPI_REASON_IKE_SILENT);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(messages_are_read_whole_or_refused),
	cmocka_unit_test(what_is_no_message_is_refused),
	cmocka_unit_test(selectors_cover_what_they_say),
	cmocka_unit_test(an_end_that_is_not_known_is_covered_by_all),
	cmocka_unit_test(the_child_for_the_traffic_is_chosen),
	cmocka_unit_test(only_the_peer_is_called),
	cmocka_unit_test(what_the_daemon_does_already_is_seen),
	cmocka_unit_test(a_negotiation_begins_once_and_by_the_daemon_s_names),
	cmocka_unit_test(what_is_not_allowed_is_not_begun),
	cmocka_unit_test(what_is_so_already_is_not_begun),
	cmocka_unit_test(what_was_just_begun_is_under_way),
	cmocka_unit_test(each_refusal_has_its_own_reason),
	cmocka_unit_test(what_takes_its_time_is_begun_too),
	cmocka_unit_test(a_daemon_that_does_not_keep_to_it_is_silent),
};

RUN(tests)
