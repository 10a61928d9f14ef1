#include "sim/drive.h"

#include <errno.h>
#include <stdlib.h>

#include "core/peer.h"
#include "sim/ip.h"
#include "sim/puppet.h"

/* A worker takes this long at most, on an idle machine. */
#define JOB_TIME (WG_MILLISECOND / 2)

static const char *const kinds[] = {"garbage", "initiation", "response", "cookie-reply", "data"};

static bool owns(const struct wg_sim_node *node, const struct wg_ip *ip)
{
	for (size_t i = 0; i < node->n_addresses; i++)
		if (wg_ip_equal(&node->addresses[i], ip))
			return true;
	return false;
}

/* What a socket would send from. */
static struct wg_endpoint pick_source(struct wg_sim_node *node, struct wg_run *run)
{
	struct wg_endpoint source =
		wg_sim_endpoint(node, (enum wg_family)run->path.remote.ip.family);

	if (run->path.local.family == WG_FAMILY_NONE)
		return source;
	if (owns(node, &run->path.local)) {
		source.ip = run->path.local;
	} else {
		run->source_rejected = true;
		node->n_rejected_sources++;
	}
	return source;
}

static void keep(struct wg_sim *sim, const struct wg_sim_datagram *datagram)
{
	if (sim->forgetful)
		return;
	if ((sim->n_sent & (sim->n_sent - 1)) == 0) {
		size_t capacity = sim->n_sent ? 2 * sim->n_sent : 1;

		sim->sent = reallocarray(sim->sent, capacity, sizeof(void *));
		if (!sim->sent)
			abort();
	}
	sim->sent[sim->n_sent++] = wg_sim_datagram_copy(datagram);
}

static void transmit_one(struct wg_sim_node *node, const struct wg_run *run,
			 const struct wg_endpoint *source, const struct wg_packet *packet)
{
	struct wg_sim *sim = node->sim;
	struct wg_sim_datagram *datagram = wg_sim_datagram_new(packet->data, packet->len);
	char text[2][WG_ENDPOINT_TEXT_LEN];
	const char *wrong;

	datagram->at = sim->now;
	datagram->from = (int)node->number;
	datagram->path = run->path;
	datagram->source = *source;
	datagram->destination = run->path.remote;
	datagram->ds = run->ds;
	wg_sim_trace(sim, "%c %s -> %s %s %u ds %02x%s", 'A' + (int)node->number,
		     wg_endpoint_format(text[0], source),
		     wg_endpoint_format(text[1], &run->path.remote), kinds[datagram->kind],
		     datagram->len, run->ds,
		     run->path.local.family == WG_FAMILY_NONE ? "" : " pinned");
	wrong = wg_watch_sent(&node->watch, &sim->keys, datagram);
	if (wrong)
		wg_sim_fail(sim, "%c sent %s", 'A' + (int)node->number, wrong);
	keep(sim, datagram);
	wg_sim_net_send(&sim->net, datagram);
}

static void transmit(struct wg_sim_node *node, struct wg_run *run)
{
	struct wg_endpoint source = pick_source(node, run);
	struct wg_packet *packet;

	run->error = 0;
	run->failed = 0;
	if (source.ip.family == WG_FAMILY_NONE || !wg_device_is_up(node->device))
		run->error = -ENETUNREACH;
	else if (node->nat.on && source.ip.family == WG_FAMILY_IPV4)
		source = wg_sim_nat_out(&node->nat, &run->path.remote, node->sim->now);
	if (run->error)
		run->failed = run->batch.n;
	while ((packet = wg_batch_pop(&run->batch))) {
		if (!run->error)
			transmit_one(node, run, &source, packet);
		wg_packet_put(packet);
	}
}

static void deliver(struct wg_sim_node *node, const struct wg_packet *packet)
{
	struct wg_sim *sim = node->sim;
	struct wg_sim_delivery *delivery;

	wg_sim_trace(sim, "%c tun %u ds %02x id %llx", 'A' + (int)node->number, packet->len,
		     wg_sim_ip_ds(packet->data),
		     (unsigned long long)wg_sim_ip_id(packet->data, packet->len));
	if (sim->delivered) {
		sim->delivered(node, packet->data, packet->len);
		return;
	}
	delivery = malloc(sizeof(*delivery) + packet->len);
	if ((node->n_got & (node->n_got - 1)) == 0)
		node->got =
			reallocarray(node->got, node->n_got ? 2 * node->n_got : 1, sizeof(void *));
	if (!delivery || !node->got)
		abort();
	delivery->at = sim->now;
	delivery->len = packet->len;
	memcpy(delivery->bytes, packet->data, packet->len);
	node->got[node->n_got++] = delivery;
}

static void take_job(struct wg_sim_node *node, struct wg_job *job)
{
	struct wg_sim *sim = node->sim;
	wg_time done = sim->now;

	if (sim->jobs == WG_SIM_WORKERS)
		done += 1 + (wg_time)wg_test_below(&sim->random, JOB_TIME);
	if (node->n_pending && node->pending[node->n_pending - 1].done > done)
		done = node->pending[node->n_pending - 1].done;
	if (node->n_pending == node->pending_capacity) {
		node->pending_capacity = node->pending_capacity ? 2 * node->pending_capacity : 16;
		node->pending =
			realloc(node->pending, node->pending_capacity * sizeof(*node->pending));
		if (!node->pending)
			abort();
	}
	node->pending[node->n_pending++] = (struct wg_sim_pending){job, done, false};
}

/* Runs jobs, with workers in random order, until that one has been run. */
static void run_until(struct wg_sim_node *node, size_t wanted)
{
	while (!node->pending[wanted].ran) {
		size_t i = wanted;

		if (node->sim->jobs == WG_SIM_WORKERS)
			i = wg_test_below(&node->sim->random, node->n_pending);
		if (node->pending[i].ran)
			continue;
		wg_job_run(node->pending[i].job);
		node->pending[i].ran = true;
	}
}

/* Packets and handshakes of a peer may overtake each other, as engine/workers.h has it. */
static bool is_same_lane(const struct wg_job *a, const struct wg_job *b)
{
	return a->peer == b->peer && (a->kind < WG_JOB_INITIATE) == (b->kind < WG_JOB_INITIATE);
}

/* Which job comes back next: without workers the first, else any that has no elder of
 * the same peer. */
static size_t pick_job(struct wg_sim_node *node)
{
	size_t i;

	if (node->sim->jobs == WG_SIM_INLINE)
		return 0;
	i = wg_test_below(&node->sim->random, node->n_pending);
	if (node->pending[i].job->peer == WG_NO_HANDLE)
		return i;
	for (size_t k = 0; k < i; k++)
		if (is_same_lane(node->pending[k].job, node->pending[i].job))
			return k;
	return i;
}

static void finish_one(struct wg_sim_node *node)
{
	size_t i = pick_job(node);
	struct wg_job *job;

	run_until(node, i);
	job = node->pending[i].job;
	/* The times stay where they are: those of a queue, not of a job. */
	for (size_t k = i; k > 0; k--) {
		node->pending[k].job = node->pending[k - 1].job;
		node->pending[k].ran = node->pending[k - 1].ran;
	}
	node->n_pending--;
	memmove(node->pending, node->pending + 1, node->n_pending * sizeof(*node->pending));
	wg_device_finish(node->device, job, wg_sim_now(node), &node->out);
	/* As the daemon does it: what comes of several jobs leaves together. */
	if (!node->n_pending)
		wg_drive_flush(&node->out);
}

static wg_time deadline(const struct wg_sim_node *node)
{
	wg_time due = wg_device_due(node->device);

	if (due == WG_NEVER)
		return WG_NEVER;
	return due < node->boot_offset ? 0 : due - node->boot_offset;
}

/* Where the datagram's destination is this node, its own address for it. */
static bool hears(const struct wg_sim_node *node, const struct wg_sim_datagram *datagram,
		  struct wg_ip *local)
{
	const struct wg_endpoint *destination = &datagram->destination;

	if (node->asleep || !wg_device_is_up(node->device))
		return false;
	*local = destination->ip;
	if (node->nat.on && destination->ip.family == WG_FAMILY_IPV4) {
		*local = wg_sim_endpoint(node, WG_FAMILY_IPV4).ip;
		return wg_sim_nat_in(&node->nat, datagram, node->sim->now);
	}
	return destination->port == node->port && owns(node, &destination->ip);
}

static bool same_train(const struct wg_sim_datagram *a, const struct wg_sim_datagram *b)
{
	return a->at == b->at && a->ds == b->ds && wg_endpoint_equal(&a->source, &b->source) &&
	       wg_endpoint_equal(&a->destination, &b->destination);
}

static void add_to_run(struct wg_sim_node *node, struct wg_run *run,
		       const struct wg_sim_datagram *datagram)
{
	struct wg_packet *packet = wg_pool_get(node->pool, datagram->len);

	if (!packet)
		wg_sim_fail(node->sim, "%c has no buffers left", 'A' + (int)node->number);
	memcpy(packet->data, datagram->bytes, datagram->len);
	packet->len = datagram->len;
	packet->ds = datagram->ds;
	wg_batch_push(&run->batch, packet);
}

/* Neighbours of one path that arrive at once are one run, as from recvmmsg. */
static void receive(struct wg_sim_node *node, const struct wg_ip *local,
		    const struct wg_sim_datagram *datagram)
{
	struct wg_sim_net *net = &node->sim->net;
	struct wg_run run = {.path = {datagram->source, *local}, .ds = datagram->ds};

	add_to_run(node, &run, datagram);
	while (net->in_flight && same_train(net->in_flight, datagram)) {
		struct wg_sim_datagram *next = wg_sim_net_take(net);

		add_to_run(node, &run, next);
		free(next);
	}
	wg_device_from_udp(node->device, &run, wg_sim_now(node), &node->out);
	if (!wg_batch_empty(&run.batch))
		wg_sim_fail(node->sim, "%c left datagrams behind", 'A' + (int)node->number);
	wg_drive_settle(node);
}

/* Whether the node's socket takes it. */
static bool refuse(struct wg_sim_node *node, struct wg_run *run)
{
	if (!node->send_error && !node->queue_full)
		return false;
	run->error = node->send_error;
	run->failed = node->send_error ? run->batch.n : 0;
	run->full = node->send_error ? 0 : run->batch.n;
	wg_batch_drop(&run->batch);
	return true;
}

void wg_drive_flush(struct wg_out *out)
{
	struct wg_sim_node *node = out->ctx;
	struct wg_packet *packet;
	struct wg_job *job;
	size_t n_runs = out->n_runs;

	for (size_t i = 0; i < n_runs; i++) {
		if (!refuse(node, &out->runs[i]))
			transmit(node, &out->runs[i]);
		wg_device_sent(node->device, &out->runs[i]);
	}
	out->n_runs = 0;
	while ((packet = wg_batch_pop(&out->tun))) {
		deliver(node, packet);
		wg_packet_put(packet);
	}
	while ((job = wg_job_pop(&out->jobs)))
		take_job(node, job);
}

void wg_drive_settle(struct wg_sim_node *node)
{
	wg_drive_flush(&node->out);
	if (node->sim->jobs == WG_SIM_WORKERS)
		return;
	while (node->n_pending)
		finish_one(node);
	/* The loop's next turn comes before time passes. */
	if (!node->busy && !node->asleep && wg_drive_due(node) <= node->sim->now)
		wg_drive_act(node);
}

wg_time wg_drive_due(const struct wg_sim_node *node)
{
	wg_time due;

	if (node->asleep)
		return WG_NEVER;
	due = node->busy ? WG_NEVER : deadline(node);
	return node->n_pending && node->pending[0].done < due ? node->pending[0].done : due;
}

void wg_drive_act(struct wg_sim_node *node)
{
	if (node->n_pending && node->pending[0].done <= node->sim->now) {
		finish_one(node);
		wg_drive_flush(&node->out);
	} else {
		node->ticks++;
		wg_device_tick(node->device, wg_sim_now(node), &node->out);
	}
	wg_drive_settle(node);
}

void wg_drive_drain(struct wg_sim_node *node)
{
	wg_drive_flush(&node->out);
	while (node->n_pending)
		finish_one(node);
}

void wg_drive_arrive(struct wg_sim *sim, struct wg_sim_datagram *datagram)
{
	struct wg_ip local;

	if (wg_puppet_hear(sim, datagram))
		return;
	for (unsigned int i = 0; i < sim->n_nodes; i++) {
		if (hears(&sim->nodes[i], datagram, &local)) {
			receive(&sim->nodes[i], &local, datagram);
			break;
		}
	}
	free(datagram);
}
