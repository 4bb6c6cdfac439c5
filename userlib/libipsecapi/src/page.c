// SPDX-License-Identifier: LGPL-2.1-or-later
/* The status pages: checked once when they arrive, mapped for reading only. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"

#define PAGE_SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

/* Slots only grow at their end: what a newer broker added lies behind what we read. */
static bool header_fits(const struct page_header *hdr, uint32_t size)
{
	return hdr->magic == PAGE_MAGIC && hdr->slot_size >= sizeof(struct slot) &&
	       hdr->slot_size % sizeof(uint64_t) == 0 &&
	       hdr->slots <= (size - sizeof(*hdr)) / hdr->slot_size;
}

/* The seals are ours to check: without SHRINK a broker could kill us by truncating the page. */
int page_map(struct ipsecapi *ctx, int fd, uint32_t size)
{
	struct page_header hdr;
	struct stat st;
	void *p;

	if (fd < 0 || size < sizeof(hdr) || fstat(fd, &st) || st.st_size != size ||
	    (fcntl(fd, F_GET_SEALS) & PAGE_SEALS) != PAGE_SEALS)
		return -EPROTO;
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	memcpy(&hdr, p, sizeof(hdr));
	if (!header_fits(&hdr, size)) {
		munmap(p, size);
		return -EPROTO;
	}
	ctx->page = p;
	ctx->page_size = size;
	ctx->slot_size = hdr.slot_size;
	ctx->slots = hdr.slots;
	return 0;
}

void page_unmap(struct ipsecapi *ctx)
{
	if (ctx->page)
		munmap(ctx->page, ctx->page_size);
	ctx->page = NULL;
	ctx->slots = 0;
}
