/* Changing a device, which core/device.h declares. A change is checked, and all memory that it
 * may need is reserved, before anything is touched; after that it cannot fail. */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "core/engine.h"
#include "core/outbound.h"
#include "core/reserve.h"
#include "core/tables.h"
#include "crypto/secret.h"

static bool peer_is_valid(const struct wg_config_peer *peer)
{
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		const struct wg_prefix *prefix = &peer->allowed_ips[i].prefix;

		if (!wg_family_len(prefix->ip.family) ||
		    prefix->bits > wg_family_bits(prefix->ip.family))
			return false;
	}
	return !peer->has_endpoint ||
	       (wg_family_len(peer->endpoint.ip.family) && peer->endpoint.port);
}

static bool is_valid(const struct wg_config *config)
{
	for (size_t i = 0; i < config->n_peers; i++)
		if (!peer_is_valid(&config->peers[i]))
			return false;
	return true;
}

static size_t count_prefixes(const struct wg_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_peers; i++)
		for (size_t k = 0; k < config->peers[i].n_allowed_ips; k++)
			n += !config->peers[i].allowed_ips[k].remove;
	return n;
}

static void remove_all(struct wg_device *device)
{
	struct wg_list *entry;
	struct wg_list *next;

	wg_list_for_each_safe (entry, next, &device->peers)
		wg_peer_free(device, WG_CONTAINER_OF(entry, struct wg_peer, entry));
}

static bool is_own_key(const struct wg_device *device, const uint8_t public_key[static WG_KEY_LEN])
{
	return device->has_identity &&
	       wg_equal(device->identity.public_key, public_key, WG_KEY_LEN);
}

static void set_identity(struct wg_device *device, const uint8_t private_key[static WG_KEY_LEN])
{
	struct wg_identity identity = {0};
	bool has = !wg_is_zero(private_key, WG_KEY_LEN);
	struct wg_peer *own;
	struct wg_list *entry;

	if (has)
		wg_identity_init(&identity, private_key);
	if (has == device->has_identity && wg_equal(&identity, &device->identity, sizeof(identity)))
		goto out;
	device->has_identity = has;
	device->identity = identity;
	device->identity_changes++;
	wg_handshake_queue_clear(&device->handshakes);
	if (has) {
		wg_cookie_checker_init(&device->checker, identity.public_key);
		own = wg_peer_find_key(device, identity.public_key);
		if (own)
			wg_peer_free(device, own);
	}
	wg_list_for_each (entry, &device->peers)
		wg_peer_key_changed(device, WG_CONTAINER_OF(entry, struct wg_peer, entry));
out:
	wg_wipe(&identity, sizeof(identity));
}

static void forget_sources(struct wg_device *device)
{
	struct wg_list *entry;

	wg_list_for_each (entry, &device->peers)
		wg_peer_forget_source(WG_CONTAINER_OF(entry, struct wg_peer, entry));
}

static void set_allowed_ips(struct wg_device *device, struct wg_peer *peer,
			    const struct wg_config_peer *wanted)
{
	if (wanted->replace_allowed_ips)
		wg_allowedips_remove_all(device->allowed_ips, &peer->allowed_ips);
	for (size_t i = 0; i < wanted->n_allowed_ips; i++) {
		const struct wg_config_allowed_ip *ip = &wanted->allowed_ips[i];

		if (ip->remove)
			wg_allowedips_remove(device->allowed_ips, &ip->prefix, &peer->allowed_ips);
		else
			wg_allowedips_insert(device->allowed_ips, &ip->prefix, &peer->allowed_ips,
					     NULL);
	}
}

/* Settings of a peer that is there. Returns whether a keepalive is due for it: the
 * persistent one was turned on, or can be sent at last. */
static bool set_peer(struct wg_device *device, struct wg_peer *peer,
		     const struct wg_config_peer *wanted, struct wg_now now)
{
	bool had_endpoint = wg_peer_has_endpoint(peer);
	bool had_keepalive = peer->timers.persistent != 0;

	if (wanted->has_preshared_key)
		memcpy(peer->remote.preshared_key, wg_lockedkey_bytes(&wanted->preshared_key),
		       WG_KEY_LEN);
	if (wanted->has_endpoint) {
		peer->path.remote = wanted->endpoint;
		wg_peer_forget_source(peer);
	}
	if (wanted->has_keepalive) {
		wg_timers_set_persistent(&peer->timers, wanted->keepalive * WG_SECOND, now.boot);
		wg_peer_timers_changed(device, peer);
	}
	set_allowed_ips(device, peer, wanted);
	return peer->timers.persistent &&
	       (!had_keepalive || (!had_endpoint && wanted->has_endpoint));
}

static void apply_peer(struct wg_device *device, const struct wg_config_peer *wanted,
		       struct wg_reserve *reserve, struct wg_now now, struct wg_out *out)
{
	struct wg_peer *peer = wg_peer_find_key(device, wanted->public_key);
	bool keepalive;

	if (wanted->remove) {
		if (peer)
			wg_peer_free(device, peer);
		return;
	}
	if (is_own_key(device, wanted->public_key))
		return;
	if (!peer && wg_reserve_creates(wanted)) {
		peer = wg_reserve_take(reserve, device, wanted->public_key);
		wg_peer_attach(device, peer);
	}
	if (!peer)
		return;
	keepalive = set_peer(device, peer, wanted, now);
	if (!device->up)
		return;
	if (keepalive)
		wg_peer_keep_alive(device, peer, now.boot);
	wg_outbound_waiting(device, peer, now, out);
}

/* Packets that waited for a key can go now. */
static void send_all_waiting(struct wg_device *device, struct wg_now now, struct wg_out *out)
{
	struct wg_list *entry;

	wg_list_for_each (entry, &device->peers)
		wg_outbound_waiting(device, WG_CONTAINER_OF(entry, struct wg_peer, entry), now,
				    out);
}

static void commit(struct wg_device *device, const struct wg_config *config,
		   struct wg_reserve *reserve, struct wg_now now, struct wg_out *out)
{
	if ((config->has_listen_port && config->listen_port != device->port) ||
	    (config->has_fwmark && config->fwmark != device->fwmark))
		forget_sources(device);
	if (config->has_private_key)
		set_identity(device, wg_lockedkey_bytes(&config->private_key));
	if (config->replace_peers)
		remove_all(device);
	for (size_t i = 0; i < config->n_peers; i++)
		apply_peer(device, &config->peers[i], reserve, now, out);
	if (config->has_private_key && device->up)
		send_all_waiting(device, now, out);
}

int wg_device_apply(struct wg_device *device, const struct wg_config *config, struct wg_now now,
		    struct wg_out *out)
{
	struct wg_reserve reserve;
	int err;

	if (!is_valid(config))
		return -EINVAL;
	err = wg_reserve_make(&reserve, device, config);
	if (!err)
		err = wg_tables_reserve(device, reserve.n, count_prefixes(config));
	if (!err)
		commit(device, config, &reserve, now, out);
	wg_reserve_release(&reserve);
	wg_tables_fit(device);
	return err;
}
