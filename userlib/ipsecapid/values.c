// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of the keys of a policy. */
#include <stdlib.h>
#include <string.h>

#include "inifile.h"
#include "policy_build.h"

bool value_name_valid(const char *name, size_t size)
{
	size_t n = strlen(name);

	return n && n < size &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static char *trimmed(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		s[--n] = 0;
	return s;
}

void value_list(struct policy_build *b, const struct place *at, const char *key, const char *value,
		void (*take)(struct policy_build *b, const struct place *at, const char *word, void *arg),
		void *arg)
{
	char copy[INI_LINE_MAX + 1], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", value);
	while ((word = strsep(&rest, ","))) {
		word = trimmed(word);
		if (*word)
			take(b, at, word, arg);
		else
			complain(b->c, at, "%s: a word is missing beside a comma", key);
	}
}

bool value_number(struct policy_build *b, const struct place *at, const char *key, const char *value,
		  uint32_t min, uint32_t max, uint32_t *number)
{
	size_t n = strlen(value);
	unsigned long v = n && n <= 9 && strspn(value, "0123456789") == n ? strtoul(value, NULL, 10) : 0;

	if (v < min || v > max || (!v && strcmp(value, "0"))) {
		complain(b->c, at, "%s: '%s' is no number from %u to %u", key, value, min, max);
		return false;
	}
	*number = v;
	return true;
}

int value_word(struct policy_build *b, const struct place *at, const char *key, const char *value,
	       const char *const *words)
{
	char all[200] = "";
	size_t used = 0;
	int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], value))
			return i;
		used += snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", words[i]);
	}
	complain(b->c, at, "%s: '%s' is none of: %s", key, value, all);
	return -1;
}
