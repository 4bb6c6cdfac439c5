// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records for the administrator. The journal's own library would wait while the journal does not
 * read, and whoever stopped that would stop the front: so its datagrams, a documented format of
 * text lines, are sent here, and never waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "audit.h"

#define JOURNAL "/run/systemd/journal/socket"

struct kind {
	const char *word;
	const char *id;		/* MESSAGE_ID; never another one's again */
	int priority;
};

static const struct kind kinds[AUDIT_EVENTS] = {
	[AUDIT_STARTED] = { "started", "ddda90884fcc4c519cad43bf709b4f73", LOG_INFO },
	[AUDIT_STOPPED] = { "stopped", "44f274f642b04e8d9d0d73b0241d00f2", LOG_INFO },
	[AUDIT_PROCESS_LOST] = { "process-lost", "131c9e6def5e4aafbfe400b1abc868b9", LOG_ERR },
	[AUDIT_POLICY_IN_FORCE] = { "policy-in-force", "33ab6d13020f46e598e0ef18928fdd1c", LOG_NOTICE },
	[AUDIT_POLICY_REFUSED] = { "policy-refused", "c1a9ef74e1194a249c3cae33c3b86c3d", LOG_ERR },
	[AUDIT_EVIDENCE_LOST] = { "evidence-lost", "9ced01c571354eb496ed972a226d04d0", LOG_WARNING },
	[AUDIT_EVIDENCE_BACK] = { "evidence-back", "463458893b884e189436ba73b8cbe66e", LOG_NOTICE },
	[AUDIT_PRIVILEGE] = { "privilege", "0b7b8606f1e5469b88b440bf0b91b786", LOG_NOTICE },
	[AUDIT_LIMIT] = { "limit", "acc1798acf5c4dba982809fb04aad9db", LOG_WARNING },
	[AUDIT_LEFT_OUT] = { "left-out", "1ac5194d752244a59e8998017b8cf76f", LOG_WARNING },
	[AUDIT_IKE_STARTED] = { "ike-started", "4db9092cab3f415e94c4f2227e9eba49", LOG_INFO },
	[AUDIT_LESS_GRANTED] = { "less-granted", "ab9bf9a3116549ebac8441916bf69e20", LOG_NOTICE },
};

static struct {
	int fd;
	bool journal;
	unsigned int lost;	/* records of this process that nobody took */
} out = { .fd = STDERR_FILENO };

/* Appends what fits. */
struct line {
	char *text;
	size_t n;
};

static void put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *l, const char *fmt, ...)
{
	size_t room = AUDIT_RECORD_MAX - l->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->n, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* A message is one line of printable ASCII, whatever it quotes. */
static void put_escaped(struct line *l, const char *text)
{
	const unsigned char *c;

	for (c = (const unsigned char *)text; *c; c++)
		put(l, *c < ' ' || *c >= 127 || *c == '\\' ? "\\x%02x" : "%c", *c);
}

static void put_field(struct line *l, bool journal, const char *name, const char *value)
{
	put(l, journal ? "IPSECAPI_%s=%s\n" : " %s=%s", name, value);
}

static void put_number(struct line *l, bool journal, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	put_field(l, journal, name, text);
}

static void put_fields(struct line *l, bool journal, const struct audit_fields *f)
{
	if (f && f->uid != AUDIT_NO_USER)
		put_number(l, journal, journal ? "UID" : "uid", f->uid);
	if (f && f->reason)
		put_field(l, journal, journal ? "REASON" : "reason", f->reason);
	if (f && f->left_out)
		put_number(l, journal, journal ? "LEFT_OUT" : "left-out", f->left_out);
	if (out.lost)
		put_number(l, journal, journal ? "LOST" : "lost", out.lost);
}

size_t audit_for_journal(char record[AUDIT_RECORD_MAX], enum audit_event event,
			 const struct audit_fields *fields, const char *message)
{
	const struct kind *k = &kinds[event];
	struct line l = { .text = record };

	put(&l, "MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=ipsecapid\nIPSECAPI_EVENT=%s\n", k->id,
	    k->priority, k->word);
	put_fields(&l, true, fields);
	put(&l, "MESSAGE=");
	put_escaped(&l, message);
	record[l.n < AUDIT_RECORD_MAX - 1 ? l.n : l.n - 1] = '\n';
	return l.n < AUDIT_RECORD_MAX - 1 ? l.n + 1 : l.n;
}

size_t audit_for_stderr(char record[AUDIT_RECORD_MAX], enum audit_event event,
			const struct audit_fields *fields, const char *message)
{
	struct line l = { .text = record };

	put(&l, "ipsecapid: ");
	put_escaped(&l, message);
	put(&l, " [event=%s", kinds[event].word);
	put_fields(&l, false, fields);
	put(&l, "]");
	record[l.n < AUDIT_RECORD_MAX - 1 ? l.n : l.n - 1] = '\n';
	return l.n < AUDIT_RECORD_MAX - 1 ? l.n + 1 : l.n;
}

/* systemd says which file it made standard error: is it still that one? */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char is[48];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(is, sizeof(is), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(stream, is);
}

static int open_journal(void)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = JOURNAL };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || !connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

/* A pipe or terminal is opened anew: that it is not waited for is no business of its other users. */
static int open_stderr(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(STDERR_FILENO, &st) && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 ? fd : STDERR_FILENO;
}

void audit_open(void)
{
	signal(SIGPIPE, SIG_IGN);	/* whoever stops reading ends nothing of ours */
	out.journal = stderr_is_journal();
	out.fd = out.journal ? open_journal() : -1;
	if (out.fd >= 0)
		return;
	out.journal = false;
	out.fd = open_stderr();
}

void audit_close(void)
{
	if (out.fd > STDERR_FILENO)
		close(out.fd);
	out.fd = -1;
}

static bool write_record(const char *record, size_t n)
{
	ssize_t done = send(out.fd, record, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0 && errno == ENOTSOCK)
		done = write(out.fd, record, n);
	return done == (ssize_t)n;
}

void audit(enum audit_event event, const struct audit_fields *fields, const char *fmt, ...)
{
	char message[256], record[AUDIT_RECORD_MAX];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	n = out.journal ? audit_for_journal(record, event, fields, message) :
			  audit_for_stderr(record, event, fields, message);
	if (write_record(record, n))
		out.lost = 0;
	else
		out.lost++;
}
