// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Planted mistakes, one for each debug facility: shows that the scan of the
 * debug kernel's reports can fail. Loading always fails, so nothing stays.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "lock, sleep, uaf or leak");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static void wrong_lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(1);
	spin_unlock(&spin);
}

static void use_after_free(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return;
	kfree((void *)p);
	p[8];
}

static void leak(void)
{
	int i;

	/* Several, so that a stale pointer on the stack can't hide them all. */
	for (i = 0; i < 16; i++)
		if (!kmalloc(96, GFP_KERNEL))
			return;
}

static int __init splat_init(void)
{
	if (!strcmp(what, "lock"))
		wrong_lock_order();
	else if (!strcmp(what, "sleep"))
		sleep_in_atomic();
	else if (!strcmp(what, "uaf"))
		use_after_free();
	else if (!strcmp(what, "leak"))
		leak();
	return -EAGAIN;
}
module_init(splat_init);

MODULE_DESCRIPTION("planted mistakes for the tests of espvault");
MODULE_LICENSE("GPL");
