// SPDX-License-Identifier: GPL-2.0-or-later
/* verify: is a statement genuine? Runs far from any device. */
#include "statement.h"

#include <errno.h>
#include <string.h>

#include "file.h"

#define FILE_MAX	(256u * 1024)	/* certificates of a whole chain */

struct file {
	const char *path;
	size_t len;
	uint8_t bytes[FILE_MAX];
};

struct question {
	struct file anchor, chain, statement;
	bool have_nonce, test_mode;
	uint8_t nonce[ESPVAULT_NONCE_LEN];
};

static int take_file(struct file *f)
{
	return read_file(f->path, f->bytes, sizeof(f->bytes), &f->len);
}

/* One option with its value. EXIT_OK, or it has complained. */
static int take(struct question *q, const char *option, const char *value)
{
	if (strcmp(option, "--anchor") && strcmp(option, "--chain") && strcmp(option, "--nonce"))
		return complain(EXIT_USAGE, "verify has no option '%s'", option);
	if (!*value)
		return complain(EXIT_USAGE, "'%s' misses its value", option);
	if (!strcmp(option, "--anchor"))
		q->anchor.path = value;
	else if (!strcmp(option, "--chain"))
		q->chain.path = value;
	else if (!(q->have_nonce = hex_bytes(value, q->nonce, sizeof(q->nonce))))
		return complain(EXIT_USAGE, "--nonce does not take '%s', but 64 hex digits", value);
	return EXIT_OK;
}

static int parse(struct tool *t, struct question *q)
{
	int code;

	for (int i = 1; i < t->argc; i++) {
		const char *arg = t->argv[i];

		if (!strcmp(arg, "--test-mode")) {
			q->test_mode = true;
		} else if (arg[0] == '-' && arg[1]) {
			code = take(q, arg, i + 1 < t->argc ? t->argv[i + 1] : "");
			if (code != EXIT_OK)
				return code;
			i++;
		} else if (q->statement.path) {
			return complain(EXIT_USAGE, "verify takes one statement, not '%s' as well", arg);
		} else {
			q->statement.path = arg;
		}
	}
	if (!q->anchor.path || !q->statement.path)
		return complain(EXIT_USAGE, "verify needs a statement, and --anchor with whom to trust");
	return EXIT_OK;
}

static int read_all(struct question *q)
{
	int code = take_file(&q->anchor);

	if (code == EXIT_OK && q->chain.path)
		code = take_file(&q->chain);
	return code == EXIT_OK ? take_file(&q->statement) : code;
}

static int verify(const struct question *q, struct espvault_statement *st)
{
	struct espvault_verify_params p = ESPVAULT_INIT(struct espvault_verify_params);
	char words[200];
	int err;

	p.flags = (q->test_mode ? ESPVAULT_ACCEPT_TEST : 0) | (q->have_nonce ? 0 : ESPVAULT_ANY_NONCE);
	p.anchor = q->anchor.bytes;
	p.anchor_len = q->anchor.len;
	p.chain = q->chain.path ? q->chain.bytes : NULL;
	p.chain_len = q->chain.len;
	p.nonce = q->have_nonce ? q->nonce : NULL;
	p.words = words;
	p.words_size = sizeof(words);
	err = espvault_verify(q->statement.bytes, q->statement.len, &p, st);
	if (!err)
		return EXIT_OK;
	return complain(err == -EINVAL || err == -ENOMEM ? EXIT_REFUSED : EXIT_NOT_GENUINE, "%s: %s",
			err == -EINVAL ? q->anchor.path : q->statement.path, words);
}

int cmd_verify(struct tool *t)
{
	static struct question q;
	struct espvault_statement st = ESPVAULT_INIT(struct espvault_statement);
	struct json_object *o;
	int code;

	memset(&q, 0, sizeof(q));
	code = parse(t, &q);
	if (code == EXIT_OK)
		code = read_all(&q);
	if (code == EXIT_OK)
		code = verify(&q, &st);
	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_bool(o, "genuine", true);
	put_bool(o, "nonce-compared", q.have_nonce);
	statement_put(o, &st);
	return print_object(t, o);
}
