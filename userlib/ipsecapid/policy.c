// SPDX-License-Identifier: GPL-2.0-or-later
/* What the classes of a policy say. */
#include <errno.h>
#include <string.h>

#include "policy.h"

int policy_describe_class(const struct policy *p, uint32_t index, struct ipsecapi_class *cls)
{
	const struct policy_class *c;

	if (index >= p->n_classes)
		return -ENOENT;
	c = &p->classes[index];
	memset(cls, 0, sizeof(*cls));
	cls->strength = c->strength;
	cls->version = c->version;
	memcpy(cls->name, c->name, sizeof(cls->name));
	memcpy(cls->description, c->description, sizeof(cls->description));
	return 0;
}

/* What does not encrypt is ranked by what authenticates it, whether the class accepts it or not. */
static bool takes(const struct policy_class *c, uint8_t cipher, uint8_t auth)
{
	if (cipher == CIPHER_NULL)
		return c->auths >> auth & 1;
	return (c->ciphers >> cipher & 1) && (cipher_is_aead(cipher) || (c->auths >> auth & 1));
}

uint8_t policy_strength(const struct policy *p, uint8_t cipher, uint8_t auth)
{
	uint8_t strength = IPSECAPI_STRENGTH_UNKNOWN;
	uint32_t i;

	if (cipher == CIPHER_NULL && auth == AUTH_NONE)
		return IPSECAPI_STRENGTH_NONE;
	for (i = 0; i < POLICY_RANKED && i < p->n_classes; i++)
		if (takes(&p->classes[i], cipher, auth))
			strength = p->classes[i].strength;
	return strength;
}

int policy_class_by_name(const struct policy *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->n_classes; i++)
		if (!strcmp(p->classes[i].name, name))
			return i;
	return -1;
}
