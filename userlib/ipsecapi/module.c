// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of the kernel: loaded, built in, on disk, or none of it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

/* Lines begin with "kernel/.../NAME.ko", with more behind that in modules.dep. */
static bool names(const char *line, const char *name)
{
	const char *slash = NULL, *at;
	size_t n = strlen(name);

	for (at = line; *at && *at != ':' && *at != '\n'; at++)
		if (*at == '/')
			slash = at;
	return slash && !strncmp(slash + 1, name, n) && !strncmp(slash + 1 + n, ".ko", 3);
}

/* -1: there is no such list. */
static int is_listed(const char *list, const char *name)
{
	char path[160], line[4096];
	struct utsname u;
	int found = 0;
	FILE *f;

	if (uname(&u))
		return -1;
	snprintf(path, sizeof(path), "/lib/modules/%s/%s", u.release, list);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (!found && fgets(line, sizeof(line), f))
		found = names(line, name);
	fclose(f);
	return found;
}

enum module_state module_state(const char *name)
{
	char path[64];
	int builtin, module;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (!access(path, F_OK))
		return MODULE_PRESENT;
	builtin = is_listed("modules.builtin", name);
	if (builtin > 0)
		return MODULE_PRESENT;
	module = is_listed("modules.dep", name);
	if (module > 0)
		return MODULE_ON_DISK;
	return builtin < 0 || module < 0 ? MODULE_UNKNOWN : MODULE_ABSENT;
}
