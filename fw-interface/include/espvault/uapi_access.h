/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Which commands come from a descriptor of a unit, be it a driver's or a
 * process's (UAPI-1, UAPI-4). Who offers one asks here, so that both allow the same.
 */
#ifndef ESPVAULT_UAPI_ACCESS_H
#define ESPVAULT_UAPI_ACCESS_H

#include "esv_uapi.h"
#include "esv_if.h"

enum esv_allow {
	ESV_ALLOW_READ = 1,	/* any descriptor */
	ESV_ALLOW_WRITE = 2,	/* those opened for writing */
	ESV_ALLOW_SESSION = 4,	/* the object is the descriptor's session */
};

/* ESV_ALLOW_*; 0: the command belongs to the driver alone. */
static inline unsigned int esv_allowed(__u16 opcode)
{
	switch (opcode) {
	case ESV_OP_UNIT_STATUS:
	case ESV_OP_SA_QUERY:
	case ESV_OP_SA_LIST:
	case ESV_OP_POLICY_QUERY:
	case ESV_OP_POLICY_LIST:
	case ESV_OP_COUNTERS_READ:
		return ESV_ALLOW_READ | ESV_ALLOW_WRITE;
	case ESV_OP_NOP:
	case ESV_OP_IDENTIFY:
	case ESV_OP_SPD_LOCK:
	case ESV_OP_BYPASS_SET:
	case ESV_OP_SELFTEST:
		return ESV_ALLOW_WRITE;
	case ESV_OP_NONCE_GEN:
	case ESV_OP_KE_GEN:
	case ESV_OP_KE_FINISH:
	case ESV_OP_IKE_DERIVE:
	case ESV_OP_AUTH_ASSERT:
	case ESV_OP_CHILD_DERIVE:
	case ESV_OP_DESTROY:
	case ESV_OP_ZEROIZE:
	case ESV_OP_HANDLE_QUERY:
	case ESV_OP_KE_ENCAP:
	case ESV_OP_IKE_UPDATE:
	case ESV_OP_IKE_REKEY:
	case ESV_OP_PPK_APPLY:
	case ESV_OP_IKE_SEAL:
	case ESV_OP_IKE_OPEN:
	case ESV_OP_INTAUTH:
	case ESV_OP_AUTH_SIGN:
	case ESV_OP_AUTH_VERIFY:
	case ESV_OP_PROVISION:
	case ESV_OP_ATTEST:
	case ESV_OP_ALG_TEST:
		return ESV_ALLOW_WRITE | ESV_ALLOW_SESSION;
	default:
		return 0;
	}
}

/* Zeroising more than a session needs none: a locked unit opens none (UNIT-30, UNIT-40). */
static inline int esv_needs_session(const struct esv_uapi_cmd *u)
{
	return esv_allowed(u->opcode) & ESV_ALLOW_SESSION &&
	       (u->opcode != ESV_OP_ZEROIZE || u->inl[0] == ESV_ZEROIZE_SESSION);
}

#endif
