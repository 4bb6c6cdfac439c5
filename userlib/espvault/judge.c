// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge.h"

#include <errno.h>
#include <stdlib.h>

#include "file.h"

#define FILE_MAX	(256u * 1024)	/* certificates of a whole chain */

struct file {
	size_t len;
	uint8_t bytes[FILE_MAX];
};

struct files {
	struct file anchor, chain, statement;
};

int judge_take(struct judge *j, int option, const char *text)
{
	switch (option) {
	case J_ANCHOR:
		j->anchor = text;
		return EXIT_OK;
	case J_CHAIN:
		j->chain = text;
		return EXIT_OK;
	case J_NONCE:
		j->have_nonce = hex_bytes(text, j->nonce, sizeof(j->nonce));
		return j->have_nonce ? EXIT_OK :
		       complain(EXIT_USAGE, "--nonce does not take '%s', but 64 hex digits", text);
	default:
		j->test_mode = true;
		return EXIT_OK;
	}
}

static int take_file(const char *path, struct file *f)
{
	return read_file(path, f->bytes, sizeof(f->bytes), &f->len);
}

static int read_all(const struct judge *j, struct files *f)
{
	int code = take_file(j->anchor, &f->anchor);

	if (code == EXIT_OK && j->chain)
		code = take_file(j->chain, &f->chain);
	return code == EXIT_OK ? take_file(j->statement, &f->statement) : code;
}

static int verify(const struct judge *j, const struct files *f, struct espvault_statement *st)
{
	struct espvault_verify_params p = ESPVAULT_INIT(struct espvault_verify_params);
	char words[200] = "";
	int err;

	p.flags = (j->test_mode ? ESPVAULT_ACCEPT_TEST : 0) | (j->have_nonce ? 0 : ESPVAULT_ANY_NONCE);
	p.anchor = f->anchor.bytes;
	p.anchor_len = f->anchor.len;
	p.chain = j->chain ? f->chain.bytes : NULL;
	p.chain_len = f->chain.len;
	p.nonce = j->have_nonce ? j->nonce : NULL;
	p.words = words;
	p.words_size = sizeof(words);
	err = espvault_verify(f->statement.bytes, f->statement.len, &p, st);
	if (!err)
		return EXIT_OK;
	if (err == -EINVAL)	/* the words say which of them */
		return complain(EXIT_USAGE, "%s%s%s: %s", j->anchor, j->chain ? ", " : "", j->chain ?: "", words);
	return complain(err == -ENOMEM ? EXIT_REFUSED : EXIT_NOT_GENUINE, "%s: %s", j->statement, words);
}

int judge(const struct judge *j, struct espvault_statement *st)
{
	struct files *f = calloc(1, sizeof(*f));
	int code = f ? read_all(j, f) : complain(EXIT_REFUSED, "out of memory");

	if (code == EXIT_OK)
		code = verify(j, f, st);
	free(f);
	return code;
}
