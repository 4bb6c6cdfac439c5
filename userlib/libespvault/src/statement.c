// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is in a statement, once its signature is known to be good. */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_form(const struct esp_verify *v, const struct esv_statement *st, size_t len)
{
	if (len < offsetof(struct esv_statement, subject) || memcmp(st->magic, ESV_STATEMENT_MAGIC, sizeof(st->magic)))
		return esp_verify_refuse(v, -EBADMSG, "what was signed is no statement of a unit");
	if (le16toh(st->version) != ESV_STATEMENT_VERSION)
		return esp_verify_refuse(v, -EPROTONOSUPPORT, "the statement has a version that is not known here");
	if (len != sizeof(*st))
		return esp_verify_refuse(v, -EBADMSG, "the statement has not the length of its version");
	if (st->subject < ESV_SUBJECT_UNIT || st->subject > ESV_SUBJECT_SA || le16toh(st->id_len) > sizeof(st->id))
		return esp_verify_refuse(v, -EBADMSG, "a field of the statement has a value out of range");
	return 0;
}

/* The device key signed the certificate, the boot key the statement: both must tell the same. */
static int check_agreement(const struct esp_verify *v, const struct esv_statement *st, const struct esp_boot *boot)
{
	int test = !!(le32toh(st->mode) & ESV_MODE_TEST);
	char id[20];

	snprintf(id, sizeof(id), "%016" PRIx64, le64toh(st->device_id));
	if (strcmp(id, boot->device_id))
		return esp_verify_refuse(v, -EPROTO, "statement and boot certificate name different devices");
	if (memcmp(st->measurement, boot->measurement, sizeof(st->measurement)))
		return esp_verify_refuse(v, -EPROTO, "statement and boot certificate have different measurements");
	if (test != boot->test)
		return esp_verify_refuse(v, -EPROTO, "only one of statement and boot certificate says test mode");
	return 0;
}

static void give_sa(struct espvault_statement *out, const struct esv_sa_info *sa)
{
	out->sa_handle = le32toh(sa->handle);
	out->spi = be32toh(sa->spi);
	out->family = sa->family;
	out->sa_mode = sa->mode;
	out->algo = sa->algo;
	out->sa_state = sa->state;
	out->sa_flags = le32toh(sa->flags);
	out->reqid = le32toh(sa->reqid);
	out->window = le32toh(sa->window);
	memcpy(out->saddr, sa->saddr, sizeof(out->saddr));
	memcpy(out->daddr, sa->daddr, sizeof(out->daddr));
	out->seq = le64toh(sa->seq);
	out->packets = le64toh(sa->packets);
	out->bytes = le64toh(sa->bytes);
	out->auth_failed = le64toh(sa->auth_failed);
	out->replay_dropped = le64toh(sa->replay_dropped);
	out->other_dropped = le64toh(sa->other_dropped);
	out->sa_epoch = le64toh(sa->epoch);
}

static int give(struct espvault_statement *out, const struct esv_statement *st)
{
	struct espvault_statement mine = {
		.size = sizeof(mine), .mode = le32toh(st->mode), .if_version = le32toh(st->if_version),
		.fw_version = le32toh(st->fw_version), .device_id = le64toh(st->device_id),
		.epoch = le64toh(st->epoch), .resets = le64toh(st->resets), .sessions = le32toh(st->sessions),
		.handles = le32toh(st->handles), .keys_installed = le32toh(st->keys_installed),
		.keys_pending = le32toh(st->keys_pending), .subject = st->subject, .type = st->type,
		.state = st->state, .vouch = st->vouch, .dir = st->dir, .custody = st->custody,
		.id_type = st->id_type, .id_len = le16toh(st->id_len), .handle = le64toh(st->handle),
	};

	memcpy(mine.nonce, st->nonce, sizeof(mine.nonce));
	memcpy(mine.measurement, st->measurement, sizeof(mine.measurement));
	memcpy(mine.provision_key, st->provision_key, sizeof(mine.provision_key));
	memcpy(mine.id, st->id, sizeof(mine.id));
	if (st->subject == ESV_SUBJECT_SA)
		give_sa(&mine, &st->sa);
	return esp_struct_out(out, &mine, sizeof(mine), offsetof(struct espvault_statement, spi));
}

int esp_statement_judge(const struct esp_verify *v, const void *content, size_t len, struct espvault_statement *out)
{
	struct esv_statement st = { .version = 0 };
	struct esp_boot boot;
	int err;

	memcpy(&st, content, len < sizeof(st) ? len : sizeof(st));
	err = check_form(v, &st, len);
	if (err)
		return err;
	if (esp_boot_read(v->signer, &boot))
		return esp_verify_refuse(v, -EPROTO, "the certificate that signed the statement is no boot certificate");
	err = check_agreement(v, &st, &boot);
	if (err)
		return err;
	if (v->p.nonce && memcmp(v->p.nonce, st.nonce, sizeof(st.nonce)))
		return esp_verify_refuse(v, -ESTALE, "the statement has another nonce: it answers another question");
	if (boot.test && !(v->p.flags & ESPVAULT_ACCEPT_TEST))
		return esp_verify_refuse(v, -EPERM, "the unit is in test mode, where its secrets can be read");
	err = give(out, &st);
	return err ? esp_verify_refuse(v, err, "struct espvault_statement has a size that is not known") : 0;
}
