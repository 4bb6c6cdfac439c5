/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-serial port: frames in, frames out, never blocking. */
#ifndef ESPVAULT_GUEST_PORT_H
#define ESPVAULT_GUEST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port {
	int fd;
	uint8_t *in;
	size_t in_len, in_size;
	uint8_t *out;
	size_t out_pos, out_len, out_size;
	bool seen_frame;
};

/* Waits until the kernel has announced the port, and opens it. */
int port_open(struct port *port);

/* Reads what is there; 0, or a negative errno when the port is unusable. */
int port_read(struct port *port);

/* Writes what the port takes. */
int port_write(struct port *port);

/* True while output is queued. */
bool port_has_output(const struct port *port);

/* Bytes queued, so that readers of other sources can wait. */
size_t port_backlog(const struct port *port);

/*
 * Takes the next complete frame. Returns its body, valid until the next
 * port_read(), or NULL when there is none yet.
 */
const uint8_t *port_next(struct port *port, uint32_t *id, uint8_t *kind,
			 size_t *len);

/* Forgets the frame that port_next() returned. */
void port_consume(struct port *port, size_t len);

/* Queues one frame of two parts; either may be empty. */
void port_send(struct port *port, uint32_t id, uint8_t kind,
	       const void *head, size_t head_len,
	       const void *body, size_t body_len);

void port_send_error(struct port *port, uint32_t id, const char *message);

#endif
