// SPDX-License-Identifier: GPL-2.0-or-later
/* Status pages: one sealed memfd per session. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../libipsecapi/wire/slot.h"
#include "front.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

static int new_memfd(size_t size)
{
	int fd = memfd_create("ipsecapi-status",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)	/* before 6.3 */
		fd = memfd_create("ipsecapi-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size)) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

/*
 * Our own mapping comes first, then the seal that forbids every later writable one: a
 * descriptor that is merely opened read-only could be opened again for writing through /proc.
 */
int page_create(struct session *s)
{
	size_t size = sizeof(struct page_header) + MAX_FLOWS_SESSION * sizeof(struct slot);
	struct page_header *hdr;
	int fd = new_memfd(size);

	if (fd < 0)
		return fd;
	hdr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (hdr == MAP_FAILED)
		goto close_fd;
	hdr->magic = PAGE_MAGIC;
	hdr->slot_size = sizeof(struct slot);
	hdr->slots = MAX_FLOWS_SESSION;
	hdr->lease = LEASE_NS;
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto unmap;
	s->page = hdr;
	s->page_size = size;
	s->page_fd = fd;
	return 0;

unmap:
	munmap(hdr, size);
close_fd:
	close(fd);
	return -ENOMEM;
}

static struct slot *nth_slot(struct session *s, uint32_t index)
{
	return slot_at(s->page, sizeof(struct slot), index);
}

struct slot *page_slot(struct session *s, const struct flow *flow)
{
	return nth_slot(s, flow->id & 0xffff);
}

void page_write(struct session *s, const struct flow *flow)
{
	struct slot_body b = { .flow = flow->id, .tuple = flow->tuple };

	if (flow->closed) {
		b.state = SLOT_CLOSED;
		b.latch = IPSECAPI_LATCH_CLOSED;
	} else {
		b.state = SLOT_LIVE;
		b.latch = flow->latch;
		memcpy(b.dir, flow->verdict.dir, sizeof(b.dir));
	}
	b.read_at = flow->read_at;
	b.generation = flow->generation;
	slot_write(page_slot(s, flow), &b);
}

void page_renew(struct session *s, uint64_t until)
{
	uint32_t i;

	for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++)
		if (s->flows[i].id)
			slot_renew(nth_slot(s, i), until);
}
