#include "pair/config.h"

#include <errno.h>
#include <string.h>

static bool is_valid(const struct wg_config_peer *peer)
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

int wg_pair_config_write_begin(struct wg_pair_config_writer *writer, const struct wg_config *config,
			       uint64_t serial)
{
	size_t n_allowed_ips = 0;

	if (config->n_peers > WG_PAIR_MAX_PEERS)
		return -ENOSPC;
	for (size_t i = 0; i < config->n_peers; i++) {
		if (!is_valid(&config->peers[i]))
			return -EINVAL;
		if (config->peers[i].n_allowed_ips > WG_PAIR_MAX_ALLOWED_IPS - n_allowed_ips)
			return -ENOSPC;
		n_allowed_ips += config->peers[i].n_allowed_ips;
	}
	*writer = (struct wg_pair_config_writer){.config = config, .serial = serial};
	return 0;
}

static bool write_begin(const struct wg_config *config, struct wg_pair_datagram *datagram)
{
	union wg_pair_message *message = wg_pair_add(datagram, WG_PAIR_CONFIG_BEGIN, 0, 0);
	struct wg_pair_config_begin *begin;

	if (!message)
		return false;
	begin = &message->config_begin;
	begin->n_peers = (uint32_t)config->n_peers;
	begin->has_private_key = config->has_private_key;
	begin->has_listen_port = config->has_listen_port;
	begin->has_fwmark = config->has_fwmark;
	begin->replace_peers = config->replace_peers;
	if (config->has_private_key)
		memcpy(begin->private_key, wg_lockedkey_bytes(&config->private_key), WG_KEY_LEN);
	if (config->has_listen_port)
		begin->listen_port = config->listen_port;
	if (config->has_fwmark)
		begin->fwmark = config->fwmark;
	return true;
}

static bool write_peer(const struct wg_config_peer *peer, struct wg_pair_datagram *datagram)
{
	union wg_pair_message *message = wg_pair_add(datagram, WG_PAIR_CONFIG_PEER, 0, 0);
	struct wg_pair_config_peer *out;

	if (!message)
		return false;
	out = &message->config_peer;
	memcpy(out->public_key, peer->public_key, WG_KEY_LEN);
	out->n_allowed_ips = (uint32_t)peer->n_allowed_ips;
	out->has_preshared_key = peer->has_preshared_key;
	out->has_endpoint = peer->has_endpoint;
	out->has_keepalive = peer->has_keepalive;
	out->remove = peer->remove;
	out->update_only = peer->update_only;
	out->replace_allowed_ips = peer->replace_allowed_ips;
	if (peer->has_preshared_key)
		memcpy(out->preshared_key, wg_lockedkey_bytes(&peer->preshared_key), WG_KEY_LEN);
	if (peer->has_endpoint)
		out->endpoint = wg_pair_from_endpoint(&peer->endpoint);
	if (peer->has_keepalive)
		out->keepalive = peer->keepalive;
	return true;
}

/* Writes as many of the peer's allowed IPs as there is room for. Whether those were all. */
static bool write_allowed_ips(struct wg_pair_config_writer *writer,
			      const struct wg_config_peer *peer, struct wg_pair_datagram *datagram)
{
	size_t room = sizeof(datagram->bytes) - datagram->len;
	size_t n = peer->n_allowed_ips - writer->allowed_ip;
	struct wg_pair_config_ips *ips;

	if (!n)
		return true;
	if (room < sizeof(*ips) + sizeof(ips->records[0]))
		return false;
	room = (room - sizeof(*ips)) / sizeof(ips->records[0]);
	n = n < room ? n : room;
	ips = &wg_pair_add(datagram, WG_PAIR_CONFIG_IPS, n, 0)->config_ips;
	for (size_t i = 0; i < n; i++) {
		const struct wg_config_allowed_ip *ip = &peer->allowed_ips[writer->allowed_ip++];

		ips->records[i].ip = wg_pair_from_ip(&ip->prefix.ip);
		ips->records[i].bits = ip->prefix.bits;
		ips->records[i].remove = ip->remove;
	}
	return writer->allowed_ip == peer->n_allowed_ips;
}

/* Whether all of the peer is written. */
static bool write_next_peer(struct wg_pair_config_writer *writer, struct wg_pair_datagram *datagram)
{
	const struct wg_config_peer *peer = &writer->config->peers[writer->peer];

	if (!writer->in_peer && !write_peer(peer, datagram))
		return false;
	writer->in_peer = true;
	if (!write_allowed_ips(writer, peer, datagram))
		return false;
	writer->in_peer = false;
	writer->allowed_ip = 0;
	writer->peer++;
	return true;
}

bool wg_pair_config_write(struct wg_pair_config_writer *writer, struct wg_pair_datagram *datagram)
{
	if (!writer->begun && !write_begin(writer->config, datagram))
		return true;
	writer->begun = true;
	while (writer->peer < writer->config->n_peers)
		if (!write_next_peer(writer, datagram))
			return true;
	if (!writer->ended && !wg_pair_add(datagram, WG_PAIR_CONFIG_END, 0, writer->serial))
		return true;
	writer->ended = true;
	return false;
}

void wg_pair_config_reader_init(struct wg_pair_config_reader *reader)
{
	*reader = (struct wg_pair_config_reader){0};
	wg_config_init(&reader->config);
}

void wg_pair_config_reader_deinit(struct wg_pair_config_reader *reader)
{
	wg_config_deinit(&reader->config);
	wg_pair_config_reader_init(reader);
}

static int read_begin(struct wg_pair_config_reader *reader,
		      const struct wg_pair_config_begin *begin)
{
	struct wg_config *config = &reader->config;

	reader->under_way = true;
	reader->peers_left = begin->n_peers;
	config->listen_port = begin->listen_port;
	config->fwmark = begin->fwmark;
	config->has_private_key = begin->has_private_key;
	config->has_listen_port = begin->has_listen_port;
	config->has_fwmark = begin->has_fwmark;
	config->replace_peers = begin->replace_peers;
	return wg_lockedkey_set(&config->private_key, begin->private_key);
}

static int read_peer(struct wg_pair_config_reader *reader, const struct wg_pair_config_peer *in)
{
	struct wg_config_peer *peer = wg_config_add_peer(&reader->config);

	if (!peer)
		return -ENOMEM;
	memcpy(peer->public_key, in->public_key, WG_KEY_LEN);
	peer->endpoint = wg_pair_to_endpoint(&in->endpoint);
	peer->keepalive = in->keepalive;
	peer->has_preshared_key = in->has_preshared_key;
	peer->has_endpoint = in->has_endpoint;
	peer->has_keepalive = in->has_keepalive;
	peer->remove = in->remove;
	peer->update_only = in->update_only;
	peer->replace_allowed_ips = in->replace_allowed_ips;
	return wg_lockedkey_set(&peer->preshared_key, in->preshared_key);
}

static int read_allowed_ips(struct wg_pair_config_reader *reader,
			    const struct wg_pair_config_ips *ips)
{
	struct wg_config_peer *peer = &reader->config.peers[reader->config.n_peers - 1];
	int error = 0;

	for (uint32_t i = 0; i < ips->n && !error; i++) {
		const struct wg_pair_allowed_ip *in = &ips->records[i];
		const struct wg_prefix prefix = {wg_pair_to_ip(&in->ip), in->bits};

		error = wg_config_add_allowed_ip(peer, &prefix, in->remove);
	}
	return error;
}

/* Whether the message is the next one of a change; counts it if so. */
static bool is_due(struct wg_pair_config_reader *reader, const union wg_pair_message *message)
{
	uint32_t n;

	if (message->header.type == WG_PAIR_CONFIG_BEGIN)
		return !reader->under_way;
	if (!reader->under_way)
		return false;
	if (message->header.type == WG_PAIR_CONFIG_IPS) {
		n = message->config_ips.n;
		if (n > reader->allowed_ips_left)
			return false;
		reader->allowed_ips_left -= n;
		return true;
	}
	if (reader->allowed_ips_left)
		return false;
	if (message->header.type == WG_PAIR_CONFIG_END)
		return !reader->peers_left;
	n = message->config_peer.n_allowed_ips;
	if (message->header.type != WG_PAIR_CONFIG_PEER || !reader->peers_left ||
	    n > WG_PAIR_MAX_ALLOWED_IPS - reader->n_allowed_ips)
		return false;
	reader->peers_left--;
	reader->allowed_ips_left = n;
	reader->n_allowed_ips += n;
	return true;
}

static int read_message(struct wg_pair_config_reader *reader, const union wg_pair_message *message)
{
	if (message->header.type == WG_PAIR_CONFIG_BEGIN)
		return read_begin(reader, &message->config_begin);
	if (reader->error || message->header.type == WG_PAIR_CONFIG_END)
		return reader->error;
	if (message->header.type == WG_PAIR_CONFIG_PEER)
		return read_peer(reader, &message->config_peer);
	return read_allowed_ips(reader, &message->config_ips);
}

int wg_pair_config_read(struct wg_pair_config_reader *reader, const union wg_pair_message *message)
{
	bool is_last = message->header.type == WG_PAIR_CONFIG_END;

	if (!is_due(reader, message)) {
		wg_pair_config_reader_deinit(reader);
		return -EPROTO;
	}
	reader->error = read_message(reader, message);
	if (reader->error)
		wg_config_deinit(&reader->config);
	if (!is_last)
		return 0;
	if (!reader->error)
		return 1;
	wg_pair_config_reader_deinit(reader);
	return -ENOMEM;
}
