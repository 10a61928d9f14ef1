/* What arrives at either end of the pair. The first byte says at which, and how many
 * descriptors came along. What is accepted is read as the processes read it and written
 * anew: that must give the same bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pair/config.h"
#include "pair/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct wg_pair_datagram datagram;
static struct wg_pair_datagram again;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void rewrite_peers(const struct wg_pair_peers *peers)
{
	union wg_pair_message *message =
		wg_pair_add(&again, WG_PAIR_PEERS, peers->n, peers->header.serial);

	for (uint32_t i = 0; i < peers->n; i++) {
		struct wg_config_peer peer = {0};

		if (wg_pair_get_peer(&peer, &peers->records[i]))
			wg_pair_put_peer(&message->peers.records[i], &peer);
	}
}

static void rewrite_endpoint(struct wg_pair_endpoint *endpoint)
{
	struct wg_endpoint native = wg_pair_to_endpoint(endpoint);

	*endpoint = wg_pair_from_endpoint(&native);
}

static void rewrite_event(const struct wg_pair_event *event)
{
	union wg_pair_message *message =
		wg_pair_add(&again, WG_PAIR_EVENT, 0, event->header.serial);

	message->event = *event;
	rewrite_endpoint(&message->event.endpoint);
}

static void rewrite_log(const struct wg_pair_log *log)
{
	union wg_pair_message *message = wg_pair_add(&again, WG_PAIR_LOG, 0, log->header.serial);

	require(strlen(log->text) < sizeof(log->text));
	message->log.level = log->level;
	wg_pair_set_text(message->log.text, sizeof(message->log.text), log->text);
}

static void rewrite(const union wg_pair_message *message)
{
	struct wg_engine_status status;
	size_t before = again.len;

	switch (message->header.type) {
	case WG_PAIR_PEERS:
		rewrite_peers(&message->peers);
		break;
	case WG_PAIR_INTERFACE:
		wg_pair_get_interface(&status, &message->interface);
		require(wg_pair_put_interface(&again, message->header.serial, &status));
		break;
	case WG_PAIR_EVENT:
		rewrite_event(&message->event);
		break;
	case WG_PAIR_LOG:
		rewrite_log(&message->log);
		break;
	default: /* plain numbers, which are used as they are */
		return;
	}
	require(again.len - before == message->header.len);
	require(!memcmp(again.bytes + before, message, message->header.len));
}

static void require_same(const struct wg_config_peer *a, const struct wg_config_peer *b)
{
	require(!memcmp(a->public_key, b->public_key, WG_KEY_LEN));
	require(wg_lockedkey_equal(&a->preshared_key, &b->preshared_key));
	require(wg_endpoint_equal(&a->endpoint, &b->endpoint));
	require(a->keepalive == b->keepalive && a->has_endpoint == b->has_endpoint);
	require(a->n_allowed_ips == b->n_allowed_ips);
	for (size_t i = 0; i < a->n_allowed_ips; i++)
		require(!memcmp(&a->allowed_ips[i], &b->allowed_ips[i], sizeof(a->allowed_ips[i])));
}

/* Writes a change that was read, and reads that. */
static void rewrite_config(const struct wg_config *config)
{
	struct wg_pair_config_writer writer;
	static struct wg_pair_config_reader second;
	const union wg_pair_message *message;
	bool more;
	int result = 0;

	require(!wg_pair_config_write_begin(&writer, config, 1));
	do {
		size_t at = 0;

		wg_pair_datagram_wipe(&again);
		more = wg_pair_config_write(&writer, &again);
		require(!wg_pair_check(&again, WG_PAIR_ENGINE));
		while ((message = wg_pair_next(&again, &at))) {
			require(!result);
			result = wg_pair_config_read(&second, message);
		}
	} while (more);
	require(result == 1 && second.config.n_peers == config->n_peers);
	for (size_t i = 0; i < config->n_peers; i++)
		require_same(&second.config.peers[i], &config->peers[i]);
	wg_pair_config_reader_deinit(&second);
}

static void read_config(void)
{
	static struct wg_pair_config_reader reader;
	const union wg_pair_message *message;
	size_t at = 0;
	int result = 0;

	wg_pair_config_reader_init(&reader);
	while (!result) {
		message = wg_pair_next(&datagram, &at);
		if (!message)
			break;
		if (message->header.type < WG_PAIR_CONFIG_BEGIN ||
		    message->header.type > WG_PAIR_CONFIG_END)
			continue;
		result = wg_pair_config_read(&reader, message);
		require(result == 0 || result == 1 || result == -EPROTO);
		if (result == 1)
			rewrite_config(&reader.config);
	}
	wg_pair_config_reader_deinit(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum wg_pair_side to = len && data[0] & 1 ? WG_PAIR_KEEPER : WG_PAIR_ENGINE;
	const union wg_pair_message *message;
	size_t at = 0;

	wg_pair_datagram_init(&datagram);
	wg_pair_datagram_init(&again);
	if (!len || len - 1 > sizeof(datagram.bytes))
		return 0;
	datagram.len = len - 1;
	datagram.n_fds = data[0] >> 1 & 7;
	memcpy(datagram.bytes, data + 1, datagram.len);
	if (wg_pair_check(&datagram, to))
		return 0;
	while ((message = wg_pair_next(&datagram, &at)))
		rewrite(message);
	require(at == datagram.len);
	require(!wg_pair_check(&datagram, to)); /* and not changed by being checked again */
	if (to == WG_PAIR_ENGINE)
		read_config();
	return 0;
}
