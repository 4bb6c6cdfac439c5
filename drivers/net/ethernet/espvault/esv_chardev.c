// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/espvaultN: commands of the trusted unit for privileged processes.
 *
 * An open file is a session of the unit. The device may go while files are
 * open: from then on they answer -ENODEV. No lock is held over a command; a
 * file only keeps the device from going until its command is answered, which
 * takes a bounded time.
 */
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include <espvault/uapi_access.h>

#include "esv_chardev.h"
#include "esv_hw.h"

static DEFINE_IDA(esv_chardev_ida);

/**
 * struct esv_chardev - one character device
 * @misc: how it is registered
 * @kref: one for the device, one for each open file
 * @edev: device; valid while @active is not zero
 * @active: one until the device goes, one for each command under way
 * @idle: completed when @active got zero
 * @id: the N of its name
 * @name: its name
 */
struct esv_chardev {
	struct miscdevice misc;
	struct kref kref;
	struct esv_dev *edev;
	refcount_t active;
	struct completion idle;
	int id;
	char name[24];
};

/**
 * struct esv_file - one open file
 * @cdev: its device
 * @lock: @session and @epoch, while they are set up
 * @open: there is a session
 * @session: the unit's name for it
 * @epoch: epoch in which it was opened; another one has other sessions
 * @writer: opened for writing
 */
struct esv_file {
	struct esv_chardev *cdev;
	struct mutex lock;	/* session and epoch */
	bool open;
	u32 session;
	u64 epoch;
	bool writer;
};

static void esv_chardev_destroy(struct kref *kref)
{
	kfree(container_of(kref, struct esv_chardev, kref));
}

/* The device, which stays until esv_chardev_leave(); NULL if it is gone. */
static struct esv_dev *esv_chardev_enter(struct esv_chardev *cdev)
{
	return refcount_inc_not_zero(&cdev->active) ? cdev->edev : NULL;
}

static void esv_chardev_leave(struct esv_chardev *cdev)
{
	if (refcount_dec_and_test(&cdev->active))
		complete(&cdev->idle);
}

static int esv_open(struct inode *inode, struct file *file)
{
	struct esv_chardev *cdev = container_of(file->private_data, struct esv_chardev, misc);
	bool writer = file->f_mode & FMODE_WRITE;
	struct esv_file *f;

	if (writer && !capable(CAP_NET_ADMIN))
		return -EPERM;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	kref_get(&cdev->kref);
	f->cdev = cdev;
	f->writer = writer;
	mutex_init(&f->lock);
	file->private_data = f;
	return nonseekable_open(inode, file);
}

static int esv_release(struct inode *inode, struct file *file)
{
	struct esv_file *f = file->private_data;
	struct esv_dev *edev = esv_chardev_enter(f->cdev);
	struct esv_cmd cmd = { .opcode = ESV_OP_SESSION_CLOSE, .object = f->session };

	if (edev) {
		/* In another epoch the number is someone else's. */
		if (f->open && f->epoch == READ_ONCE(edev->epoch))
			esv_admin_exec(edev, &cmd);
		esv_chardev_leave(f->cdev);
	}
	kref_put(&f->cdev->kref, esv_chardev_destroy);
	mutex_destroy(&f->lock);
	kfree(f);
	return 0;
}

/*
 * A reset ends all sessions: the next command opens a new one, without handles.
 * Returns 0; 1: the unit refused, its words are in @u; or a negative errno.
 */
static int esv_session_get(struct esv_file *f, struct esv_dev *edev, struct esv_uapi_cmd *u,
			   u32 *session)
{
	struct esv_cmd cmd = { .opcode = ESV_OP_SESSION_OPEN };
	u64 epoch = READ_ONCE(edev->epoch);
	bool have;
	int err;

	mutex_lock(&f->lock);
	have = f->open && f->epoch == epoch;
	*session = f->session;
	mutex_unlock(&f->lock);
	if (have)
		return 0;

	err = esv_admin_exec(edev, &cmd);
	/* The event of a new epoch may still be on its way. */
	esv_hw_refresh(edev);
	epoch = READ_ONCE(edev->epoch);
	if (err && cmd.answered) {
		u->status = cmd.status;
		u->err_off = cmd.err_off;
		u->out_len = 0;
		return 1;
	}
	if (err)
		return err;
	mutex_lock(&f->lock);
	have = f->open && f->epoch == epoch;
	if (!have) {
		f->open = true;
		f->epoch = epoch;
		f->session = cmd.object_out;
	}
	*session = f->session;
	mutex_unlock(&f->lock);
	/* Two threads came at once: the second session is not needed. */
	if (have) {
		cmd = (struct esv_cmd){ .opcode = ESV_OP_SESSION_CLOSE, .object = cmd.object_out };
		esv_admin_exec(edev, &cmd);
	}
	return 0;
}

/* The unit has closed the session: the next command opens a new one. */
static void esv_session_forget(struct esv_file *f, u32 session)
{
	mutex_lock(&f->lock);
	if (f->session == session)
		f->open = false;
	mutex_unlock(&f->lock);
}

static int esv_cmd_check(const struct esv_file *f, const struct esv_uapi_cmd *u,
			 unsigned int allow)
{
	if (!(allow & (f->writer ? ESV_ALLOW_WRITE : ESV_ALLOW_READ)))
		return -EPERM;
	if (u->rsvd || u->rsvd1)
		return -E2BIG;
	if (u->in_len > ESV_ADMIN_BUF || u->out_cap > ESV_ADMIN_BUF)
		return -EMSGSIZE;
	return 0;
}

/*
 * Whether the answer can be given, before the device is asked for it: what it
 * makes would be nobody's.
 */
static int esv_writeable(u64 to, size_t len)
{
	return fault_in_safe_writeable(u64_to_user_ptr(to), len) ? -EFAULT : 0;
}

/* in and out are the caller's to wipe and free. */
static int esv_cmd_buffers(const struct esv_uapi_cmd *u, void **in, void **out)
{
	*in = NULL;
	*out = NULL;
	if (u->in_len) {
		*in = memdup_user(u64_to_user_ptr(u->in), u->in_len);
		if (IS_ERR(*in)) {
			int err = PTR_ERR(*in);

			*in = NULL;
			return err;
		}
	}
	if (u->out_cap) {
		int err = esv_writeable(u->out, u->out_cap);

		if (err)
			return err;
		*out = kzalloc(u->out_cap, GFP_KERNEL);
		if (!*out)
			return -ENOMEM;
	}
	return 0;
}

/* The device's answer goes to the caller, also when it is a refusal. */
static int esv_cmd_answer(struct esv_uapi_cmd *u, const struct esv_cmd *cmd)
{
	if (!cmd->answered)
		return cmd->err ? cmd->err : -EIO;
	u->status = cmd->status;
	u->err_off = cmd->err_off;
	u->out_len = cmd->out_len;
	u->object = cmd->object_out;
	memcpy(u->result, cmd->result, sizeof(u->result));
	if (cmd->out_len > cmd->out_cap)
		return -EPROTO;
	if (cmd->out_len && copy_to_user(u64_to_user_ptr(u->out), cmd->out, cmd->out_len))
		return -EFAULT;
	return 0;
}

static int esv_cmd_run(struct esv_file *f, struct esv_dev *edev, struct esv_uapi_cmd *u)
{
	unsigned int allow = esv_allowed(u->opcode);
	struct esv_cmd cmd = {
		.opcode = u->opcode,
		.object = u->object,
		.in_len = u->in_len,
		.out_cap = u->out_cap,
	};
	void *in, *out;
	bool session;
	int err;

	err = esv_cmd_check(f, u, allow);
	if (err)
		return err;
	err = esv_cmd_buffers(u, &in, &out);
	if (err)
		goto out;
	session = esv_needs_session(u);
	if (allow & ESV_ALLOW_SESSION)
		cmd.object = 0;
	if (session) {
		err = esv_session_get(f, edev, u, &cmd.object);
		if (err) {
			err = min(err, 0);
			goto out;
		}
	}
	memcpy(cmd.inl, u->inl, sizeof(cmd.inl));
	cmd.in = in;
	cmd.out = out;
	esv_admin_exec(edev, &cmd);
	if (u->opcode == ESV_OP_SPD_LOCK)
		esv_hw_refresh(edev);
	if (session && cmd.answered && cmd.status == ESV_S_BAD_HANDLE &&
	    cmd.err_off == (ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object)))
		esv_session_forget(f, cmd.object);
	err = esv_cmd_answer(u, &cmd);
out:
	kfree_sensitive(in);
	kfree_sensitive(out);
	return err;
}

static long esv_ioctl_cmd(struct esv_file *f, struct esv_dev *edev, void __user *arg)
{
	struct esv_uapi_cmd u;
	u32 size;
	int err;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(u))
		return -EMSGSIZE;
	err = copy_struct_from_user(&u, sizeof(u), arg, size);
	if (err)
		return err;
	err = esv_writeable((uintptr_t)arg, sizeof(u));
	if (err)
		return err;
	err = esv_cmd_run(f, edev, &u);
	if (err)
		return err;
	return copy_to_user(arg, &u, sizeof(u)) ? -EFAULT : 0;
}

static void esv_info_fill(struct esv_uapi_info *info, struct esv_dev *edev)
{
	struct net_device *netdev = edev->netdev;

	*info = (struct esv_uapi_info){
		.size = sizeof(*info),
		.uapi_version = ESV_UAPI_VERSION,
		.if_version = edev->if_version,
		.fw_version = edev->fw_version,
		.ifindex = netdev->ifindex,
		.mode = READ_ONCE(edev->mode),
		.epoch = READ_ONCE(edev->epoch),
		.ipsec_flags = edev->caps.ipsec_flags,
		.algos = edev->caps.algos,
		.sa_max = edev->caps.sa_max,
		.policy_max = edev->caps.policy_max,
		.window_min = edev->caps.window_min,
		.window_max = edev->caps.window_max,
	};
	/* The interface may be on its way out of a namespace that goes. */
	rcu_read_lock();
	info->netns_cookie = dev_net(netdev)->net_cookie;
	rcu_read_unlock();
	strscpy(info->ifname, netdev->name, sizeof(info->ifname));
	strscpy(info->bus_info, pci_name(edev->pdev), sizeof(info->bus_info));
}

static long esv_ioctl_info(struct esv_dev *edev, void __user *arg)
{
	struct esv_uapi_info info;
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(size))
		return -EMSGSIZE;
	esv_info_fill(&info, edev);
	return copy_to_user(arg, &info, min_t(u32, size, sizeof(info))) ? -EFAULT : 0;
}

static long esv_ioctl(struct file *file, unsigned int req, unsigned long arg)
{
	struct esv_file *f = file->private_data;
	struct esv_dev *edev = esv_chardev_enter(f->cdev);
	void __user *user = (void __user *)arg;
	long ret;

	if (!edev)
		return -ENODEV;
	switch (req) {
	case ESV_IOC_INFO:
		ret = esv_ioctl_info(edev, user);
		break;
	case ESV_IOC_CMD:
		ret = esv_ioctl_cmd(f, edev, user);
		break;
	default:
		ret = -ENOTTY;
	}
	esv_chardev_leave(f->cdev);
	return ret;
}

static const struct file_operations esv_fops = {
	.owner = THIS_MODULE,
	.open = esv_open,
	.release = esv_release,
	.unlocked_ioctl = esv_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * esv_chardev_new() - make /dev/espvaultN
 * @edev: device
 *
 * Return: the character device, or an error pointer.
 */
struct esv_chardev *esv_chardev_new(struct esv_dev *edev)
{
	struct esv_chardev *cdev;
	int err;

	cdev = kzalloc(sizeof(*cdev), GFP_KERNEL);
	if (!cdev)
		return ERR_PTR(-ENOMEM);
	kref_init(&cdev->kref);
	refcount_set(&cdev->active, 1);
	init_completion(&cdev->idle);
	cdev->edev = edev;

	cdev->id = ida_alloc(&esv_chardev_ida, GFP_KERNEL);
	if (cdev->id < 0) {
		err = cdev->id;
		goto err_free;
	}
	snprintf(cdev->name, sizeof(cdev->name), "espvault%d", cdev->id);
	cdev->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = cdev->name,
		.fops = &esv_fops,
		.parent = &edev->pdev->dev,
		.mode = 0600,
	};
	err = misc_register(&cdev->misc);
	if (err)
		goto err_id;
	return cdev;

err_id:
	ida_free(&esv_chardev_ida, cdev->id);
err_free:
	kfree(cdev);
	return ERR_PTR(err);
}

/**
 * esv_chardev_free() - the device goes
 * @cdev: character device
 *
 * Waits for commands under way. Files that are open stay, and answer -ENODEV.
 */
void esv_chardev_free(struct esv_chardev *cdev)
{
	misc_deregister(&cdev->misc);
	esv_chardev_leave(cdev);
	wait_for_completion(&cdev->idle);
	ida_free(&esv_chardev_ida, cdev->id);
	kref_put(&cdev->kref, esv_chardev_destroy);
}
