/* Hours of virtual time in which everything goes wrong, in rounds: first a storm of
 * random events (loss, translators that rebind, machines that sleep, keys and peers
 * that change, replays and forgeries), then calm. Whatever the storm did:
 *
 *   - a packet comes out once at most, at the peer it was sent to, byte for byte
 *   - in calm weather every tunnel works again within RECOVERY
 *   - left alone, the engines come to rest: no deadline, no packet held
 *
 * Usage: test_sim_soak [SEEDS [FIRST-SEED]]. A failure names its seed; the same seed
 * fails in the same way, and WG_SIM_TRACE=1 shows how. */
#include <stdlib.h>

#include "sim/drive.h"
#include "sim/ip.h"
#include "sim/puppet.h"
#include "sim/sim.h"

#define NODES         3u
#define ROUNDS        12u
#define STORM         (20 * 60 * WG_SECOND)
#define CALM          (60 * WG_SECOND)
/* Unanswered data asks for a handshake after 15.3 s; both sides doing so at once
 * may cost another try or two of 5.3 s. */
#define RECOVERY      (30 * WG_SECOND)
#define DEFAULT_SEEDS 4u
#define KEPT          64u
#define MAX_KEYS      30u

struct sent {
	unsigned int from;
	unsigned int to;
	bool six;
	size_t len;
	wg_time at;
	wg_time arrived; /* 0: not yet */
};

struct soak {
	struct wg_sim *sim;
	struct wg_puppet *stranger;
	struct wg_test_random random;
	struct sent *sent; /* by identifier */
	size_t n_sent;
	size_t capacity;
	size_t n_arrived;
	wg_time wakes[NODES];
	struct wg_sim_datagram *kept[KEPT]; /* what an eavesdropper has */
	size_t n_kept;
	unsigned int n_keys;
	uint8_t psk[NODES][NODES][WG_KEY_LEN];
	wg_time slowest;
};

static size_t below(struct soak *soak, size_t bound)
{
	return wg_test_below(&soak->random, bound);
}

static struct wg_sim_node *node_at(struct soak *soak, size_t i)
{
	return &soak->sim->nodes[i];
}

/* Node 2 sits behind a translator and roams; where it is, only it can say. */
static void introduce(struct soak *soak, unsigned int i, unsigned int k)
{
	struct wg_endpoint endpoint = wg_sim_endpoint(node_at(soak, k), WG_FAMILY_IPV4);

	wg_sim_know(node_at(soak, i), node_at(soak, k), k == 2 ? NULL : &endpoint);
	wg_sim_set_psk(node_at(soak, i), node_at(soak, k)->public_key, soak->psk[i][k]);
}

static void send_one(struct soak *soak, unsigned int from, unsigned int to, size_t len)
{
	struct wg_sim_node *a = node_at(soak, from);
	struct wg_sim_node *b = node_at(soak, to);
	bool six = below(soak, 2);
	uint64_t id = soak->sim->next_id + 1;

	if (soak->capacity <= id) {
		soak->capacity = soak->capacity ? 2 * soak->capacity : 1024;
		soak->sent = realloc(soak->sent, soak->capacity * sizeof(*soak->sent));
		if (!soak->sent)
			abort();
	}
	soak->n_sent++;
	soak->sent[id] = (struct sent){from, to, six, len, soak->sim->now, 0};
	wg_sim_send_ip(a, six ? &a->inner6 : &a->inner4, six ? &b->inner6 : &b->inner4, 0, len);
}

/* The harness's hook: an inner packet came out of node's link. */
static void delivered(struct wg_sim_node *node, const uint8_t *bytes, size_t len)
{
	struct soak *soak = node->sim->ctx;
	struct wg_sim_ip_error error;
	uint64_t id = wg_sim_ip_id(bytes, len);
	uint64_t number = id & 0xffffffff;
	uint8_t expected[WG_SIM_IP_MAX];
	const struct wg_sim_node *from;
	struct sent *sent;

	if (wg_sim_ip_parse_error(bytes, len, &error))
		return; /* about a peer that is gone, or has no endpoint */
	if (!number || number > soak->sim->next_id)
		wg_sim_fail(soak->sim, "a packet that nobody sent");
	sent = &soak->sent[number];
	from = node_at(soak, sent->from);
	wg_sim_ip_udp(expected, sent->six ? &from->inner6 : &from->inner4,
		      sent->six ? &node->inner6 : &node->inner4, 0, id, sent->len);
	if (sent->to != node->number || len != sent->len || memcmp(bytes, expected, len) != 0)
		wg_sim_fail(soak->sim, "packet %llu is not what was sent",
			    (unsigned long long)number);
	if (sent->arrived)
		wg_sim_fail(soak->sim, "packet %llu came twice", (unsigned long long)number);
	sent->arrived = soak->sim->now;
	soak->n_arrived++;
}

/* The network's filter: an eavesdropper who keeps some of what passes. */
static bool eavesdrop(void *ctx, const struct wg_sim_datagram *datagram)
{
	struct soak *soak = ctx;
	size_t i = below(soak, KEPT);

	if (below(soak, 10) == 0) {
		free(soak->kept[i]);
		soak->kept[i] = wg_sim_datagram_copy(datagram);
	}
	return true;
}

/* An old datagram again, or a forged one. */
static void attack(struct soak *soak)
{
	struct wg_sim_datagram *kept = soak->kept[below(soak, KEPT)];
	struct wg_sim_datagram *copy;

	if (!kept)
		return;
	copy = wg_sim_datagram_copy(kept);
	if (below(soak, 2)) {
		/* Not mac2, which nobody looks at without load: that would be no forgery. */
		size_t len = copy->len - (copy->kind == WG_MESSAGE_TRANSPORT ? 0 : WG_MAC_LEN);

		copy->bytes[below(soak, len)] ^= (uint8_t)(1 + below(soak, 255));
		copy->source.port = (uint16_t)below(soak, 65536);
	}
	copy->at = soak->sim->now;
	wg_drive_arrive(soak->sim, copy);
}

static void weather(struct soak *soak)
{
	struct wg_sim_net *net = &soak->sim->net;

	net->loss = (unsigned int)below(soak, 300);
	net->duplicates = (unsigned int)below(soak, 100);
	net->delay = (wg_time)(1 + below(soak, 200)) * WG_MILLISECOND;
	net->spread = (wg_time)below(soak, 500) * WG_MILLISECOND;
}

static void sleep_a_while(struct soak *soak)
{
	unsigned int i = (unsigned int)below(soak, NODES);

	node_at(soak, i)->asleep = true;
	soak->wakes[i] = soak->sim->now + (wg_time)(1 + below(soak, 400)) * WG_SECOND;
}

static void wake(struct soak *soak, bool all)
{
	for (unsigned int i = 0; i < NODES; i++)
		if (all || soak->wakes[i] <= soak->sim->now)
			node_at(soak, i)->asleep = false;
}

/* Forgets a peer, and knows it again. */
static void forget(struct soak *soak)
{
	unsigned int i = (unsigned int)below(soak, NODES);
	unsigned int k = (i + 1 + (unsigned int)below(soak, NODES - 1)) % NODES;

	wg_sim_forget(node_at(soak, i), node_at(soak, k)->public_key);
	if (below(soak, 2))
		wg_sim_run(soak->sim, (wg_time)below(soak, 1000) * WG_MILLISECOND);
	introduce(soak, i, k);
}

static void change_key(struct soak *soak)
{
	unsigned int i = (unsigned int)below(soak, NODES);
	struct wg_sim_node *node = node_at(soak, i);
	uint8_t old[WG_KEY_LEN];
	uint8_t key[WG_KEY_LEN];

	if (soak->n_keys == MAX_KEYS)
		return;
	soak->n_keys++;
	memcpy(old, node->public_key, sizeof(old));
	wg_test_fill(&soak->random, key, sizeof(key));
	wg_sim_set_key(node, key);
	for (unsigned int k = 0; k < NODES; k++) {
		if (k == i)
			continue;
		wg_sim_forget(node_at(soak, k), old);
		introduce(soak, k, i);
	}
}

static void change_psk(struct soak *soak)
{
	unsigned int i = (unsigned int)below(soak, NODES);
	unsigned int k = (i + 1) % NODES;

	wg_test_fill(&soak->random, soak->psk[i][k], WG_KEY_LEN);
	memcpy(soak->psk[k][i], soak->psk[i][k], WG_KEY_LEN);
	wg_sim_set_psk(node_at(soak, i), node_at(soak, k)->public_key, soak->psk[i][k]);
	wg_sim_set_psk(node_at(soak, k), node_at(soak, i)->public_key, soak->psk[k][i]);
}

static void set_keepalives(struct soak *soak, bool any)
{
	static const uint16_t choices[] = {0, 0, 1, 7, 25, 65535};

	for (unsigned int i = 0; i < NODES; i++)
		for (unsigned int k = 0; k < NODES; k++)
			if (i != k)
				wg_sim_set_keepalive(
					node_at(soak, i), node_at(soak, k)->public_key,
					any ? choices[below(soak, WG_ARRAY_LEN(choices))] : 0);
}

static void bounce(struct soak *soak)
{
	struct wg_sim_node *node = node_at(soak, below(soak, NODES));

	wg_sim_down(node);
	wg_sim_run(soak->sim, (wg_time)below(soak, 2000) * WG_MILLISECOND);
	wg_sim_up(node);
}

static void send_some(struct soak *soak)
{
	unsigned int from = (unsigned int)below(soak, NODES);
	unsigned int to = (from + 1 + (unsigned int)below(soak, NODES - 1)) % NODES;

	for (size_t n = 1 + below(soak, 20); n > 0; n--)
		send_one(soak, from, to, 60 + below(soak, 1361));
}

static void roam(struct soak *soak)
{
	struct wg_sim_node *node = node_at(soak, 2);

	if (below(soak, 2))
		wg_sim_nat_rebind(&node->nat);
	else
		node->addresses[0].bytes[3] = (uint8_t)(50 + below(soak, 200));
}

/* Puts node 0 under load, for a second at least. */
static void flood(struct soak *soak)
{
	struct wg_sim_node *node = soak->stranger->node;
	bool busy = node->busy;

	node->busy = true;
	for (size_t n = 600; n > 0; n--) {
		soak->stranger->endpoint.port = (uint16_t)(1 + below(soak, 65535));
		wg_puppet_say_noise(soak->stranger);
	}
	node->busy = busy;
}

static void change_socket(struct soak *soak)
{
	struct wg_config change;

	wg_config_init(&change);
	change.has_fwmark = true;
	change.fwmark = (uint32_t)below(soak, 3);
	if (wg_sim_apply(node_at(soak, below(soak, NODES)), &change))
		wg_sim_fail(soak->sim, "a mark was refused");
}

static void event(struct soak *soak)
{
	struct wg_sim_node *any = node_at(soak, below(soak, NODES));

	switch (below(soak, 60)) {
	case 0:
		weather(soak);
		break;
	case 1:
		sleep_a_while(soak);
		break;
	case 2:
		forget(soak);
		break;
	case 3:
		if (below(soak, 10) == 0)
			change_key(soak);
		break;
	case 4:
		change_psk(soak);
		break;
	case 5:
		set_keepalives(soak, true);
		break;
	case 6:
		bounce(soak);
		break;
	case 7:
		any->wall_offset += ((wg_time)below(soak, 7200) - 3600) * WG_SECOND;
		break;
	case 8:
		roam(soak);
		break;
	case 9:
		any->busy = !any->busy;
		break;
	case 10:
		wg_sim_run(soak->sim, (wg_time)below(soak, 300) * WG_SECOND);
		break;
	case 11:
		flood(soak);
		break;
	case 12:
		change_socket(soak);
		break;
	default:
		if (below(soak, 3))
			send_some(soak);
		else
			attack(soak);
	}
}

static void storm(struct soak *soak)
{
	wg_time end = soak->sim->now + STORM;

	weather(soak);
	while (soak->sim->now < end) {
		event(soak);
		wg_sim_run(soak->sim, (wg_time)below(soak, 1500) * WG_MILLISECOND);
		wake(soak, false);
	}
}

/* Since start, both ways between all: when the first packet of each way arrived. */
static void check_recovery(struct soak *soak, size_t first, wg_time start)
{
	wg_time recovered[NODES][NODES] = {0};

	for (size_t id = first; id <= soak->sim->next_id; id++) {
		const struct sent *sent = &soak->sent[id];
		wg_time *when = &recovered[sent->from][sent->to];

		if (sent->arrived && (!*when || sent->arrived < *when))
			*when = sent->arrived;
		if (!sent->arrived && sent->at >= start + RECOVERY)
			wg_sim_fail(soak->sim, "packet %zu from %c to %c was lost in calm", id,
				    'A' + (int)sent->from, 'A' + (int)sent->to);
	}
	for (unsigned int i = 0; i < NODES; i++) {
		for (unsigned int k = 0; k < NODES; k++) {
			wg_time took = recovered[i][k] - start;

			if (i == k)
				continue;
			if (!recovered[i][k] || took > RECOVERY)
				wg_sim_fail(soak->sim, "%c reaches %c only after %.1f s",
					    'A' + (int)i, 'A' + (int)k, (double)took / 1e9);
			soak->slowest = took > soak->slowest ? took : soak->slowest;
		}
	}
}

static void calm(struct soak *soak)
{
	wg_time start = soak->sim->now;
	size_t first = soak->sim->next_id + 1;
	struct wg_sim_net *net = &soak->sim->net;

	net->loss = net->duplicates = 0;
	net->spread = 0;
	net->delay = 20 * WG_MILLISECOND;
	wake(soak, true);
	for (unsigned int i = 0; i < NODES; i++)
		node_at(soak, i)->busy = false;
	while (soak->sim->now < start + CALM) {
		for (unsigned int i = 0; i < NODES; i++)
			for (unsigned int k = 0; k < NODES; k++)
				if (i != k)
					send_one(soak, i, k, 100);
		wg_sim_run(soak->sim, WG_SECOND);
	}
	check_recovery(soak, first, start);
}

static void rest(struct soak *soak)
{
	set_keepalives(soak, false);
	wg_sim_run(soak->sim, 900 * WG_SECOND);
	for (unsigned int i = 0; i < NODES; i++) {
		struct wg_sim_node *node = node_at(soak, i);

		if (wg_device_due(node->device) != WG_NEVER)
			wg_sim_fail(soak->sim, "%c does not come to rest", 'A' + (int)i);
		if (wg_pool_bytes_used(node->pool))
			wg_sim_fail(soak->sim, "%c keeps packets", 'A' + (int)i);
	}
}

static uint64_t run(uint64_t seed, bool quiet)
{
	struct soak soak = {.random = {seed * 7919 + 1}};
	uint64_t hash;

	soak.sim = wg_sim_new(seed);
	soak.sim->forgetful = true;
	soak.sim->delivered = delivered;
	soak.sim->ctx = &soak;
	soak.sim->jobs = seed % 2 ? WG_SIM_WORKERS : WG_SIM_INLINE;
	soak.sim->net.filter = eavesdrop;
	soak.sim->net.ctx = &soak;
	for (unsigned int i = 0; i < NODES; i++)
		wg_sim_add(soak.sim);
	node_at(&soak, 2)->nat.on = true;
	soak.stranger = wg_puppet_new(node_at(&soak, 0));
	for (unsigned int i = 0; i < NODES; i++)
		for (unsigned int k = 0; k < NODES; k++)
			if (i != k)
				introduce(&soak, i, k);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		storm(&soak);
		calm(&soak);
	}
	rest(&soak);
	hash = soak.sim->trace_hash;
	if (!quiet)
		printf("seed %llu: %zu of %zu packets arrived, recovered within %.1f s, "
		       "%zu lines of trace, hash %016llx\n",
		       (unsigned long long)seed, soak.n_arrived, soak.n_sent,
		       (double)soak.slowest / 1e9, soak.sim->n_trace, (unsigned long long)hash);
	fflush(stdout);
	wg_sim_free(soak.sim);
	for (size_t i = 0; i < KEPT; i++)
		free(soak.kept[i]);
	free(soak.sent);
	return hash;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_SEEDS;
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	uint64_t hash = 0;

	for (unsigned long seed = first; seed < first + n; seed++) {
		fprintf(stderr, "seed %lu\n", seed);
		hash = run(seed, false);
	}
	if (n && run(first + n - 1, true) != hash) {
		fprintf(stderr, "the same seed gave another trace\n");
		return 1;
	}
	return n ? 0 : 1;
}
