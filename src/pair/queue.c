#include "pair/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/secret.h"

struct waiting {
	struct waiting *next;
	size_t len;
	size_t n_fds;
	int fds[WG_PAIR_MAX_FDS];
	uint8_t bytes[];
};

struct end {
	struct wg_pair pair;
	struct wg_pair_queue *queue;
	bool closed;

	/* To this end. */
	struct waiting *first;
	struct waiting *last;
	size_t n;
	size_t n_arrived;
	size_t bytes;
	bool hold;
};

struct wg_pair_queue {
	size_t room;
	struct end ends[2];
};

static struct end *end_of(struct wg_pair *pair)
{
	return WG_CONTAINER_OF(pair, struct end, pair);
}

static struct end *other_end(struct end *end)
{
	return &end->queue
			->ends[end->pair.side == WG_PAIR_KEEPER ? WG_PAIR_ENGINE : WG_PAIR_KEEPER];
}

static int send_to_other(struct wg_pair *pair, const struct wg_pair_datagram *datagram)
{
	struct end *to = other_end(end_of(pair));
	struct waiting *waiting;

	if (to->closed || end_of(pair)->closed)
		return -EPIPE;
	if (to->n && to->bytes + datagram->len > to->queue->room)
		return -EAGAIN;
	waiting = malloc(sizeof(*waiting) + datagram->len);
	if (!waiting)
		return -ENOBUFS;
	waiting->next = NULL;
	waiting->len = datagram->len;
	waiting->n_fds = datagram->n_fds;
	memcpy(waiting->fds, datagram->fds, sizeof(waiting->fds));
	memcpy(waiting->bytes, datagram->bytes, datagram->len);
	if (to->last)
		to->last->next = waiting;
	else
		to->first = waiting;
	to->last = waiting;
	to->n++;
	to->n_arrived += !to->hold;
	to->bytes += waiting->len;
	return 0;
}

static void drop_first(struct end *end)
{
	struct waiting *waiting = end->first;

	end->first = waiting->next;
	if (!end->first)
		end->last = NULL;
	end->n--;
	end->bytes -= waiting->len;
	wg_wipe(waiting->bytes, waiting->len);
	free(waiting);
}

static int receive(struct wg_pair *pair, struct wg_pair_datagram *datagram)
{
	struct end *end = end_of(pair);
	const struct waiting *waiting = end->first;

	if (!end->n_arrived)
		return !end->n && other_end(end)->closed ? 0 : -EAGAIN;
	datagram->len = waiting->len;
	datagram->n_fds = waiting->n_fds;
	memcpy(datagram->fds, waiting->fds, sizeof(waiting->fds));
	memcpy(datagram->bytes, waiting->bytes, waiting->len);
	drop_first(end);
	end->n_arrived--;
	return 1;
}

static void discard(struct wg_pair *pair, struct wg_pair_datagram *datagram)
{
	(void)pair;
	datagram->n_fds = 0;
}

static void close_end(struct wg_pair *pair)
{
	struct end *end = end_of(pair);

	end->closed = true;
	while (end->first)
		drop_first(end);
	end->n_arrived = 0;
}

struct wg_pair_queue *wg_pair_queue_new(size_t room)
{
	static const struct wg_pair_kind kind = {send_to_other, receive, discard, close_end};
	struct wg_pair_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->room = room;
	for (size_t i = 0; i < WG_ARRAY_LEN(queue->ends); i++)
		queue->ends[i] =
			(struct end){.pair = {&kind, (enum wg_pair_side)i}, .queue = queue};
	return queue;
}

void wg_pair_queue_free(struct wg_pair_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; i < WG_ARRAY_LEN(queue->ends); i++)
		close_end(&queue->ends[i].pair);
	free(queue);
}

struct wg_pair *wg_pair_queue_end(struct wg_pair_queue *queue, enum wg_pair_side side)
{
	return &queue->ends[side].pair;
}

void wg_pair_queue_hold(struct wg_pair_queue *queue, enum wg_pair_side to, bool hold)
{
	struct end *end = &queue->ends[to];

	end->hold = hold;
	if (!hold)
		end->n_arrived = end->n;
}

bool wg_pair_queue_deliver(struct wg_pair_queue *queue, enum wg_pair_side to)
{
	struct end *end = &queue->ends[to];

	if (end->n_arrived == end->n)
		return false;
	end->n_arrived++;
	return true;
}

size_t wg_pair_queue_len(const struct wg_pair_queue *queue, enum wg_pair_side to)
{
	return queue->ends[to].n;
}
