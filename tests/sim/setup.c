/* sim.h's verbs on one engine: configuration, packets in, the link. */
#include "sim/drive.h"
#include "sim/ip.h"
#include "sim/sim.h"

static struct wg_config_peer *begin(struct wg_config *change,
				    const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_config_peer *peer;

	wg_config_init(change);
	peer = wg_config_add_peer(change);
	assert_non_null(peer);
	memcpy(peer->public_key, public_key, WG_KEY_LEN);
	return peer;
}

static void commit(struct wg_sim_node *node, struct wg_config *change)
{
	assert_int_equal(wg_sim_apply(node, change), 0);
}

static void add_allowed_ip(struct wg_config_peer *peer, const struct wg_ip *ip)
{
	const struct wg_prefix prefix = {*ip, wg_family_bits(ip->family)};

	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
}

static struct wg_packet *packet_of(struct wg_sim_node *node, const void *bytes, size_t len)
{
	/* As the link's reader does: with room for padding and tag. */
	struct wg_packet *packet = wg_pool_get(node->pool, len + 32);

	if (!packet)
		wg_sim_fail(node->sim, "%c has no buffers left", 'A' + (int)node->number);
	memcpy(packet->data, bytes, len);
	packet->len = (uint32_t)len;
	return packet;
}

void wg_sim_know(struct wg_sim_node *node, const struct wg_sim_node *peer,
		 const struct wg_endpoint *endpoint)
{
	struct wg_config change;
	struct wg_config_peer *entry = begin(&change, peer->public_key);

	entry->replace_allowed_ips = true;
	add_allowed_ip(entry, &peer->inner4);
	add_allowed_ip(entry, &peer->inner6);
	if (endpoint) {
		entry->has_endpoint = true;
		entry->endpoint = *endpoint;
	}
	commit(node, &change);
}

void wg_sim_forget(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_config change;

	begin(&change, public_key)->remove = true;
	commit(node, &change);
}

void wg_sim_set_keepalive(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
			  uint16_t seconds)
{
	struct wg_config change;
	struct wg_config_peer *entry = begin(&change, public_key);

	entry->has_keepalive = true;
	entry->keepalive = seconds;
	commit(node, &change);
}

void wg_sim_set_psk(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
		    const uint8_t psk[static WG_KEY_LEN])
{
	struct wg_config change;
	struct wg_config_peer *entry = begin(&change, public_key);

	entry->has_preshared_key = true;
	assert_int_equal(wg_lockedkey_set(&entry->preshared_key, psk), 0);
	commit(node, &change);
}

void wg_sim_set_endpoint(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
			 const struct wg_endpoint *endpoint)
{
	struct wg_config change;
	struct wg_config_peer *entry = begin(&change, public_key);

	entry->has_endpoint = true;
	entry->endpoint = *endpoint;
	commit(node, &change);
}

void wg_sim_set_key(struct wg_sim_node *node, const uint8_t private_key[static WG_KEY_LEN])
{
	struct wg_config change;

	wg_config_init(&change);
	change.has_private_key = true;
	assert_int_equal(wg_lockedkey_set(&change.private_key, private_key), 0);
	memcpy(node->private_key, private_key, WG_KEY_LEN);
	wg_x25519_clamp(node->private_key);
	wg_x25519_public(node->public_key, node->private_key);
	wg_watch_add_key(&node->sim->keys, node->public_key);
	commit(node, &change);
}

static bool lifts_floors(const struct wg_config *change)
{
	bool lifts = change->has_private_key || change->replace_peers;

	for (size_t i = 0; i < change->n_peers; i++)
		lifts |= change->peers[i].remove;
	return lifts;
}

int wg_sim_apply(struct wg_sim_node *node, struct wg_config *change)
{
	int result;

	if (lifts_floors(change))
		wg_watch_lift(&node->watch);
	result = wg_device_apply(node->device, change, wg_sim_now(node), &node->out);
	wg_config_deinit(change);
	wg_drive_settle(node);
	return result;
}

struct wg_config_peer wg_sim_describe(const struct wg_sim_node *node,
				      const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_config config;
	struct wg_config_peer found = {0};
	bool any = false;

	wg_config_init(&config);
	assert_int_equal(wg_device_describe(node->device, &config, wg_sim_now(node)), 0);
	for (size_t i = 0; i < config.n_peers; i++) {
		if (memcmp(config.peers[i].public_key, public_key, WG_KEY_LEN) != 0)
			continue;
		found = config.peers[i];
		any = true;
	}
	wg_config_deinit(&config);
	assert_true(any);
	found.allowed_ips = NULL;
	found.preshared_key.bytes = NULL;
	return found;
}

uint64_t wg_sim_send_ip(struct wg_sim_node *node, const struct wg_ip *from, const struct wg_ip *to,
			uint8_t ds, size_t len)
{
	uint8_t packet[WG_SIM_IP_MAX];
	uint64_t id = ++node->sim->next_id | (uint64_t)(node->number + 1) << 56;

	assert_true(len >= (from->family == WG_FAMILY_IPV4 ? 20 : 40) && len <= sizeof(packet));
	wg_sim_ip_udp(packet, from, to, ds, id, len);
	wg_sim_from_tun(node, packet, len);
	return id;
}

uint64_t wg_sim_send(struct wg_sim_node *node, const struct wg_sim_node *peer)
{
	return wg_sim_send_ip(node, &node->inner4, &peer->inner4, 0, 100);
}

void wg_sim_from_tun(struct wg_sim_node *node, const void *bytes, size_t len)
{
	const uint8_t *packet = bytes;

	wg_sim_from_tun_batch(node, &packet, &len, 1, false);
}

void wg_sim_from_tun_batch(struct wg_sim_node *node, const uint8_t *const *packets,
			   const size_t *lens, size_t n, bool same_flow)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (size_t i = 0; i < n; i++) {
		struct wg_packet *packet = packet_of(node, packets[i], lens[i]);

		if (same_flow && i > 0)
			packet->flags |= WG_PACKET_SAME_FLOW;
		wg_batch_push(&batch, packet);
	}
	wg_device_from_tun(node->device, &batch, wg_sim_now(node), &node->out);
	if (!wg_batch_empty(&batch))
		wg_sim_fail(node->sim, "%c left packets behind", 'A' + (int)node->number);
	wg_drive_settle(node);
}

void wg_sim_from_udp_at(struct wg_sim_node *node, const struct wg_path *path, uint8_t ds,
			const void *bytes, size_t len)
{
	struct wg_run run = {.path = *path, .ds = ds};
	struct wg_packet *packet = packet_of(node, bytes, len);

	packet->ds = ds;
	wg_batch_push(&run.batch, packet);
	wg_device_from_udp(node->device, &run, wg_sim_now(node), &node->out);
	if (!wg_batch_empty(&run.batch))
		wg_sim_fail(node->sim, "%c left a datagram behind", 'A' + (int)node->number);
	wg_drive_settle(node);
}

void wg_sim_from_udp(struct wg_sim_node *node, const struct wg_endpoint *source, uint8_t ds,
		     const void *bytes, size_t len)
{
	struct wg_path path = {*source,
			       wg_sim_endpoint(node, (enum wg_family)source->ip.family).ip};

	wg_sim_from_udp_at(node, &path, ds, bytes, len);
}

void wg_sim_down(struct wg_sim_node *node)
{
	wg_watch_lift(&node->watch);
	wg_device_down(node->device);
	wg_drive_settle(node);
}

void wg_sim_up(struct wg_sim_node *node)
{
	wg_device_up(node->device, wg_sim_now(node));
	wg_drive_settle(node);
}
