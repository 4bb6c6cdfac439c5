// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a policy file. */
#include <string.h>

#include "inifile.h"

struct reader {
	const struct ini_handler *h;
	struct complaints *c;
	struct place at;
	bool in_section;
	bool skipping;		/* the section's head was wrong: what is in it would only add to that */
};

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

static char *trim(char *s)
{
	size_t n;

	while (blank(*s))
		s++;
	n = strlen(s);
	while (n && blank(s[n - 1]))
		s[--n] = 0;
	return s;
}

/* Returns false when the line has a byte that no line may have. */
static bool check_bytes(struct reader *r, const char *line, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char ch = line[i];

		if (ch == '\t' || (ch >= ' ' && ch < 0x7f))
			continue;
		if (ch == '\r')
			complain(r->c, &r->at, "the line ends in a carriage return; end lines with a newline alone");
		else
			complain(r->c, &r->at, "byte 0x%02x is not plain ASCII text; only comments may have others",
				 ch);
		return false;
	}
	return true;
}

static void take_section(struct reader *r, char *line)
{
	size_t n = strlen(line);
	char *name;

	r->in_section = true;
	r->skipping = true;
	if (line[n - 1] != ']') {
		complain(r->c, &r->at, "the section's head does not end in ']'; write [kind name]");
		return;
	}
	line[n - 1] = 0;
	line = trim(line + 1);
	name = line + strcspn(line, " \t");
	if (*name)
		*name++ = 0;
	r->skipping = !r->h->section(r->h->arg, &r->at, line, trim(name));
}

static void take_key(struct reader *r, char *line)
{
	char *value = strchr(line, '=');

	if (!value || value == line) {
		complain(r->c, &r->at, "this is no '[kind name]', 'key = value' or '# comment'");
		return;
	}
	if (!r->in_section) {
		complain(r->c, &r->at, "the key stands before any section; begin with a head like [class NAME]");
		return;
	}
	if (r->skipping)
		return;
	*value++ = 0;
	r->h->key(r->h->arg, &r->at, trim(line), trim(value));
}

static void take_line(struct reader *r, const char *text, size_t n)
{
	char line[INI_LINE_MAX + 1], *p;
	size_t lead = 0;

	while (lead < n && blank(text[lead]))
		lead++;
	if (lead == n)
		return;
	if (n > INI_LINE_MAX) {
		complain(r->c, &r->at, "the line has %zu bytes; %d is the most", n, INI_LINE_MAX);
		return;
	}
	if (text[lead] == '#' || text[lead] == ';') {
		if (memchr(text, 0, n))
			complain(r->c, &r->at, "the comment has a NUL byte; take it out");
		return;
	}
	if (!check_bytes(r, text, n))
		return;
	memcpy(line, text, n);
	line[n] = 0;
	p = trim(line);
	if (*p == '[')
		take_section(r, p);
	else
		take_key(r, p);
}

void ini_parse(const char *file, const char *text, size_t length, const struct ini_handler *h,
	       struct complaints *c)
{
	struct reader r = { .h = h, .c = c, .at = { .file = file } };
	const char *end = text + length, *stop;

	while (text < end) {
		stop = memchr(text, '\n', end - text);
		if (!stop)
			stop = end;
		r.at.line++;
		take_line(&r, text, stop - text);
		text = stop + 1;
	}
}
