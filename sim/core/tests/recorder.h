/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that hosts see of their devices, in the order in which they see it:
 * each DMA access with its place, its length and what was written, interrupts,
 * timers, kicks, trace points, broken clauses, frames on the wire, registers.
 * What the interface's tables mark as cipher-dependent is blanked on the way in;
 * nothing else is, so two traces of the same commands are the same bytes.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "t.h"

#include <openssl/cms.h>
#include <stdio.h>

/* --- which bytes of an answer depend on secrets: from the tables --- */

struct field {
	uint16_t off, size;
	bool cipher;
	const char *name, *text;
};

struct shape {
	const struct field *out;	/* answer; ends with a field of no size */
	const struct field *in;
	uint16_t in_size, out_size;
	const char *name;
	bool planned;			/* the number is taken, the command comes later */
};

#define SIZE_OF(s, bytes, clause, text)	SIZE_##s = (bytes),

/* The same names as the structs', for OPCODE below. */
enum { SIZE_none = 0, ESV_STRUCT_LIST(SIZE_OF) };

static inline const struct field *fields_none(void)
{
	static const struct field f[] = { { 0 } };

	return f;
}

#define FIELD(s, member, at, bytes, type, writer, is_cipher, what)	{ at, bytes, is_cipher, #member, what },
#define FIELDS_OF(s, bytes, clause, text) \
	static inline const struct field *fields_##s(void) \
	{ \
		static const struct field f[] = { ESV_FIELDS_##s(FIELD, s) { 0 } }; \
		return f; \
	}
ESV_STRUCT_LIST(FIELDS_OF)

/* By opcode. */
static inline struct shape shape_of(uint16_t opcode)
{
#define OPCODE(NAME, num, minor, in_s, out_s, text) \
	case num: return (struct shape){ fields_##out_s(), fields_##in_s(), SIZE_##in_s, SIZE_##out_s, #NAME, \
					 !strncmp(text, "reserved:", 9) };
	switch (opcode) {
	ESV_OPCODE_LIST(OPCODE)
	default: return (struct shape){ fields_none(), fields_none(), 0, 0, "no command", false };
	}
#undef OPCODE
}

static inline void blank(uint8_t *b, size_t len, size_t off, size_t size)
{
	if (off < len)
		memset(b + off, 0, size < len - off ? size : len - off);
}

/* A token says itself which of its bytes are public. */
static inline void blank_field(const struct field *f, uint8_t *b, size_t len)
{
	if (f->size != ESV_TOKEN_LEN || strncmp(f->name, "token", 5)) {
		blank(b, len, f->off, f->size);
		return;
	}
	for (const struct field *t = fields_esv_token(); t->size; t++)
		if (t->cipher)
			blank(b, len, f->off + t->off, t->size);
}

static inline void blank_fields(const struct field *f, uint8_t *b, size_t len)
{
	for (; f->size; f++)
		if (f->cipher)
			blank_field(f, b, len);
}

/* ecdsa-with-SHA256 and its sisters (RFC 5758 3.2) in the AlgorithmIdentifier that a signature begins with (RFC 7427 3). */
static inline bool is_ecdsa(const uint8_t *data, size_t len)
{
	static const uint8_t oid[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3 };

	return len > 3 + sizeof(oid) && !memcmp(data + 3, oid, sizeof(oid));
}

/*
 * Whether the answer's own length depends on a secret, as that of an ECDSA signature in DER does: where the tables say
 * so, but for an AUTH of any other kind, which is always as long.
 */
static inline bool length_is_cipher(uint16_t opcode, const uint8_t *answer, size_t len)
{
	const struct shape s = shape_of(opcode);
	const size_t data = offsetof(struct esv_auth_data, data);

	if (opcode == ESV_OP_AUTH_SIGN)
		return len > data && is_ecdsa(answer + data, len - data);
	for (const struct field *f = s.out; f->size; f++)
		if (f->cipher && !strcmp(f->name, "len"))
			return true;
	return false;
}

/* --- the trace --- */

enum record { R_DMA_READ, R_DMA_WRITE, R_ANSWER, R_STATEMENT, R_CALL, R_WIRE, R_REGISTERS, R_STATE };

struct at {
	size_t off;
	unsigned int step;
	uint16_t opcode;
	uint8_t kind, host;
};

#define RECORDS_MAX	600000
#define HEAD		(5 * sizeof(uint64_t))

struct trace {
	uint8_t *b;
	size_t len, cap;
	struct at *at;
	unsigned int records, step;
	unsigned int good[0x100];		/* how often an opcode answered OK */
	bool refused[0x100][ESV_S_AUTH_FAILED + 1];
};

/* One host that is watched. */
struct watch {
	struct trace *t;
	const struct esvh_drv *d;
	uint8_t host;
	uint16_t opcode;	/* of the command that runs */
	bool hidden;		/* its answer has a length that depends on a secret */
};

static inline struct trace *trace_new(void)
{
	struct trace *t = calloc(1, sizeof(*t));

	t->cap = 64u << 20;
	t->b = malloc(t->cap);
	t->at = calloc(RECORDS_MAX, sizeof(*t->at));
	assert_true(t->b && t->at);
	return t;
}

static inline void trace_free(struct trace *t)
{
	free(t->b);
	free(t->at);
	free(t);
}

static inline uint8_t *record(struct watch *w, enum record kind, uint64_t a, uint64_t n, const void *bytes,
			      size_t len)
{
	struct trace *t = w->t;
	uint64_t head[] = { kind, w->host, a, n, len };

	assert_true(t->records < RECORDS_MAX && t->len + sizeof(head) + len <= t->cap);
	t->at[t->records++] = (struct at){ t->len, t->step, w->opcode, (uint8_t)kind, w->host };
	memcpy(t->b + t->len, head, sizeof(head));
	t->len += sizeof(head);
	if (len)
		memcpy(t->b + t->len, bytes, len);
	t->len += len;
	return t->b + t->len - len;
}

/* What was signed, out of its SignedData: there and in the structure in it, only what the tables mark is left out. */
static inline void on_statement(struct watch *w, const uint8_t *der, size_t len)
{
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &der, (long)len);
	ASN1_OCTET_STRING **content = cms ? CMS_get0_content(cms) : NULL;
	uint8_t *kept;

	assert_true(content && *content);
	assert_int_equal(ASN1_STRING_length(*content), sizeof(struct esv_statement));
	kept = record(w, R_STATEMENT, 0, 0, ASN1_STRING_get0_data(*content), sizeof(struct esv_statement));
	assert_memory_equal(kept, ESV_STATEMENT_MAGIC, sizeof(ESV_STATEMENT_MAGIC));
	blank_fields(fields_esv_statement(), kept, sizeof(struct esv_statement));
	blank_fields(fields_esv_sa_info(), kept + offsetof(struct esv_statement, sa), sizeof(struct esv_sa_info));
	CMS_ContentInfo_free(cms);
}

static inline void on_answer(struct watch *w, uint64_t addr, const uint8_t *bytes, size_t len)
{
	const struct shape s = shape_of(w->opcode);

	w->hidden = length_is_cipher(w->opcode, bytes, len);
	len = w->hidden && len > 8 ? 8 : len;
	blank_fields(s.out, record(w, R_ANSWER, addr, 0, bytes, len), len);
	if (w->opcode == ESV_OP_ATTEST)
		on_statement(w, bytes + offsetof(struct esv_attested, data),
			     le16toh(((const struct esv_attested *)(const void *)bytes)->len));
}

static inline void on_dma(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	struct watch *w = h->watch_arg;
	const struct esvh_drv *d = w->d;
	uint8_t *kept;

	if (!write) {	/* how long a payload is says its host */
		record(w, R_DMA_READ, addr, d->page && addr == d->page ? 0 : len, NULL, 0);
		return;
	}
	if (d->page && addr == d->page) {
		on_answer(w, addr, esvh_at(h, addr, len), len);
		return;
	}
	kept = record(w, R_DMA_WRITE, addr, len, esvh_at(h, addr, len), len);
	if (w->hidden && d->acq && addr - d->acq < sizeof(struct esv_cqe) << d->admin_log2 && len == 28)
		blank(kept, len, offsetof(struct esv_cqe, out_len), sizeof(__le16));
}

static inline void on_call(struct esvh_host *h, const char *what, uint64_t a, uint64_t b)
{
	struct watch *w = h->watch_arg;

	record(w, R_CALL, a, b, what, strlen(what));
	if (strcmp(what, "admin"))
		return;
	assert_in_range(a, 0, 0xff);
	assert_in_range(b, 0, ESV_S_AUTH_FAILED);
	w->t->good[a] += b == ESV_S_OK;
	w->t->refused[a][b] = true;
}

#define ESP_AT		(14 + 20)	/* Ethernet and IPv4 without options */
#define ESP_PUBLIC	(8 + 8)		/* SPI, sequence number and IV: keys of the unit count it up from 1 (KEY-2) */

/* Of ESP, what is encrypted and the ICV depend on the key (RFC 4303 2), and how long they are does not. */
static inline void on_frame(void *arg, const uint8_t *frame, size_t len)
{
	struct watch *w = arg;
	uint8_t *kept = record(w, R_WIRE, 0, 0, frame, len);

	if (len > ESP_AT && frame[12] == 8 && !frame[13] && frame[23] == 50)
		blank(kept, len, ESP_AT + ESP_PUBLIC, len);
}

static inline void watch(struct esvh_host *h, struct watch *w)
{
	h->watch_arg = w;
	h->on_dma = on_dma;
	h->on_call = on_call;
	h->tap = on_frame;
	h->tap_arg = w;
}

/* All that lies below the doorbells. */
static inline void record_registers(struct watch *w, struct esvh_drv *d)
{
	uint32_t v[0x400 / 4];

	for (uint32_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		v[i] = esvh_reg(d, 4 * i);
	record(w, R_REGISTERS, 0, 0, v, sizeof(v));
}

/* --- two traces --- */

static inline const char *record_name(uint8_t kind)
{
	static const char *const names[] = {
		"DMA read", "DMA write", "answer", "statement", "call", "frame", "registers", "saved state",
	};

	return names[kind];
}

/* NULL: the same. Else where they part, for people. */
static inline const char *difference(const struct trace *x, const struct trace *y)
{
	static char text[256];
	size_t n = x->len < y->len ? x->len : y->len, i = 0, at;
	unsigned int r = 0;

	while (i < n && x->b[i] == y->b[i])
		i++;
	if (i == x->len && i == y->len)
		return NULL;
	while (r + 1 < x->records && x->at[r + 1].off <= i)
		r++;
	at = i - x->at[r].off;
	n = (size_t)snprintf(text, sizeof(text), "step %u, %s, device %u: %s, ", x->at[r].step,
			     shape_of(x->at[r].opcode).name, x->at[r].host, record_name(x->at[r].kind));
	if (at < HEAD)
		snprintf(text + n, sizeof(text) - n, "its place or size");
	else
		snprintf(text + n, sizeof(text) - n, "byte %zu", at - HEAD);
	return text;
}

#endif
