/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault(8) from inside. A command builds what it has to say as one JSON
 * object; --json prints that, otherwise text.c prints the same for people.
 */
#ifndef TOOL_H
#define TOOL_H

#include <espvault.h>
#include <json-c/json.h>
#include <stdbool.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,	/* by the unit, the device or the driver */
	EXIT_USAGE = 2,
	EXIT_NO_DEVICE = 3,	/* none there, or it can't be opened */
	EXIT_NOT_FOUND = 4,	/* device is fine, the object is not in it */
	EXIT_NOT_GENUINE = 5,	/* a statement was refused */
};

struct tool {
	bool json;
	int argc;		/* of the command, argv[0] is its name */
	char **argv;
};

struct command {
	const char *name;
	const char *args;
	const char *text;
	int (*run)(struct tool *t);
};

/* The whole program but main(). */
int tool_main(int argc, char **argv);

/* commands */
int cmd_list(struct tool *t);
int cmd_status(struct tool *t);
int cmd_caps(struct tool *t);
int cmd_exchange(struct tool *t);
int cmd_sa(struct tool *t);
int cmd_policy(struct tool *t);
int cmd_counters(struct tool *t);
int cmd_decode(struct tool *t);
int cmd_sessions(struct tool *t);
int cmd_selftest(struct tool *t);
int cmd_seal(struct tool *t);
int cmd_provision(struct tool *t);
int cmd_run(struct tool *t);
int cmd_zeroize(struct tool *t);
int cmd_lock(struct tool *t);
int cmd_bypass(struct tool *t);
int cmd_attest(struct tool *t);
int cmd_certificate(struct tool *t);
int cmd_verify(struct tool *t);

/* Say why on stderr, "espvault: ...", and return code. */
int complain(enum exit_code code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The name of a file or device in a message, which shows also when it is empty. */
const char *shown(const char *path);
/* The unit refused. */
int complain_unit(const struct espvault *unit, const char *path, int err);

/* Open path, or with NULL the only unit of this host. EXIT_OK, else it has complained. *name: its path. */
int open_unit(const char *path, unsigned int flags, struct espvault **unit, char name[64]);
/*
 * The command takes nothing, or one device: open that, or the only unit, to look at it. EXIT_OK,
 * else it has complained.
 */
int open_to_look(struct tool *t, struct espvault **unit, char name[64]);

/* The same, for writing if this program may do that. */
int open_to_ask(struct tool *t, struct espvault **unit, char name[64]);

struct option;

/*
 * All options of the command, each with its value if it has one, to take(), none of them twice. letters: ":", and those
 * of one letter as getopt(3) has them. Options that take no value have numbers from 256 on. What is left stands at
 * optind. EXIT_OK, else it or take() has complained.
 */
int take_options(struct tool *t, const char *letters, const struct option *options,
		 int (*take)(void *arg, int option, const char *text), void *arg);

/* A number from min to max, or false. */
bool number(const char *text, uint64_t min, uint64_t max, uint64_t *n);
bool number32(const char *text, uint32_t min, uint32_t max, uint32_t *n);
/* At most max bytes as hex digits, an even number of them, with or without 0x, or false. */
bool hex_decode(const char *text, uint8_t *out, size_t max, size_t *len);
/* The same of exactly n bytes. */
bool hex_bytes(const char *text, uint8_t *bytes, size_t n);
/* 4 or 6 and daddr, or 0. */
uint8_t ip_address(const char *text, uint8_t daddr[16]);

/* Words for the interface's numbers; "unknown" otherwise. */
const char *word_dir(unsigned int n);
const char *word_mode(unsigned int n);
const char *word_action(unsigned int n);
const char *word_algo(unsigned int n);
const char *word_custody(unsigned int n);
const char *word_vouch(unsigned int n);
const char *word_sa_state(unsigned int n);
const char *word_subject(unsigned int n);
const char *word_handle(unsigned int n);
const char *word_handle_state(unsigned int n);

/* JSON helpers: add a member. */
void put_str(struct json_object *o, const char *key, const char *value);
void put_u64(struct json_object *o, const char *key, uint64_t value);
void put_hex64(struct json_object *o, const char *key, uint64_t value);
void put_bool(struct json_object *o, const char *key, bool value);
void put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t len);
void put_spi(struct json_object *o, uint32_t spi);
void put_version(struct json_object *o, const char *key, uint32_t version, bool patch);
/* ESV_MODE_* as words. */
void put_mode(struct json_object *o, uint32_t mode);
/* family 4 or 6, network order */
void put_addr(struct json_object *o, const char *key, unsigned int family, const uint8_t *addr);
void put_prefix(struct json_object *o, const char *key, unsigned int family, const uint8_t *addr,
		unsigned int plen);
/* The names of the bits that are set, of n. */
void put_words(struct json_object *o, const char *key, uint32_t bits, const char *const *names, unsigned int n);

/* What status says, without the names of the device. */
void put_status(struct json_object *o, const struct espvault_info *info);

/* Print o as JSON or as "name: value" lines, and drop it. EXIT_OK. */
int print_object(const struct tool *t, struct json_object *o);
/* Print an array as JSON, or line() of each element; drop it. */
int print_array(const struct tool *t, struct json_object *a, void (*line)(struct json_object *o));
/*
 * Where bytes go for which the command line may name a file; NULL: it names none. "-" is standard output, and then no
 * answer goes there; but with --json there is one, and it has the bytes in it.
 */
bool to_file(const struct tool *t, const char *file);
bool stdout_alone(const struct tool *t, const char *file);
/* Member of o as text; "" when it is not there. */
const char *get(struct json_object *o, const char *key);

#endif
