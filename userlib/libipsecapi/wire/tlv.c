// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attributes of the socket protocol. */
#include <errno.h>
#include <string.h>

#include "tlv.h"

#define PAD(n) (((n) + 3u) & ~(size_t)3)

static int parse_one(const uint8_t *p, size_t left, struct tlv_set *set, size_t *step)
{
	struct wire_attr a;
	unsigned int type;
	size_t i;

	if (left < sizeof(a))
		return -EBADMSG;
	memcpy(&a, p, sizeof(a));
	*step = sizeof(a) + PAD(a.length);
	if (*step > left)
		return -EBADMSG;
	for (i = sizeof(a) + a.length; i < *step; i++)
		if (p[i])
			return -EBADMSG;

	type = a.type & ~WIRE_ATTR_OPTIONAL;
	if (!type || type > WIRE_ATTR_MAX)
		return a.type & WIRE_ATTR_OPTIONAL ? 0 : -EOPNOTSUPP;
	if (set->at[type].data)
		return -EBADMSG;
	set->at[type].data = p + sizeof(a);
	set->at[type].length = a.length;
	return 0;
}

int tlv_parse(const void *buf, size_t len, struct wire_header *hdr, struct tlv_set *set)
{
	const uint8_t *p = buf;
	size_t step;
	int err;

	memset(set, 0, sizeof(*set));
	memset(hdr, 0, sizeof(*hdr));
	if (len < sizeof(*hdr))
		return -EBADMSG;
	memcpy(hdr, p, sizeof(*hdr));
	if (hdr->magic != WIRE_MAGIC || hdr->length != len - sizeof(*hdr))
		return -EBADMSG;

	p += sizeof(*hdr);
	len -= sizeof(*hdr);
	while (len) {
		err = parse_one(p, len, set, &step);
		if (err)
			return err;
		p += step;
		len -= step;
	}
	return 0;
}

int tlv_u32(const struct tlv_set *set, unsigned int type, uint32_t *value)
{
	const struct tlv_value *v = &set->at[type];

	if (!v->data)
		return -ENODATA;
	if (v->length != sizeof(*value))
		return -EBADMSG;
	memcpy(value, v->data, sizeof(*value));
	return 0;
}

static void append(struct tlv_writer *w, const void *data, size_t length, size_t padded)
{
	if (w->used > w->cap || padded > w->cap - w->used) {
		w->used = w->cap + 1;
		return;
	}
	memcpy(w->buf + w->used, data, length);
	memset(w->buf + w->used + length, 0, padded - length);
	w->used += padded;
}

void tlv_begin(struct tlv_writer *w, void *buf, size_t cap, const struct wire_header *hdr)
{
	w->buf = buf;
	w->cap = cap;
	w->used = 0;
	append(w, hdr, sizeof(*hdr), sizeof(*hdr));
}

void tlv_put(struct tlv_writer *w, unsigned int type, const void *value, size_t length)
{
	struct wire_attr a = { .type = type, .length = length };

	append(w, &a, sizeof(a), sizeof(a));
	append(w, value, length, PAD(length));
}

void tlv_put_u32(struct tlv_writer *w, unsigned int type, uint32_t value)
{
	tlv_put(w, type, &value, sizeof(value));
}

int tlv_finish(struct tlv_writer *w)
{
	struct wire_header hdr;

	if (w->used > w->cap)
		return -EMSGSIZE;
	memcpy(&hdr, w->buf, sizeof(hdr));
	hdr.magic = WIRE_MAGIC;
	hdr.length = w->used - sizeof(hdr);
	memcpy(w->buf, &hdr, sizeof(hdr));
	return w->used;
}

void sized_copy_out(void *dst, size_t dst_size, const void *src, size_t src_size)
{
	size_t both = dst_size < src_size ? dst_size : src_size;

	memcpy(dst, src, both);
	memset((uint8_t *)dst + both, 0, dst_size - both);
}
