#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

const struct wg_now wg_pair_now = {.boot = WG_SECOND, .wall_sec = 1};

void wg_pair_take(struct wg_pair_end *end)
{
	for (size_t i = 0; i < end->out.n_runs; i++) {
		if (end->n_sent == WG_PAIR_RUNS)
			abort();
		end->sent[end->n_sent++] = end->out.runs[i];
	}
	end->out.n_runs = 0;
	wg_batch_append(&end->delivered, &end->out.tun);
}

static void flush(struct wg_out *out)
{
	wg_pair_take(out->ctx);
	if (out->jobs.n)
		abort(); /* benchmarks plan no more than an out holds */
}

static void init_end(struct wg_pair_end *end, uint8_t number)
{
	struct wg_device_options options = {.random = wg_crypto_random()};

	*end = (struct wg_pair_end){.pool = wg_pool_new((size_t)16 << 20)};
	options.pool = end->pool;
	end->device = end->pool ? wg_device_new(&options) : NULL;
	if (!end->device)
		abort();
	end->out.flush = flush;
	end->out.ctx = end;
	end->endpoint = (struct wg_endpoint){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {192, 0, 2, number}}, .port = 1000};
	end->inside = (struct wg_prefix){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {10, 0, 0, number}}, .bits = 32};
	wg_random_fill(&options.random, end->private_key, WG_KEY_LEN);
	wg_x25519_clamp(end->private_key);
	wg_x25519_public(end->public_key, end->private_key);
	wg_device_set_mtu(end->device, WG_PAIR_MTU);
	wg_device_up(end->device, wg_pair_now);
}

static void introduce(struct wg_pair_end *end, const struct wg_pair_end *other)
{
	struct wg_config config;
	struct wg_config_peer *peer;

	wg_config_init(&config);
	config.has_private_key = true;
	if (wg_lockedkey_set(&config.private_key, end->private_key))
		abort();
	peer = wg_config_add_peer(&config);
	if (!peer || wg_config_add_allowed_ip(peer, &other->inside, false))
		abort();
	memcpy(peer->public_key, other->public_key, WG_KEY_LEN);
	peer->has_endpoint = true;
	peer->endpoint = other->endpoint;
	if (wg_device_apply(end->device, &config, wg_pair_now, &end->out))
		abort();
	wg_config_deinit(&config);
}

struct wg_packet *wg_pair_packet(struct wg_pair_end *from, const struct wg_pair_end *to,
				 uint32_t len)
{
	struct wg_packet *packet = wg_pool_get(from->pool, len + 32);

	if (!packet)
		abort();
	memset(packet->data, 0, len);
	packet->data[0] = 0x45;
	wg_store_be16(packet->data + 2, (uint16_t)len);
	packet->data[8] = 64;
	memcpy(packet->data + 12, from->inside.ip.bytes, 4);
	memcpy(packet->data + 16, to->inside.ip.bytes, 4);
	packet->len = len;
	return packet;
}

void wg_pair_run(struct wg_pair_end *end)
{
	for (struct wg_job *job = end->out.jobs.head; job; job = job->next)
		wg_job_run(job);
}

/* Only those that were run: finishing may plan more. */
void wg_pair_finish(struct wg_pair_end *end)
{
	for (size_t n = end->out.jobs.n; n > 0; n--)
		wg_device_finish(end->device, wg_job_pop(&end->out.jobs), wg_pair_now, &end->out);
}

static void settle(struct wg_pair_end *end)
{
	wg_device_tick(end->device, wg_pair_now, &end->out);
	while (end->out.jobs.n) {
		wg_pair_run(end);
		wg_pair_finish(end);
	}
	wg_pair_take(end);
}

void wg_pair_carry(struct wg_pair_end *from, struct wg_pair_end *to)
{
	for (size_t i = 0; i < from->n_sent; i++) {
		from->sent[i].path = (struct wg_path){.remote = from->endpoint};
		wg_device_from_udp(to->device, &from->sent[i], wg_pair_now, &to->out);
	}
	from->n_sent = 0;
}

void wg_pair_meet(struct wg_pair_end *left, struct wg_pair_end *right)
{
	struct wg_batch batch;

	init_end(left, 1);
	init_end(right, 2);
	introduce(left, right);
	introduce(right, left);
	wg_batch_init(&batch);
	wg_batch_push(&batch, wg_pair_packet(left, right, 64));
	wg_device_from_tun(left->device, &batch, wg_pair_now, &left->out);
	for (int message = 0; message < 2; message++) {
		settle(left);
		wg_pair_carry(left, right);
		settle(right);
		wg_pair_carry(right, left);
	}
	settle(left);
	wg_pair_carry(left, right);
	settle(right);
	if (right->delivered.n != 1)
		abort();
	wg_batch_drop(&right->delivered);
}

void wg_pair_part(struct wg_pair_end *left, struct wg_pair_end *right)
{
	wg_device_free(left->device);
	wg_device_free(right->device);
	wg_pool_free(left->pool);
	wg_pool_free(right->pool);
}
