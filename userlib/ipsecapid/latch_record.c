// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of latches. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "latch_record.h"
#include "marks.h"

#define SLOT_BYTES 512
#define LOCK_TRIES 150
#define LOCK_PAUSE_MS 20
static_assert(sizeof(struct latch_record) <= SLOT_BYTES, "a record fits its slot");

/* A broker that was killed has processes that are about to end, and until then its lock. */
static int lock(int fd)
{
	int tries;

	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
			return -errno;
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return 0;
}

static int check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077 || st.st_nlink != 1)
		return -EPERM;
	return lock(fd);
}

int records_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600), err;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	err = check_file(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int records_boot_id(uint8_t boot_id[16])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC), n = 0;
	char text[64] = "", *p;

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	memset(boot_id, 0, 16);
	for (p = text; *p && n < 32; p++)
		if (nibble(*p) >= 0) {
			boot_id[n / 2] = boot_id[n / 2] << 4 | nibble(*p);
			n++;
		}
	return n == 32 ? 0 : -EBADMSG;
}

static uint32_t checksum(const struct latch_record *r)
{
	size_t from = offsetof(struct latch_record, boot_id);

	return fingerprint_bytes((const uint8_t *)r + from, sizeof(*r) - from);
}

int record_write(int fd, uint32_t slot, struct latch_record *r)
{
	static struct latch_record none;
	ssize_t n;

	if (!r)
		r = &none;
	else
		r->checksum = checksum(r);
	n = pwrite(fd, r, sizeof(*r), (off_t)slot * SLOT_BYTES);
	if (n == sizeof(*r))
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

int record_read(int fd, uint32_t slot, const uint8_t boot_id[16], struct latch_record *r)
{
	ssize_t n = pread(fd, r, sizeof(*r), (off_t)slot * SLOT_BYTES);

	if (n < 0)
		return -errno;
	if (n != sizeof(*r))
		return -ENODATA;
	return r->version == LATCH_RECORD_VERSION && r->checksum == checksum(r) &&
	       !memcmp(r->boot_id, boot_id, sizeof(r->boot_id));
}

uint32_t records_gate(int fd)
{
	struct latch_record r;
	uint8_t boot_id[16];
	uint32_t slot;
	int found = records_boot_id(boot_id);

	for (slot = 0; found >= 0 && slot < MAX_LATCHES; slot++) {
		found = record_read(fd, slot, boot_id, &r);
		if (found == 1 && r.gated)
			return r.gate ? r.gate : marks_default.gate;
	}
	return 0;
}
