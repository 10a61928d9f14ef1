/* Packets, the buffers they are slices of, and the bounded pool both come from.
 *
 * One owner, one thread: a pool is not shared. The holder of a packet owns it and either
 * hands it on or puts it back with wg_packet_put(). Every packet has at least
 * WG_PACKET_HEADROOM writable bytes before data: room for the transport header on the way
 * out, and for the TUN device's vnet header on the way in. */
#ifndef WG_BASE_PACKET_H
#define WG_BASE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_PACKET_HEADROOM 16u

/* A slot holds its headroom and then this many bytes: any packet of an MTU up
 * to 2000 with its padding and tag. */
#define WG_SLOT_ROOM (2048u - WG_PACKET_HEADROOM)

/* The room of a large buffer behind its headroom: for any datagram or super-packet (64
 * KiB), padding and tag. */
#define WG_LARGE_ROOM (65536u + 128u - WG_PACKET_HEADROOM)

struct wg_pool;
struct wg_buffer;

enum wg_packet_flags {
	/* Same flow as the packet before it in the batch (a segment of the same
	 * super-packet): addresses and ECN need not be looked at again. */
	WG_PACKET_SAME_FLOW = 1 << 0,
	/* The AEAD tag verified; set by opening. */
	WG_PACKET_AUTHENTIC = 1 << 1
};

struct wg_packet {
	struct wg_packet *next;
	uint8_t *data;    /* first byte of the packet, as it is at present */
	uint32_t len;     /* bytes of it */
	uint32_t room;    /* bytes from data to the end of its memory; len ≤ room */
	uint64_t counter; /* of its transport message, once there is one */
	uint8_t flags;    /* enum wg_packet_flags */
	uint8_t ds;       /* outer DS field, DSCP and ECN (RFC 2474, 3168): received, or to send */
	struct wg_buffer *buffer;
};

/* A queue of packets, in order, linked through them. */
struct wg_batch {
	struct wg_packet *head;
	struct wg_packet *tail;
	size_t n;
};

#define wg_batch_for_each(pos, batch) for ((pos) = (batch)->head; (pos); (pos) = (pos)->next)

/* A pool that never holds more than max_bytes of buffers. NULL: out of memory. */
struct wg_pool *wg_pool_new(size_t max_bytes);

/* All packets must have been put back. */
void wg_pool_free(struct wg_pool *pool);

/* A packet with data at the headroom's end, len 0 and at least room bytes behind
 * it, at most WG_LARGE_ROOM. NULL when the pool is at its bound or memory is out. */
struct wg_packet *wg_pool_get(struct wg_pool *pool, size_t room);

/* Another packet in the same buffer: len bytes at data, with room up to the next
 * slice or the end as the caller says. NULL when memory is out. */
struct wg_packet *wg_packet_slice(struct wg_packet *whole, uint8_t *data, uint32_t len,
				  uint32_t room);

/* Gives a packet back; its buffer goes with its last packet. NULL is ignored. */
void wg_packet_put(struct wg_packet *packet);

/* How many of the pool's bytes a packet with that room takes. */
size_t wg_pool_cost(size_t room);

/* Gives unused memory back to the system, except for a small reserve. For idle moments. */
void wg_pool_trim(struct wg_pool *pool);

/* Bytes of buffers that packets hold at present, and that the pool holds in all. */
size_t wg_pool_bytes_used(const struct wg_pool *pool);
size_t wg_pool_bytes_held(const struct wg_pool *pool);

static inline void wg_batch_init(struct wg_batch *batch)
{
	*batch = (struct wg_batch){NULL, NULL, 0};
}

static inline bool wg_batch_empty(const struct wg_batch *batch)
{
	return !batch->head;
}

static inline void wg_batch_push(struct wg_batch *batch, struct wg_packet *packet)
{
	packet->next = NULL;
	if (batch->tail)
		batch->tail->next = packet;
	else
		batch->head = packet;
	batch->tail = packet;
	batch->n++;
}

/* The first packet, or NULL. */
static inline struct wg_packet *wg_batch_pop(struct wg_batch *batch)
{
	struct wg_packet *packet = batch->head;

	if (!packet)
		return NULL;
	batch->head = packet->next;
	if (!batch->head)
		batch->tail = NULL;
	packet->next = NULL;
	batch->n--;
	return packet;
}

/* Moves all of from to the end of to. */
static inline void wg_batch_append(struct wg_batch *to, struct wg_batch *from)
{
	if (!from->head)
		return;
	if (to->tail)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->n += from->n;
	wg_batch_init(from);
}

/* Puts every packet of it back. */
void wg_batch_drop(struct wg_batch *batch);

#endif
