/* Both ends of a channel in one process, for simulations and tests. It loses and reorders
 * nothing, as a socket would not; but it can be late, and it can be full. Descriptors are
 * handed on as numbers, and never duplicated or closed. */
#ifndef WG_PAIR_QUEUE_H
#define WG_PAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "pair/pair.h"

struct wg_pair_queue;

/* Room for so many bytes each way; one datagram may always wait. NULL: out of memory. */
struct wg_pair_queue *wg_pair_queue_new(size_t room);

/* Frees it and wipes what still waits; neither end is of use any more. */
void wg_pair_queue_free(struct wg_pair_queue *queue);

struct wg_pair *wg_pair_queue_end(struct wg_pair_queue *queue, enum wg_pair_side side);

/* Whether datagrams to that side are late from now on: what is sent then arrives when it is
 * delivered. Without it, all of them have arrived. */
void wg_pair_queue_hold(struct wg_pair_queue *queue, enum wg_pair_side to, bool hold);

/* Lets the next one arrive. False when there is none that has not. */
bool wg_pair_queue_deliver(struct wg_pair_queue *queue, enum wg_pair_side to);

/* Datagrams that wait there, arrived or not. */
size_t wg_pair_queue_len(const struct wg_pair_queue *queue, enum wg_pair_side to);

#endif
