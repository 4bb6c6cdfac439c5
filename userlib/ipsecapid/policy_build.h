/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a policy from what files say, in the order in which they are read. What a section of a
 * name said in an earlier file stays but for the keys that a later file gives.
 */
#ifndef IPSECAPID_POLICY_BUILD_H
#define IPSECAPID_POLICY_BUILD_H

#include "policy.h"

struct policy_build {
	struct policy *policy;
	struct complaints *c;
	const char *file;		/* being read */
	bool shipped;			/* it is the shipped file */
	unsigned int files;		/* read so far, with this one */
	/* the section being read */
	struct policy_class *class;	/* or NULL */
	struct policy_rule *rule;	/* or NULL */
	uint32_t given;			/* its keys in this file, as bits */
	/* where each class was last opened, where each rule says what it uses, and by which file */
	struct place class_at[POLICY_CLASSES];
	unsigned int class_file[POLICY_CLASSES];
	struct place rule_at[POLICY_RULES];
	unsigned int rule_file[POLICY_RULES];
	char rule_class[POLICY_RULES][POLICY_CLASS_NAME];	/* classes may follow their rules */
};

/* Begin with nothing. @policy and @c are the caller's and outlive @b. */
void policy_build_begin(struct policy_build *b, struct policy *policy, struct complaints *c);
/* Take in one file. @file is kept until the end. */
void policy_build_file(struct policy_build *b, const char *file, bool shipped, const char *text,
		       size_t length);
/* Judge the whole. Returns 0, or -EINVAL when there was any complaint: it is no policy then. */
int policy_build_end(struct policy_build *b);

/* class_keys.c. Returns false when a class has no key of that name. */
bool class_key(struct policy_build *b, const struct place *at, const char *key, const char *value);
extern const char class_key_names[];
void class_defaults(struct policy_class *c);
/* Its set, from what it lists. */
void class_finish(struct policy_build *b, struct policy_class *c, const struct place *at);

/* rule_keys.c, the same for a rule. */
bool rule_key(struct policy_build *b, const struct place *at, const char *key, const char *value);
extern const char rule_key_names[];
void rule_defaults(struct policy_rule *r, int layer);
void rule_finish(struct policy_build *b, uint32_t number);

/* accounts.c: the number of a user or of the policy's group. False when it was complained of. */
bool account_user(struct policy_build *b, const struct place *at, const char *key, const char *name,
		  uint32_t *uid);
bool account_group(struct policy_build *b, const struct place *at, const char *key, const char *name,
		   uint32_t *group);

/* What a kind of section may have, at most 32 of them. */
struct policy_key {
	const char *name;
	void (*take)(struct policy_build *b, const struct place *at, const char *value);
};

/* Let the key of that name take the value, once in a section of a file. Returns false when there is none. */
bool policy_key(struct policy_build *b, const struct place *at, const struct policy_key *keys, size_t n,
		const char *key, const char *value);

/*
 * values.c: call @take for each of the words of a list that commas separate. Complains of
 * lists without a word between two commas.
 */
void value_list(struct policy_build *b, const struct place *at, const char *key, const char *value,
		void (*take)(struct policy_build *b, const struct place *at, const char *word, void *arg),
		void *arg);
/* A decimal number within bounds; complains otherwise. */
bool value_number(struct policy_build *b, const struct place *at, const char *key, const char *value,
		  uint32_t min, uint32_t max, uint32_t *number);
/* The position of @value in @words, which a NULL ends; complains and returns -1. */
int value_word(struct policy_build *b, const struct place *at, const char *key, const char *value,
	       const char *const *words);
/* A name of letters, digits, '-', '_' and '.', shorter than @size. */
bool value_name_valid(const char *name, size_t size);

#endif
