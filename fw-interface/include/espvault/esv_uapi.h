/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * /dev/espvaultN: commands of the trusted unit for privileged processes.
 *
 * A file descriptor is a session; the driver opens it with the first command
 * that needs one, and closing the descriptor zeroises its handles. Opening for
 * writing needs CAP_NET_ADMIN. A descriptor opened for reading may run only
 * UNIT_STATUS, SA_QUERY, SA_LIST, POLICY_QUERY, POLICY_LIST and COUNTERS_READ.
 */
#ifndef ESPVAULT_ESV_UAPI_H
#define ESPVAULT_ESV_UAPI_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include "esv_assert.h"

#define ESV_UAPI_VERSION	1

struct esv_uapi_info {
	__u32 size;		/* in: of the caller's struct; out: of the driver's */
	__u32 uapi_version;
	__u32 if_version;
	__u32 fw_version;
	__u32 ifindex;		/* of the netdev, in netns_cookie's namespace */
	__u32 mode;		/* ESV_MODE_* */
	__u64 netns_cookie;
	__u64 epoch;
	char ifname[16];
	char bus_info[32];
	__u32 ipsec_flags;	/* ESV_IPSEC_*; this and what follows: 0 on a device without ESP */
	__u32 algos;		/* bit n: enum esv_algo n */
	__u32 sa_max;
	__u32 policy_max;
	__u32 window_min;
	__u32 window_max;
};

/*
 * One admin command. The driver fills tag, function and session. Returns 0 when
 * the device answered, whatever its status; a negative errno when it was never
 * asked or did not answer: -EPERM opcode not allowed on this descriptor,
 * -EMSGSIZE lengths, -ETIMEDOUT no answer, -ENODEV device is gone,
 * -E2BIG unknown fields are not zero, -EFAULT memory of the caller.
 */
struct esv_uapi_cmd {
	__u32 size;		/* sizeof(struct esv_uapi_cmd) */
	__u16 opcode;
	__u16 status;		/* out: enum esv_status */
	__u16 err_off;		/* out */
	__u16 out_len;		/* out */
	__u32 object;		/* in: SA or policy handle; out: made by the command */
	__u64 in;		/* pointer */
	__u64 out;		/* pointer */
	__u16 in_len;
	__u16 out_cap;
	__u32 rsvd;
	__u8 inl[32];
	__u8 result[12];
	__u32 rsvd1;
};

#define ESV_IOC_INFO	_IOWR(0xe5, 1, struct esv_uapi_info)
#define ESV_IOC_CMD	_IOWR(0xe5, 2, struct esv_uapi_cmd)

ESV_UAPI_STRUCT_LIST(ESV_ASSERT_STRUCT)

#endif
