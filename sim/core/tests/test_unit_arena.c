// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for secrets (UNIT-2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "esvc_arena.h"

static void test_slots(void **state)
{
	struct esvc_arena *a = esvc_arena_new(100, 1500);
	uint32_t slot[1500], more;

	assert_non_null(a);
	for (unsigned int i = 0; i < 1500; i++) {
		uint8_t *p;

		assert_int_equal(esvc_arena_get(a, &slot[i]), 0);
		p = esvc_arena_at(a, slot[i]);
		assert_int_equal((uintptr_t)p % ESVC_ARENA_ALIGN, 0);
		for (unsigned int k = 0; k < 100; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xee, 100);
	}
	assert_int_equal(esvc_arena_get(a, &more), -ENOSPC);
	for (unsigned int i = 0; i < 1500; i++)	/* nobody wrote over anybody */
		assert_int_equal(((uint8_t *)esvc_arena_at(a, slot[i]))[99], 0xee);
	esvc_arena_put(a, slot[700]);
	assert_int_equal(esvc_arena_get(a, &more), 0);
	assert_int_equal(more, slot[700]);
	for (unsigned int k = 0; k < 100; k++)
		assert_int_equal(((uint8_t *)esvc_arena_at(a, more))[k], 0);
	esvc_arena_free(a);
}

static void test_arguments(void **state)
{
	assert_null(esvc_arena_new(0, 1));
	assert_null(esvc_arena_new(1, 0));
	assert_int_equal(errno, EINVAL);
	esvc_arena_free(NULL);
}

/* The VmFlags line of the mapping that holds p. */
static void vm_flags(const void *p, char *flags, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to, want = (unsigned long)p;
	char line[512];
	int inside = 0;

	assert_non_null(f);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = want >= from && want < to;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, size, "%s", line);
	}
	fclose(f);
}

static void test_locked_and_undumped(void **state)
{
	struct esvc_arena *a = esvc_arena_new(4096, 16);
	char flags[512];
	uint32_t slot;

	assert_non_null(a);
	assert_int_equal(esvc_arena_get(a, &slot), 0);
	vm_flags(esvc_arena_at(a, slot), flags, sizeof(flags));
	assert_non_null(strstr(flags, " lo"));	/* locked */
	assert_non_null(strstr(flags, " dd"));	/* not dumped */
	assert_non_null(strstr(flags, " wf"));	/* wiped on fork */
	esvc_arena_free(a);
}

/* What a child sees at p: its byte, or -signal. */
static int peek(const volatile uint8_t *p)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		_exit(*p);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_guards_and_fork(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct esvc_arena *a = esvc_arena_new(page, 1);
	uint32_t slot;
	uint8_t *p;

	assert_non_null(a);
	assert_int_equal(esvc_arena_get(a, &slot), 0);
	p = esvc_arena_at(a, slot);
	memset(p, 0x77, page);
	assert_int_equal(peek(p), 0);		/* a forked child gets zeros */
	assert_int_equal(p[0], 0x77);
	assert_int_equal(peek(p - 1), -SIGSEGV);
	assert_int_equal(peek(p + page), -SIGSEGV);
	esvc_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_locked_and_undumped),
		cmocka_unit_test(test_guards_and_fork),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL) ? 1 : 0;
}
