/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command handlers of the trusted unit share. */
#ifndef ESVC_UNIT_CMD_H
#define ESVC_UNIT_CMD_H

#include "esvc_dev.h"
#include "esvc_unit_priv.h"

/* The session that the request names, in a unit that is not locked; expired tokens are gone. */
enum esv_status esvc_unit_enter(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esvc_session **s);
/* Payload bytes [from, to), as far as they were sent, must be zero. */
enum esv_status esvc_unit_zeros(struct esvc_cmd *cmd, size_t from, size_t to);
/* A new handle within the session's quota: OK, LIMIT, NO_RESOURCE. */
enum esv_status esvc_unit_make(struct esvc_unit *unit, struct esvc_session *s, unsigned int type,
			       struct esvc_handle **h);

/* esvc_unit_ke.c */
enum esv_status esvc_unit_ke_gen(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ke_finish(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_ke_encap(struct esvc_dev *dev, struct esvc_cmd *cmd);

/* esvc_unit_derive.c */
enum esv_status esvc_unit_ike_derive(struct esvc_dev *dev, struct esvc_cmd *cmd);
enum esv_status esvc_unit_child_derive(struct esvc_dev *dev, struct esvc_cmd *cmd);

#endif
