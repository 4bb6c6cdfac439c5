/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * espvault device core: the whole device as a portable library.
 *
 * No global state, no thread, no lock: calls on one device must not overlap
 * (the host serialises them). The device reaches the world only through
 * struct esvc_host_ops. Everything that a guest hands in is untrusted.
 */
#ifndef ESVC_H
#define ESVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esvc_dev;

/*
 * What the device needs from its host. opaque is the pointer given to
 * esvc_new. DMA callbacks return 0 or a negative errno and may fail at any
 * time; they must not call back into the core.
 */
struct esvc_host_ops {
	int (*dma_read)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *opaque, uint64_t addr, const void *buf, size_t len);
	/* Raise MSI-X vector (edge). */
	void (*irq)(void *opaque, unsigned int vector);
	/* Put a frame on the wire: 0 taken, -EAGAIN the wire is full: the core keeps it
	 * and goes on after esvc_wire_ready(). Never blocks. */
	int (*frame_out)(void *opaque, const uint8_t *frame, size_t len);
	/* Receive buffers have appeared: the host may offer parked frames again. */
	void (*rx_ready)(void *opaque);
	/* Call esvc_run() soon, outside of the current call. */
	void (*kick)(void *opaque);
	/* Call esvc_timer() at or after this time on the time_ns clock; 0: never. */
	void (*timer)(void *opaque, uint64_t deadline_ns);
	uint64_t (*time_ns)(void *opaque);	/* monotonic */
	int (*random)(void *opaque, void *buf, size_t len);
	/* Seconds since 1970, UTC, of the device's own clock, by which certificates expire. NULL: time(2). */
	int64_t (*wall_s)(void *opaque);
	/* The guest broke a clause of the specification; may be NULL. */
	void (*guest_error)(void *opaque, const char *clause, const char *text);
	/* Trace point, may be NULL: never gets a secret. */
	void (*trace)(void *opaque, const char *event, uint64_t a, uint64_t b);
};

enum esvc_backend { ESVC_AEAD_AUTO, ESVC_AEAD_EVP, ESVC_AEAD_IPSEC_MB };

/* Faults that tests arm; each is named in a capability (CAP-15). */
enum esvc_fault {
	ESVC_FAULT_NONE,
	ESVC_FAULT_ADMIN_HANG,		/* the nth admin command is never completed */
	ESVC_FAULT_ADMIN_BUSY,		/* ... is answered BUSY */
	ESVC_FAULT_SA_ADD_FAIL,		/* ... SA_ADD answers INTERNAL */
	ESVC_FAULT_HEARTBEAT,		/* heartbeat stands still */
	ESVC_FAULT_IRQ_LOST,		/* every nth interrupt is not raised */
	ESVC_FAULT_SELFTEST,		/* power-on self-test n fails */
	ESVC_FAULT_ICV,			/* every nth sent ICV is wrong */
	ESVC_FAULT_EVENT_FLOOD,		/* spurious SA events */
	ESVC_FAULT_POLICY_ADD_FAIL,	/* the nth POLICY_ADD answers INTERNAL */
	ESVC_FAULT_RX_BUFFER,		/* every nth frame finds its buffers out of reach */
	ESVC_FAULT_REMOVE_BUSY,		/* the first n SA_DELETE, POLICY_DELETE, POLICY_FREEZE answer BUSY */
};

struct esvc_config {
	uint8_t mac[6];
	uint16_t queue_pairs;		/* 1..64 */
	uint16_t function;
	uint32_t sa_max;		/* 1..2^20 */
	uint32_t policy_max;
	uint32_t handle_max;
	uint32_t ke_methods;	/* bit n: enum esv_ke n may be offered, if libcrypto has it; 0: all */
	bool strict;
	bool test_mode;			/* secrets can be read by esvc_test_secrets() */
	bool host_keys;			/* L1 imports are accepted */
	bool ipsec;			/* false: a device without the capability */
	bool unit;			/* false: no trusted unit */
	bool sync;			/* work is done inside esvc_doorbell() */
	enum esvc_backend backend;
	enum esvc_fault fault;
	uint32_t fault_n;
	bool has_device_secret;		/* false: a new device at every power-on */
	uint8_t device_secret[32];	/* copied into the unit; the caller wipes its own */
};

void esvc_config_default(struct esvc_config *cfg);

/* NULL with errno set on bad configuration or no memory. */
struct esvc_dev *esvc_new(const struct esvc_config *cfg, const struct esvc_host_ops *ops, void *opaque);
void esvc_free(struct esvc_dev *dev);	/* wipes all secrets */

uint32_t esvc_reg_read(struct esvc_dev *dev, uint32_t off);
void esvc_reg_write(struct esvc_dev *dev, uint32_t off, uint32_t val);
void esvc_doorbell(struct esvc_dev *dev, uint32_t off);

/* Do pending work, at most budget frames or commands. True: more is left. */
bool esvc_run(struct esvc_dev *dev, unsigned int budget);
void esvc_timer(struct esvc_dev *dev);
void esvc_wire_ready(struct esvc_dev *dev);
void esvc_link(struct esvc_dev *dev, bool up);

/* A frame from the wire. >0: taken (or dropped and counted), 0: no buffers, keep it. */
int esvc_receive(struct esvc_dev *dev, const uint8_t *frame, size_t len);

/* reason: enum esv_reset_reason. Zeroises the unit, bumps its epoch (RST-2). */
void esvc_reset(struct esvc_dev *dev, unsigned int reason);

/*
 * NIC configuration, rings and mode; no SADB, no SPD entries, no secret
 * (VMS-1). Load treats its input as hostile and answers -EINVAL with nothing
 * changed; after it the SPD drops all and the epoch has changed (VMS-3).
 */
#define ESVC_STATE_SIZE 16384
int esvc_state_save(struct esvc_dev *dev, uint8_t buf[ESVC_STATE_SIZE]);
int esvc_state_load(struct esvc_dev *dev, const uint8_t buf[ESVC_STATE_SIZE]);

/*
 * Every live secret with its name (key, salt, AES round keys, GHASH key, SKEYSEED, SK_*, ...).
 * -EACCES unless test_mode. Used by the memory scan only.
 */
typedef void (*esvc_secret_fn)(void *arg, const char *name, const uint8_t *bytes, size_t len);
int esvc_test_secrets(struct esvc_dev *dev, esvc_secret_fn fn, void *arg);

#endif
